//! Long calls: the interpreter stays free, and Ctrl-C is answered.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// How long Ctrl-C may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(20);

/// Runs `work`, which owns what it works on, on a thread of its own. On Ctrl-C the call ends at once; the thread ends soon
/// after the flag is set, or with its work.
pub(crate) fn owned<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> PyResult<T> {
    let cancel = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = channel();
    let flag = Arc::clone(&cancel);
    let handle = thread::Builder::new().name("lelp".to_owned()).spawn(move || {
        // Nobody waits any more for work that was cancelled.
        let _ = sender.send(work(&flag));
    })?;
    py.detach(move || {
        loop {
            match receiver.recv_timeout(PATIENCE) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Timeout) => check_signals(&cancel)?,
                Err(RecvTimeoutError::Disconnected) => match handle.join() {
                    Err(panicked) => panic::resume_unwind(panicked),
                    Ok(()) => return Err(PyRuntimeError::new_err("a worker ended without a result")),
                },
            }
        }
    })
}

/// Runs `work`, which borrows from Python, on a thread of its own; it looks at the flag every few milliseconds, and its
/// result does not count where that was set.
pub(crate) fn borrowed<T: Send>(py: Python<'_>, work: impl FnOnce(&AtomicBool) -> T + Send) -> PyResult<T> {
    let cancel = AtomicBool::new(false);
    py.detach(|| {
        thread::scope(|scope| {
            let (sender, receiver) = channel::<()>();
            let flag = &cancel;
            let handle = thread::Builder::new().name("lelp".to_owned()).spawn_scoped(scope, move || {
                let result = work(flag);
                drop(sender);
                result
            })?;
            let mut interrupted = Ok(());
            while interrupted.is_ok() && receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                interrupted = check_signals(&cancel);
            }
            match (handle.join(), interrupted) {
                (_, Err(interrupt)) => Err(interrupt),
                (Ok(result), Ok(())) => Ok(result),
                (Err(panicked), Ok(())) => panic::resume_unwind(panicked),
            }
        })
    })
}

/// Lets Python handle what signals came; whatever it raises sets the flag.
#[allow(
    clippy::redundant_closure_for_method_calls,
    reason = "the method takes one lifetime, the closure any"
)]
fn check_signals(cancel: &AtomicBool) -> PyResult<()> {
    Python::attach(|py| py.check_signals()).inspect_err(|_| cancel.store(true, Ordering::Relaxed))
}
