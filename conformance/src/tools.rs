//! Programs of the outside world that some tests need, and what to say when they are absent.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::workspace::workshop;

/// Something that a test needs and this machine does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is missing ({how})")]
pub struct Missing {
    /// What.
    pub what: &'static str,
    /// How to get it.
    pub how: &'static str,
}

/// A program of the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The browser.
    Chromium,
    /// Its WebDriver.
    Chromedriver,
    /// The ephemeral store of a fleet.
    RedisServer,
    /// The registry of a fleet: the server.
    Postgres,
    /// The registry of a fleet: what makes a new one.
    Initdb,
    /// JavaScript, new enough for the client libraries.
    Node,
    /// Python with the client libraries.
    Python,
    /// Node's package manager.
    Npm,
    /// What an intruder edits a SQLite file with.
    Sqlite,
    /// The compiler of libFuzzer.
    Cplusplus,
    /// What looks at TLS from outside.
    Testssl,
    /// What makes a new token for signing keys.
    SofthsmUtil,
    /// The library that plays the token, through PKCS#11.
    SofthsmModule,
    /// What runs Java.
    Java,
    /// Its compiler.
    Javac,
    /// Java's package manager.
    Maven,
}

impl Tool {
    /// Every tool, in the order of a report.
    pub const ALL: [Self; 16] = [
        Self::RedisServer,
        Self::Postgres,
        Self::Initdb,
        Self::Chromium,
        Self::Chromedriver,
        Self::Npm,
        Self::Node,
        Self::Python,
        Self::Sqlite,
        Self::Cplusplus,
        Self::Testssl,
        Self::SofthsmUtil,
        Self::SofthsmModule,
        Self::Java,
        Self::Javac,
        Self::Maven,
    ];

    /// The tool's usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Chromedriver => "chromedriver",
            Self::RedisServer => "redis-server",
            Self::Postgres => "postgres",
            Self::Initdb => "initdb",
            Self::Node => "node",
            Self::Python => "python",
            Self::Npm => "npm",
            Self::Sqlite => "sqlite3",
            Self::SofthsmUtil => "softhsm2-util",
            Self::SofthsmModule => "libsofthsm2.so",
            Self::Cplusplus => "c++",
            Self::Testssl => "testssl",
            Self::Java => "java",
            Self::Javac => "javac",
            Self::Maven => "mvn",
        }
    }

    /// Where it is: named by its variable, prepared by `cargo conformance`, or installed on the system.
    pub fn find(self) -> Result<PathBuf, Missing> {
        let found = std::env::var_os(self.variable()).map(PathBuf::from).filter(|path| path.is_file());
        found.or_else(|| self.candidates().into_iter().find(|path| path.is_file())).ok_or(self.missing())
    }

    /// The variable that names it.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Chromium => "PASSERELLE_TEST_CHROMIUM",
            Self::Chromedriver => "PASSERELLE_TEST_CHROMEDRIVER",
            Self::RedisServer => "PASSERELLE_TEST_REDIS_SERVER",
            Self::Postgres => "PASSERELLE_TEST_POSTGRES",
            Self::Initdb => "PASSERELLE_TEST_INITDB",
            Self::Node => "PASSERELLE_TEST_NODE",
            Self::Python => "PASSERELLE_TEST_PYTHON",
            Self::Npm => "PASSERELLE_TEST_NPM",
            Self::Sqlite => "PASSERELLE_TEST_SQLITE",
            Self::SofthsmUtil => "PASSERELLE_TEST_SOFTHSM2_UTIL",
            Self::SofthsmModule => "PASSERELLE_TEST_SOFTHSM2_MODULE",
            Self::Cplusplus => "PASSERELLE_TEST_CPLUSPLUS",
            Self::Testssl => "PASSERELLE_TEST_TESTSSL",
            Self::Java => "PASSERELLE_TEST_JAVA",
            Self::Javac => "PASSERELLE_TEST_JAVAC",
            Self::Maven => "PASSERELLE_TEST_MAVEN",
        }
    }

    fn candidates(self) -> Vec<PathBuf> {
        match self {
            Self::Node => {
                ["x64", "arm64"].map(|kind| node_modules().join(format!("node-linux-{kind}/bin/node"))).to_vec()
            }
            Self::Python => vec![workshop().join("venv/bin/python")],
            Self::Postgres | Self::Initdb => [postgres_folders(), on_path(self.name())]
                .concat()
                .into_iter()
                .map(|path| if path.is_dir() { path.join(self.name()) } else { path })
                .collect(),
            Self::Chromium => [on_path("chromium"), on_path("chromium-browser"), on_path("google-chrome")].concat(),
            Self::SofthsmModule => ["/usr/lib", "/usr/lib64", "/usr/local/lib"]
                .map(|folder| Path::new(folder).join("softhsm").join(self.name()))
                .to_vec(),
            Self::SofthsmUtil
            | Self::Chromedriver
            | Self::RedisServer
            | Self::Npm
            | Self::Sqlite
            | Self::Cplusplus
            | Self::Testssl
            | Self::Java
            | Self::Javac
            | Self::Maven => on_path(self.name()),
        }
    }

    fn missing(self) -> Missing {
        let how = match self {
            Self::Chromium => "apt-get install chromium",
            Self::Chromedriver => "apt-get install chromium-driver",
            Self::RedisServer => "apt-get install redis-server",
            Self::Postgres | Self::Initdb => "apt-get install postgresql",
            Self::Npm => "apt-get install npm",
            Self::Sqlite => "apt-get install sqlite3",
            Self::SofthsmUtil | Self::SofthsmModule => "apt-get install softhsm2",
            Self::Cplusplus => "apt-get install g++",
            Self::Testssl => "apt-get install testssl.sh",
            Self::Java | Self::Javac => "apt-get install default-jdk-headless",
            Self::Maven => "apt-get install maven",
            Self::Node => "cargo conformance installs it through npm into target/conformance/node",
            Self::Python => "cargo conformance installs it through pip into target/conformance/venv",
        };
        Missing { what: self.name(), how }
    }
}

/// Folder of the JavaScript libraries that `cargo conformance` installs.
pub fn node_modules() -> PathBuf {
    workshop().join("node/node_modules")
}

/// Folder of the Java libraries, when they are installed.
pub fn jars() -> Result<PathBuf, Missing> {
    let folder = workshop().join("java/jars");
    let how = "cargo conformance installs it through Maven into target/conformance/java";
    if folder.is_dir() { Ok(folder) } else { Err(Missing { what: "a Java library", how }) }
}

/// A file of a JavaScript library, when the libraries are installed.
pub fn node_file(path: &str) -> Result<PathBuf, Missing> {
    let file = node_modules().join(path);
    let how = "cargo conformance installs it through npm into target/conformance/node";
    if file.is_file() { Ok(file) } else { Err(Missing { what: "a JavaScript library", how }) }
}

fn on_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).collect()
}

/// Debian keeps PostgreSQL's server programs out of the path, one folder a version; the newest first.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir(Path::new("/usr/lib/postgresql")).into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    folders.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    folders.into_iter().map(|(_, folder)| folder).collect()
}

/// Says that a test did not run, and why, on standard error whatever the test harness captures; `cargo conformance`
/// gathers these lines through the file that `PASSERELLE_TEST_SKIPPED` names. `place` is where, for a harness that
/// does not name its threads after the tests.
pub fn skip(place: &str, missing: &Missing) {
    let thread = std::thread::current();
    let test = thread.name().filter(|name| name.contains("::")).unwrap_or(place);
    let line = format!("SKIPPED {test}: {missing}\n");
    let _unheard = std::io::stderr().write_all(line.as_bytes());
    if let Some(file) = std::env::var_os("PASSERELLE_TEST_SKIPPED") {
        let opened = std::fs::OpenOptions::new().append(true).create(true).open(file);
        let _unheard = opened.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}

/// The value, or the end of the test with a printed line that says what is missing.
#[macro_export]
macro_rules! or_skip {
    ($found:expr) => {
        match $found {
            Ok(found) => found,
            Err(missing) => {
                $crate::tools::skip(concat!(module_path!(), ":", line!()), &missing);
                return;
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_the_way_to_get_it() {
        assert_eq!(Tool::RedisServer.missing().to_string(), "redis-server is missing (apt-get install redis-server)");
    }
}
