//! What `cargo conformance` sets up before the tests: system packages, JavaScript and Python libraries.
//!
//! Each step installs what it may and otherwise says exactly what is missing and how to get it. Nothing is done
//! twice: a step that finds its work done says so and goes on.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use tokio::process::Command;

use crate::jose;
use crate::tools::Tool;
use crate::workspace::{root, workshop};

/// Whether packages may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installing {
    /// Where the rights allow it.
    Allowed,
    /// Nothing is fetched.
    Forbidden,
}

/// The result of one step: what a person should read about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All there.
    Ready(String),
    /// Something is missing; the text says what and how to get it.
    Incomplete(String),
}

/// The system's packages and the tool that shows each is there.
const PACKAGES: [(Tool, &str); 10] = [
    (Tool::RedisServer, "redis-server"),
    (Tool::Postgres, "postgresql"),
    (Tool::Chromium, "chromium"),
    (Tool::Chromedriver, "chromium-driver"),
    (Tool::Npm, "npm"),
    (Tool::Sqlite, "sqlite3"),
    (Tool::SofthsmUtil, "softhsm2"),
    (Tool::Cplusplus, "g++"),
    (Tool::Javac, "default-jdk-headless"),
    (Tool::Maven, "maven"),
];

/// What the scan from outside needs, and nothing else does.
const SCANNER: [(Tool, &str); 1] = [(Tool::Testssl, "testssl.sh")];

/// Installs the system's packages that are missing, through apt-get.
pub async fn system_packages(installing: Installing) -> Outcome {
    let mut missing: Vec<&str> =
        PACKAGES.iter().filter(|(tool, _)| tool.find().is_err()).map(|(_, package)| *package).collect();
    if !python_makes_environments().await {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        return Outcome::Ready(
            "Redis, PostgreSQL, SQLite, SoftHSM, Chromium with its driver, npm, Python, Java with Maven and a C++ compiler are installed".into(),
        );
    }
    packages(&PACKAGES, &missing, installing).await
}

/// Installs what looks at TLS from outside, where it is missing.
pub async fn scanner(installing: Installing) -> Outcome {
    if Tool::Testssl.find().is_ok() {
        return Outcome::Ready("testssl.sh is installed".into());
    }
    packages(&SCANNER, &SCANNER.map(|(_, package)| package), installing).await
}

/// Installs `missing`, after which every tool must be there.
async fn packages(tools: &[(Tool, &str)], missing: &[&str], installing: Installing) -> Outcome {
    let wanted = missing.join(" ");
    let by_hand = format!("missing: {wanted}; as root: apt-get update && apt-get install {wanted}");
    let Some(prefix) = rights().await.filter(|_| installing == Installing::Allowed) else {
        return Outcome::Incomplete(by_hand);
    };
    match install(prefix, missing).await {
        Ok(()) if tools.iter().any(|(tool, _)| tool.find().is_err()) => Outcome::Incomplete(by_hand),
        Ok(()) => Outcome::Ready(format!("installed {wanted}")),
        Err(error) => Outcome::Incomplete(format!("{by_hand} ({error:#})")),
    }
}

async fn install(prefix: &[&str], packages: &[&str]) -> anyhow::Result<()> {
    let apt = async |arguments: &[&str]| {
        let mut words = prefix.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        let mut command = Command::new(words.next().unwrap_or("env"));
        command.args(words).args(arguments);
        succeed(command, "apt-get").await
    };
    apt(&["update", "--quiet"]).await?;
    let options = ["install", "--yes", "--quiet", "--no-install-recommends"];
    apt(&[&options, packages].concat()).await
}

/// The words before a command that needs root: none for root, `sudo` where it asks no password, else not possible.
async fn rights() -> Option<&'static [&'static str]> {
    let quiet = async |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().await.ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    quiet("sh", &["-c", "command -v apt-get"]).await?;
    if quiet("id", &["-u"]).await.as_deref() == Some("0") {
        return Some(&[]);
    }
    quiet("sudo", &["--non-interactive", "true"]).await.map(|_| ["sudo", "--non-interactive"].as_slice())
}

async fn python_makes_environments() -> bool {
    let output = Command::new("python3").args(["-c", "import venv, ensurepip"]).output().await;
    output.is_ok_and(|output| output.status.success())
}

/// Installs the JavaScript libraries of `conformance/clients` into target/conformance/node.
pub async fn javascript(installing: Installing) -> Outcome {
    let sources = ["package.json", "package-lock.json"].map(clients);
    let folder = workshop().join("node");
    let by_hand = "missing: the JavaScript libraries; with npm and its registry: cargo conformance";
    step("the JavaScript libraries", by_hand, installing, &sources, &folder, async || {
        for source in &sources {
            std::fs::copy(source, folder.join(source.file_name().context("a file")?))?;
        }
        let mut command = Command::new(Tool::Npm.find()?);
        command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        command.current_dir(&folder);
        succeed(command, "npm ci").await
    })
    .await
}

/// Installs the Python libraries of `conformance/clients` into target/conformance/venv.
pub async fn python(installing: Installing) -> Outcome {
    let sources = [clients("requirements.txt")];
    let folder = workshop().join("venv");
    let by_hand = "missing: the Python libraries; with python3-venv and the package index: cargo conformance";
    step("the Python libraries", by_hand, installing, &sources, &folder, async || {
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&folder);
        succeed(make, "python3 -m venv").await?;
        let mut command = Command::new(folder.join("bin/python"));
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        command.arg(clients("requirements.txt"));
        succeed(command, "pip install").await
    })
    .await
}

/// Installs the Java libraries of `conformance/clients` into target/conformance/java, each with the digest that stands there.
pub async fn java(installing: Installing) -> Outcome {
    let sources = ["java/pom.xml", "java/jars.sha256"].map(clients);
    let folder = workshop().join("java");
    let by_hand = "missing: the Java libraries; with Maven and its central repository: cargo conformance";
    step("the Java libraries", by_hand, installing, &sources, &folder, async || {
        let jars = folder.join("jars");
        if jars.exists() {
            std::fs::remove_dir_all(&jars)?;
        }
        let fetched = folder.join("fetched");
        let mut command = Command::new(Tool::Maven.find()?);
        // Batch mode, quiet, and a checksum that does not fit is an error.
        command.args(["-B", "-q", "-C", "-f"]).arg(clients("java/pom.xml"));
        command.arg(format!("-Dmaven.repo.local={}", folder.join("repository").display()));
        command.arg(MAVEN_COPY).arg(format!("-DoutputDirectory={}", fetched.display()));
        succeed(command, "mvn").await?;
        let listed = std::fs::read_to_string(clients("java/jars.sha256"))?.lines().count();
        let found = std::fs::read_dir(&fetched)?.count();
        ensure!(found == listed, "{found} libraries were fetched, {listed} are listed");
        let mut command = Command::new("sha256sum");
        command.args(["--check", "--strict", "--quiet"]).arg(clients("java/jars.sha256")).current_dir(&fetched);
        succeed(command, "sha256sum").await?;
        Ok(std::fs::rename(fetched, jars)?)
    })
    .await
}

/// What copies the libraries of a project into a folder.
const MAVEN_COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// One installation into a folder, stamped with the digest of what it was made from so that it is made once.
async fn step(
    what: &str,
    by_hand: &str,
    installing: Installing,
    sources: &[PathBuf],
    folder: &Path,
    install: impl AsyncFnOnce() -> anyhow::Result<()>,
) -> Outcome {
    let made_from: Vec<u8> = sources.iter().flat_map(|source| std::fs::read(source).unwrap_or_default()).collect();
    let digest = jose::sha256(made_from);
    let stamp = folder.join(".made-from");
    if std::fs::read_to_string(&stamp).is_ok_and(|stamped| stamped == digest) {
        return Outcome::Ready(format!("{what} are in {}", folder.display()));
    }
    if installing == Installing::Forbidden {
        return Outcome::Incomplete(by_hand.to_owned());
    }
    let made = async {
        std::fs::create_dir_all(folder)?;
        install().await?;
        std::fs::write(&stamp, &digest)?;
        anyhow::Ok(())
    };
    match made.await {
        Ok(()) => Outcome::Ready(format!("installed {what} into {}", folder.display())),
        Err(error) => Outcome::Incomplete(format!("{by_hand} ({error:#})")),
    }
}

fn clients(file: &str) -> PathBuf {
    root().join("conformance/clients").join(file)
}

async fn succeed(mut command: Command, name: &str) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).status().await.with_context(|| format!("{name} cannot be started"))?;
    if !status.success() {
        bail!("{name}: {status}");
    }
    Ok(())
}
