//! What is said when memory, or room for threads, runs out in the middle of work.

use std::any::Any;
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

/// What a command needs memory for, and can be asked to need less for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemoryUse {
    /// Rows, students and their subclasses.
    Students,
    /// A teacher that learns.
    Teacher,
    /// A student that is there, and copies of it.
    Table,
}

/// What to do about too little memory, in the order of [`MemoryUse`].
const HINTS: [&str; 3] = [
    "there is too little memory; lower `--subclasses`, `--batch`, `--jobs` or the number of rows, or give the process more",
    "there is too little memory; lower `--batch`, `--micro-batch`, `--max-length`, `--hidden`, `--threads` or the number of rows, \
or give the process more",
    "there is too little memory; lower `--threads` or the number of rows, give the process more, or distil a student of fewer \
`--buckets`",
];

/// Place of the running command's hint.
static OF_COMMAND: AtomicUsize = AtomicUsize::new(MemoryUse::Students as usize);

/// Says what the command that runs from now on needs memory for.
pub(crate) fn begin(of: MemoryUse) {
    OF_COMMAND.store(of as usize, Ordering::Relaxed);
}

/// What to do about too little memory for the command that runs.
pub(crate) fn hint() -> &'static str {
    HINTS[OF_COMMAND.load(Ordering::Relaxed)]
}

/// Ends the program with exit code 1 and a hint where an allocation fails, in place of an abort.
///
/// Rust says how many bytes could not be had, and aborts; nothing else of ours does.
#[cfg(unix)]
pub(crate) fn explain_aborts() {
    extern "C" fn on_abort(_signal: libc::c_int) {
        for text in ["\nhint: ", hint(), "\n"] {
            // SAFETY: `write` may be called in a handler of a signal; the texts are constants.
            #[allow(unsafe_code, reason = "a handler of a signal can call nothing else")]
            unsafe {
                libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len());
            }
        }
        // SAFETY: as above.
        #[allow(unsafe_code, reason = "a handler of a signal can call nothing else")]
        unsafe {
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
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::error::Error;
    use std::io;

    use clap::CommandFactory;
    use lelp_data::storage::FileError;

    use super::*;
    use crate::command_line::CommandLine;
    use crate::hints;

    #[test]
    fn a_command_without_memory_names_its_own_flags() {
        let parser = CommandLine::command();
        for (command, of) in [("teach", MemoryUse::Teacher), ("shrink", MemoryUse::Table)] {
            begin(of);
            let source = io::ErrorKind::OutOfMemory.into();
            let error: Box<dyn Error> = Box::new(FileError::Read { path: "a".into(), source });
            let said = hints::of(error.as_ref()).unwrap();
            assert!(said.contains("too little memory"), "{said}");
            // A student is made smaller as it was distilled.
            let named = [command, "distill"].map(|name| parser.find_subcommand(name).unwrap());
            for flag in said.split('`').filter_map(|flag| flag.strip_prefix("--")) {
                let has = |of: &clap::Command| of.get_arguments().any(|own| own.get_long() == Some(flag));
                let global = flag == "threads";
                assert!(
                    has(named[0]) || has(&parser) && global || command == "shrink" && has(named[1]),
                    "{flag}"
                );
            }
        }
        begin(MemoryUse::Students);
    }

    #[test]
    fn a_pool_without_threads_is_told_from_other_panics() {
        let text =
            "The global thread pool has not been initialized.: ThreadPoolBuildError { kind: IOError(..) }";
        assert!(is_no_thread(&text.to_owned()) && is_no_thread(&text));
        assert!(!is_no_thread(&"index out of bounds") && !is_no_thread(&1_u8));
    }
}
