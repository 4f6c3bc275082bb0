//! What is said when memory runs out in the middle of work.

/// What to do about it.
#[cfg(unix)]
const HINT: &[u8] =
    b"\nhint: there is too little memory; lower `--subclasses`, `--batch`, `--jobs` or the number of rows, \
or give the process more\n";

/// Ends the program with exit code 1 and a hint where an allocation fails, in place of an abort.
///
/// Rust says how many bytes could not be had, and aborts; nothing else of ours does.
#[cfg(unix)]
pub(crate) fn explain_aborts() {
    extern "C" fn on_abort(_signal: libc::c_int) {
        // SAFETY: `write` and `_exit` may be called in a handler of a signal; the text is a constant.
        #[allow(unsafe_code, reason = "a handler of a signal can call nothing else")]
        unsafe {
            libc::write(libc::STDERR_FILENO, HINT.as_ptr().cast(), HINT.len());
            libc::_exit(1);
        }
    }
    let handler: extern "C" fn(libc::c_int) = on_abort;
    // SAFETY: the handler calls only what a handler may call, and never returns.
    #[allow(unsafe_code, reason = "the standard library has no handlers of signals")]
    unsafe {
        libc::signal(libc::SIGABRT, handler as libc::sighandler_t);
    }
}

#[cfg(not(unix))]
pub(crate) fn explain_aborts() {}
