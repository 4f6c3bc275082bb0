//! Which split pays on these data, found in seconds in place of a search: by a probe of small students on a sample of the
//! training rows. Tables in the book hold its choices against searched ones, and against rules without any student.

mod candidates;
mod probe;

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lelp_method::Objective;
use lelp_model::classifier::AnswerError;
use lelp_train::distill::{DistillError, StudentModelError, Task, TaskError};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

use crate::space::SpaceError;

pub use probe::Probe;
use probe::Probed;

/// What is to be found: settings that are left open.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Open {
    /// Whether the method is: `kd`, directions, or clusters.
    pub method: bool,
    /// Whether the number of subclasses is.
    pub subclasses: bool,
    /// Whether the width of the split is.
    pub beta: bool,
    /// The number of subclasses, where the method is open and that is not.
    pub given_subclasses: Option<i64>,
    /// The width of the split, likewise.
    pub given_beta: Option<f64>,
}

/// The word for a setting that is to be found.
pub const AUTO: &str = "auto";

impl Open {
    /// Takes what is `"auto"` out of a table of a method's settings; none where nothing is.
    ///
    /// The table is then one of `kd`, where the method was open, or of the method with defaults for what was open.
    pub fn take(table: &mut Table) -> Option<Self> {
        let is_auto = |table: &Table, key: &str| table.get(key).and_then(Value::as_str) == Some(AUTO);
        let method = is_auto(table, "method");
        let mut open = Self { method, ..Self::default() };
        open.subclasses = is_auto(table, "subclasses") || (method && !table.contains_key("subclasses"));
        open.beta = is_auto(table, "beta") || (method && !table.contains_key("beta"));
        if open.subclasses {
            table.remove("subclasses");
        }
        if open.beta {
            table.remove("beta");
        }
        if method {
            table.insert("method".to_owned(), Value::String("kd".to_owned()));
            open.given_subclasses = table.remove("subclasses").and_then(|value| value.as_integer());
            open.given_beta = table.remove("beta").and_then(|value| value.as_float());
        }
        (open.method || open.subclasses || open.beta).then_some(open)
    }

    /// Students that [`choose`] trains for it.
    #[must_use]
    pub fn students(&self, method: &Objective) -> usize {
        probe::SEEDS.len() * candidates::count(method, self)
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The method with its settings.
    pub method: Objective,
    /// All candidates in the order in which they were tried, `kd` first.
    pub probes: Vec<Probe>,
    /// Training texts that the candidates' students were asked about.
    pub held_out: usize,
    /// Seconds that it took.
    pub seconds: f64,
}

impl Chosen {
    /// Why, for people: how often the students of the best split agree with the teacher, and those of `kd`.
    #[must_use]
    pub fn why(&self) -> String {
        let (Some(best), Some(kd)) = (probe::best(&self.probes), self.probes.first()) else {
            return "nothing else splits these classes".to_owned();
        };
        let which = if self.method == kd.method {
            format!("no split is above it beyond luck; {} agrees", in_words(&best.method))
        } else {
            "agrees".to_owned()
        };
        format!(
            "{which} with the teacher on {:.4} of {} held-out texts, `kd` on {:.4}",
            best.agreement, self.held_out, kd.agreement
        )
    }
}

/// A method, with what `auto` finds of it.
#[must_use]
pub fn in_words(method: &Objective) -> String {
    match method.base.split(0) {
        Ok(Some(split)) => format!("`{}` S {} beta {}", method.name(), method.base.subclasses(), split.beta),
        _ => format!("`{}`", method.name()),
    }
}

/// Why nothing was found.
#[derive(Debug, Error)]
pub enum AutoError {
    /// The method has nothing to be found.
    #[error(
        "method `{0}` has no `subclasses` and `beta` to be found: give it its settings, or use `auto` for the method"
    )]
    NoSplit(String),
    /// There is no teacher.
    #[error("a split is found in a teacher's signals, and there are none: give `signals`")]
    NoSignals,
    /// There is no sample to try splits on.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Texts cannot be read.
    #[error(transparent)]
    Inputs(#[from] StudentModelError),
    /// A student failed.
    #[error(transparent)]
    Distill(#[from] DistillError),
    /// A student did not answer.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// A candidate does not fit.
    #[error(transparent)]
    Space(#[from] SpaceError),
}

/// Finds what `open` leaves open of `method` on the rows of `task`; `done` is told after each student.
pub fn choose(
    task: &Task,
    method: &Objective,
    open: Open,
    threads: NonZeroUsize,
    done: &mut dyn FnMut(),
    cancel: &AtomicBool,
) -> Result<Chosen, AutoError> {
    if task.signals().is_none() {
        return Err(AutoError::NoSignals);
    }
    let start = Instant::now();
    let Probed { method, probes, held_out } = probe::choose(task, method, open, threads, done, cancel)?;
    Ok(Chosen { method, probes, held_out, seconds: start.elapsed().as_secs_f64() })
}
