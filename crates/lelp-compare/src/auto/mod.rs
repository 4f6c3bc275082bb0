//! Which split pays on these data, chosen in seconds in place of a search: by a probe of small students on a sample of
//! the training rows. Tables in the book hold its choices against searched ones, and against rules without any student.

mod candidates;
mod error;
mod probe;
mod result;
mod spec;

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lelp_method::Objective;
use lelp_train::distill::Task;

use self::probe::ProbeOutcome;

pub use self::error::AutoError;
pub use self::result::{AutoResult, Candidate, describe_method};
pub use self::spec::{AUTO, AUTO_SETTINGS, AutoSpec, MaybeAuto};

/// Chooses what `auto` leaves open of `method` on the rows of `task`; calls `on_student` after each student of the probe.
pub fn choose_split(
    task: &Task,
    method: &Objective,
    auto: AutoSpec,
    threads: NonZeroUsize,
    on_student: &mut dyn FnMut(),
    cancel: &AtomicBool,
) -> Result<AutoResult, AutoError> {
    if task.signals().is_none() {
        return Err(AutoError::NoSignals);
    }
    let start = Instant::now();
    let ProbeOutcome { method, candidates, held_out } =
        probe::choose(task, method, auto, threads, on_student, cancel)?;
    Ok(AutoResult { method, candidates, held_out, seconds: start.elapsed().as_secs_f64() })
}
