//! Which split pays on these data, found in seconds in place of a search.
//!
//! Which method: by a rule on the teacher's embeddings alone. How many subclasses of a method that is given, how wide: by
//! a probe of small students. Tables in the book hold their choices against searched ones.

mod probe;
mod rule;

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lelp::ClusterGap;
use lelp_train::distill::{DistillError, SplitError, StudentModelError, Task};
use lelp_train::method::Combination;
use lelp_train::run::TrainSettings;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

use crate::space::{SpaceError, Trial};

pub use probe::Probe;

/// What is to be found: settings that are left open.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Open {
    /// Whether the method is: `kd`, or a split by clusters.
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
    pub fn students(&self) -> usize {
        if self.method { 0 } else { probe::students(self) }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The method with its settings.
    pub method: Combination,
    /// What the rule looked at, for each number of clusters; empty where the method was given.
    #[serde(default)]
    pub gaps: Vec<ClusterGap>,
    /// Candidates of the probe, in the order in which they were tried; empty where the method was open.
    pub probes: Vec<Probe>,
    /// Seconds that it took.
    pub seconds: f64,
}

impl Chosen {
    /// The number of clusters that holds most beyond chance, with what it holds; none where the method was given.
    #[must_use]
    pub fn widest_gap(&self) -> Option<&ClusterGap> {
        rule::widest(&self.gaps)
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
    /// The signals cannot be looked at.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Texts cannot be read.
    #[error(transparent)]
    Inputs(#[from] StudentModelError),
    /// A probe failed.
    #[error(transparent)]
    Distill(#[from] DistillError),
    /// A candidate does not fit.
    #[error(transparent)]
    Space(#[from] SpaceError),
}

/// Finds what `open` leaves open of `method` on the rows of `task`; `done` is told after each student.
pub fn choose(
    task: &Task,
    method: &Combination,
    open: Open,
    threads: NonZeroUsize,
    done: &mut dyn FnMut(),
    cancel: &AtomicBool,
) -> Result<Chosen, AutoError> {
    let signals = task.signals().ok_or(AutoError::NoSignals)?;
    let start = Instant::now();
    let (method, gaps, probes) = if open.method {
        let (method, gaps) = rule::choose(signals, method, open, threads)?;
        (method, gaps, Vec::new())
    } else {
        let (method, probes) = probe::choose(task, method, open, threads, done, cancel)?;
        (method, Vec::new(), probes)
    };
    Ok(Chosen { method, gaps, probes, seconds: start.elapsed().as_secs_f64() })
}

/// `method` with one setting changed.
fn with(method: &Combination, key: &str, value: Value) -> Result<Combination, SpaceError> {
    let trial = Trial { method: method.clone(), train: TrainSettings::ngram() };
    Ok(trial.set(key, value)?.method)
}
