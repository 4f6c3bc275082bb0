//! Ctrl-C, and the signal to terminate: the first asks long work to stop where it can be resumed, the second ends the
//! program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

/// Exit code of a program that Ctrl-C ended, by the convention of shells.
const INTERRUPTED: i32 = 130;

/// A flag that the first Ctrl-C or SIGTERM sets.
pub(crate) fn cancel_flag() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    })
    .map_err(Failure::defect)?;
    Ok(flag)
}
