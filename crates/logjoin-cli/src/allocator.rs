//! Tells the allocator to give memory back.
//!
//! glibc takes blocks of up to 32 MiB from its heap instead of from the system, once one of that size was freed; what is freed in
//! the middle of the heap stays with the process. Lists of a slice are that large, and stand between rows that stay: a quarter of
//! the memory of a run with many failures was such holes. How large a block comes from the system can be told from within only by
//! unsafe code, and from without only before the program begins; so it begins twice, which takes a millisecond.

/// Blocks of 1 MiB come from the system and go back there (with half of that, page faults cost a twentieth of the time); so does what is
/// free at the end of the heap, beyond 4 MiB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const TUNABLES: &str = "glibc.malloc.mmap_threshold=1048576:glibc.malloc.trim_threshold=4194304";

/// Begins again with an allocator that gives memory back. Goes on as it is where the allocator is told something already, is
/// another one, or where that fails.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn begin_again() {
    use std::os::unix::process::CommandExt;

    const NAME: &str = "GLIBC_TUNABLES";
    if std::env::var_os(NAME).is_some() {
        return;
    }
    // By its path: a name like `exe` would tell nobody what runs.
    let Ok(path) = std::env::current_exe() else { return };
    let mut args = std::env::args_os();
    let mut command = std::process::Command::new(path);
    args.next().into_iter().for_each(|own| {
        command.arg0(own);
    });
    // Comes back only where it failed.
    let _ = command.args(args).env(NAME, TUNABLES).exec();
}

/// Nothing is known to be told.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn begin_again() {}
