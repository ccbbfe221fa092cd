//! The memory of this process stays in it: it holds the master key, secrets and citizens.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Lets no crash write this memory anywhere, and no other program of the same user read it (`ptrace`, `/proc/PID/mem`).
///
/// The limit holds for files alone: where the system hands a core dump to a program (a `core_pattern` that begins with
/// `|`), the kernel does not look at it, and does look at whether the process is dumpable (core(5), prctl(2)).
pub(crate) fn keep_private() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}
