//! What is said when memory, or room for threads, runs out in the middle of work.

use std::any::Any;
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is said where the system gives no thread.
pub(crate) const NO_THREAD: &str =
    "no thread could be started: there is too little memory for it, or a limit of the system";
/// What to do about it.
pub(crate) const FEWER_THREADS: &str = "lower `--threads`, or give the process more memory or threads";

/// Whether a panic of this run said so: others follow from it, such as that of whoever waits for the thread.
static SEEN: AtomicBool = AtomicBool::new(false);

/// Whether a panic came of a thread that the system did not give: libraries of ours have no error for that. Panics after it
/// are told again.
pub(crate) fn no_thread_was_given() -> bool {
    SEEN.swap(false, Ordering::Relaxed)
}

fn is_no_thread(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    let says = |words| text.is_some_and(|text| text.contains(words));
    says("ThreadPoolBuildError") || says("failed to spawn thread")
}

/// Leaves out the lines of such panics, of which an error is made.
pub(crate) fn explain_missing_threads() {
    static ONCE: Once = Once::new();
    SEEN.store(false, Ordering::Relaxed);
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if is_no_thread(panic.payload()) {
                SEEN.store(true, Ordering::Relaxed);
            }
            if !SEEN.load(Ordering::Relaxed) {
                usual(panic);
            }
        }));
    });
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_without_threads_is_told_from_other_panics() {
        let text =
            "The global thread pool has not been initialized.: ThreadPoolBuildError { kind: IOError(..) }";
        assert!(is_no_thread(&text.to_owned()) && is_no_thread(&text));
        assert!(!is_no_thread(&"index out of bounds") && !is_no_thread(&1_u8));
    }
}
