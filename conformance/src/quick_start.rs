//! The lines that the partners' space shows for a language, built as they stand there and run as a site: in Rust with the SDK
//! of this workspace, in Java with Spring Security. Those for JavaScript and Python are no site by themselves
//! ([`Party::of_lines`](crate::library::Party::of_lines)).

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::process::Command;

use crate::process::{Process, Signals, tied};
use crate::random;
use crate::tools::{Missing, Tool, jars};
use crate::workspace::{built, root};

/// How long a site may take to be up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A site made of shown lines. Dropping it ends it.
#[derive(Debug)]
pub struct ShownSite {
    /// Its process.
    pub process: Process,
    _folder: TempDir,
}

impl ShownSite {
    /// Builds the lines for Rust and starts them; they listen where they say.
    pub async fn rust(lines: &str, secret: &str, port: u16) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("passerelle-lines-")?;
        let (source, program) = (folder.path().join("main.rs"), folder.path().join("site"));
        std::fs::write(&source, lines)?;
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--edition", "2024", "-C", "debuginfo=0", "-o"]).arg(&program).arg(&source);
        for (name, library) in libraries(["relying_party_sdk", "axum", "tokio"]).await? {
            rustc.arg("-L").arg(format!("dependency={}", library.parent().context("a folder")?.display()));
            rustc.arg("--extern").arg(format!("{name}={}", library.display()));
        }
        succeed(rustc, "rustc").await?;
        let mut command = tied(&program);
        command.env("OIDC_CLIENT_SECRET", secret).env("COOKIE_KEY", STANDARD.encode(random::bytes::<32>()));
        let mut process = Process::start("site", command, Signals::Shared)?;
        let up = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
        process.until(PATIENCE, up).await?;
        Ok(Self { process, _folder: folder })
    }

    /// Compiles the lines for Java beside a page that tells who is signed in, and starts them on this port.
    ///
    /// # Panics
    /// When the libraries are installed and the lines do not run.
    pub async fn java(lines: &str, secret: &str, port: u16) -> Result<Self, Missing> {
        let (java, javac, jars) = (Tool::Java.find()?, Tool::Javac.find()?, jars()?);
        Ok(Self::spring(lines, secret, port, (&java, &javac, &jars)).await.expect("installed libraries run the lines"))
    }

    async fn spring(
        lines: &str,
        secret: &str,
        port: u16,
        (java, javac, jars): (&Path, &Path, &Path),
    ) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("passerelle-lines-")?;
        let at = lines.find("// Security.java").context("two files, the second is Security.java")?;
        let (settings, security) = lines.split_at(at);
        let path = folder.path();
        std::fs::write(path.join("application.yaml"), settings)?;
        std::fs::write(path.join("Security.java"), format!("package site;\n{security}"))?;
        std::fs::copy(root().join("conformance/clients/java/Site.java"), path.join("Site.java"))?;
        let classes = format!("{}:{}/*", path.display(), jars.display());
        let mut compiler = Command::new(javac);
        compiler.args(["-nowarn", "-parameters", "-classpath", &classes, "-d"]).arg(path).current_dir(path);
        compiler.args(["Security.java", "Site.java"]);
        succeed(compiler, "javac").await?;
        let mut command = tied(java);
        command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-classpath", &classes, "site.Site"]);
        command.arg(format!("--server.port={port}")).arg("--server.address=127.0.0.1");
        command.env("OIDC_CLIENT_SECRET", secret).current_dir(path);
        let mut process = Process::start("site", command, Signals::Shared)?;
        process.line("listening on", PATIENCE).await?;
        Ok(Self { process, _folder: folder })
    }
}

/// Where the libraries of these crates are that the programs of the workspace are linked with.
async fn libraries<const N: usize>(names: [&'static str; N]) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let messages = built("build", &["--bin", "idp", "--example", "commune"]).await?;
    let library = |name: &'static str| {
        let files = messages.iter().filter(|message| message["target"]["name"] == name);
        let mut files = files.filter_map(|message| message["filenames"].as_array()).flatten();
        let is_library = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "rlib");
        let file = files.find_map(|file| Some(PathBuf::from(file.as_str()?)).filter(is_library));
        Ok((name, file.with_context(|| format!("cargo built no {name}"))?))
    };
    names.into_iter().map(library).collect()
}

async fn succeed(mut command: Command, name: &str) -> anyhow::Result<()> {
    let output = command.kill_on_drop(true).output().await.with_context(|| format!("{name} cannot be started"))?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
