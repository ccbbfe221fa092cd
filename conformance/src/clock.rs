//! The one clock of the sandbox, and how a test moves it together with the gateway's.

use std::cell::Cell;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::tools::{Missing, Tool};

thread_local! {
    /// What a test moved: its own thread, on which everything runs that it started, and no other.
    static MOVED: Cell<i64> = const { Cell::new(0) };
}

/// Seconds since 1970-01-01T00:00:00Z.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX).saturating_add(MOVED.get())
}

/// The hands of a clock that a test moves: the gateway's, by a library that is loaded before all others, and the sandbox's
/// on this thread. Dropped, the sandbox is back in the present.
#[derive(Debug)]
pub struct Hands {
    folder: TempDir,
}

impl Hands {
    /// Makes the library with the compiler of the machine.
    ///
    /// # Panics
    /// When it does not compile.
    pub fn make() -> Result<Self, Missing> {
        let compiler = Tool::Cplusplus.find()?;
        let hands = Self { folder: TempDir::with_prefix("passerelle-clock-").expect("a folder") };
        let source = hands.folder.path().join("shift.c");
        std::fs::write(&source, include_str!("clock_shift.c")).expect("writable");
        let mut command = Command::new(compiler);
        command.args(["-x", "c", "-shared", "-fPIC", "-O1", "-o"]).arg(hands.library()).arg(&source).arg("-ldl");
        assert!(command.status().expect("the compiler starts").success(), "clock_shift.c compiles");
        hands.set(0);
        Ok(hands)
    }

    fn library(&self) -> std::path::PathBuf {
        self.folder.path().join("shift.so")
    }

    /// What the gateway is started with.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        vec![("LD_PRELOAD", path("shift.so")), ("SANDBOX_CLOCK_SHIFT", path("seconds"))]
    }

    /// Sets both clocks to so many seconds from the present.
    ///
    /// # Panics
    /// When the folder is gone.
    pub fn set(&self, seconds: i64) {
        self.set_gateway(seconds);
        MOVED.set(seconds);
    }

    /// Sets the gateway's clock alone.
    ///
    /// # Panics
    /// When the folder is gone.
    pub fn set_gateway(&self, seconds: i64) {
        let next = self.folder.path().join("next");
        std::fs::write(&next, seconds.to_string()).expect("writable");
        std::fs::rename(next, self.folder.path().join("seconds")).expect("writable");
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        MOVED.set(0);
    }
}
