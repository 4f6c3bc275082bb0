//! Memory that was freed goes back to the system.

/// Gives back what glibc keeps of large blocks that threads have freed: up to tens of megabytes beside a process's arrays.
#[allow(unsafe_code, reason = "the call is a C function's")]
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes no pointer, and may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
