//! Which split pays on these data, found by a cheap probe in place of a search.
//!
//! Small n-gram students learn from a sample of the training rows, one for each candidate, and are held against one that
//! learns by `kd`. Tables in the book show how its choices do against searched ones.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lelp_train::distill::{
    DistillError, Distillation, NgramOptions, StudentModelError, StudentSettings, Task, TaskInputs,
};
use lelp_train::method::{ClusterSplitSettings, Combination, KdSettings, LelpSettings, MethodSettings};
use lelp_train::run::{TrainSettings, ValidationRecord};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

use crate::space::{SpaceError, Trial};

/// Training rows of a probe, at most.
const ROWS: usize = 8192;

/// Students of each candidate: one alone is too much a matter of luck.
const SEEDS: [u64; 2] = [0, 1];

/// Numbers of subclasses that are tried.
const DIRECTIONS: [i64; 4] = [2, 4, 8, 16];
const CLUSTERS: [i64; 4] = [4, 8, 16, 32];

/// Widths around a method's own that are tried for the best of them.
const WIDTHS: [f64; 2] = [0.5, 2.0];

/// Deviations of a validation score by which a split must be ahead of `kd` to be chosen in its place: the best of ten
/// level candidates is about that far ahead by luck. On nine data sets splits that paid were ahead by 2.6 and more, those
/// that did not by 1.0 and less (see the book).
const MARGIN: f64 = 1.5;

/// What is to be found: settings that are left open.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Open {
    /// Whether the method is: `kd`, or a split by directions or by clusters.
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
        let makers = if self.method { 2 } else { 1 };
        let numbers = if self.subclasses { DIRECTIONS.len() } else { 1 };
        let widths = if self.beta { WIDTHS.len() } else { 0 };
        SEEDS.len() * (1 + makers * numbers + widths)
    }
}

/// A candidate with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The candidate.
    pub method: Combination,
    /// Mean score of its students on the validation rows.
    pub validation: f64,
    /// Mean negative log-likelihood of the right class.
    pub negative_log_likelihood: f64,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The method with its settings.
    pub method: Combination,
    /// All candidates, in the order in which they were tried; the first is `kd`.
    pub probes: Vec<Probe>,
    /// Seconds that it took.
    pub seconds: f64,
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
///
/// First every number of subclasses at the method's own width, then other widths of the best of them. With
/// `open.method` a split is chosen only where its validation score is clearly ahead of `kd`'s.
pub fn choose(
    task: &Task,
    method: &Combination,
    open: Open,
    threads: NonZeroUsize,
    done: &mut dyn FnMut(),
    cancel: &AtomicBool,
) -> Result<Chosen, AutoError> {
    if task.signals().is_none() {
        return Err(AutoError::NoSignals);
    }
    let start = Instant::now();
    let sample = task.sample(ROWS);
    // Small, so that a probe takes seconds; the same for every kind of student that learns afterwards.
    let student = NgramOptions { buckets: 1 << 15, width: 32, ..NgramOptions::default() };
    let student = StudentSettings::Ngram(student);
    let inputs = TaskInputs::new(&sample, &student, threads, None, &mut |_| {}, cancel)?;
    let distillation = Distillation::new(&sample, &inputs, threads);
    let mut probe = |method: &Combination| probe(&distillation, &student, method, done, cancel);
    let base = &method.base;
    let kd = MethodSettings::Kd(KdSettings { alpha: base.alpha(), temperature: base.temperature() });
    let mut probes = vec![probe(&Combination { base: kd, add: method.add.clone() })?];
    for candidate in numbers(method, open)? {
        probes.push(probe(&candidate)?);
    }
    if open.beta {
        for candidate in widths(&best(&probes[1..]).method)? {
            probes.push(probe(&candidate)?);
        }
    }
    let (even, best) = (&probes[0], best(&probes[1..]));
    let deviation = (even.validation * (1.0 - even.validation) / task.validation().rows() as f64).sqrt();
    let ahead = best.validation - even.validation > MARGIN * deviation;
    let chosen = if open.method && !ahead { even } else { best };
    Ok(Chosen { method: chosen.method.clone(), seconds: start.elapsed().as_secs_f64(), probes })
}

/// A candidate's students.
fn probe(
    distillation: &Distillation<'_>,
    student: &StudentSettings,
    method: &Combination,
    done: &mut dyn FnMut(),
    cancel: &AtomicBool,
) -> Result<Probe, AutoError> {
    let mut scores = Vec::new();
    for seed in SEEDS {
        let train = TrainSettings { epochs: 8, seed, ..TrainSettings::ngram() };
        let distilled = distillation.train(method, student, &train, None, &mut |_| {}, cancel)?;
        scores.extend(distilled.report.best().and_then(|epoch| epoch.validation));
        done();
    }
    let mean = |figure: &dyn Fn(&ValidationRecord) -> f64| {
        scores.iter().map(figure).sum::<f64>() / scores.len() as f64
    };
    Ok(Probe {
        method: method.clone(),
        validation: mean(&|score| score.value),
        negative_log_likelihood: mean(&|score| score.negative_log_likelihood),
    })
}

/// Most validation rows right, then the smaller negative log-likelihood, then the earlier.
fn best(probes: &[Probe]) -> &Probe {
    let better = |a: &&Probe, b: &&Probe| {
        let right = a.validation.total_cmp(&b.validation).reverse();
        right.then(a.negative_log_likelihood.total_cmp(&b.negative_log_likelihood))
    };
    probes.iter().min_by(better).expect("there is a candidate beside `kd`")
}

/// The splits that are tried first: every number of subclasses.
fn numbers(method: &Combination, open: Open) -> Result<Vec<Combination>, AutoError> {
    let base = &method.base;
    let makers = if open.method {
        let (alpha, temperature) = (base.alpha(), base.temperature());
        vec![
            MethodSettings::Lelp(LelpSettings { alpha, temperature, ..LelpSettings::default() }),
            MethodSettings::Kmeans(ClusterSplitSettings {
                alpha,
                temperature,
                ..ClusterSplitSettings::default()
            }),
        ]
    } else {
        vec![*base]
    };
    let mut candidates = Vec::new();
    for maker in makers {
        let own = i64::try_from(maker.subclasses()).unwrap_or(i64::MAX);
        let tried: &[i64] = match maker {
            MethodSettings::Lelp(_)
            | MethodSettings::RandomProjection(_)
            | MethodSettings::RandomSubclass(_) => &DIRECTIONS,
            MethodSettings::Kmeans(_) | MethodSettings::Agglomerative(_) | MethodSettings::TsneKmeans(_) => {
                &CLUSTERS
            }
            other => return Err(AutoError::NoSplit(other.name().to_owned())),
        };
        let given = [open.given_subclasses.unwrap_or(own)];
        for &number in if open.subclasses { tried } else { &given } {
            let first = trial(&Combination { base: maker, add: method.add.clone() });
            let mut candidate = first.set("subclasses", Value::Integer(number))?;
            if let Some(beta) = open.given_beta {
                candidate = candidate.set("beta", Value::Float(beta))?;
            }
            candidates.push(candidate.method);
        }
    }
    Ok(candidates)
}

/// The same split at other widths.
fn widths(method: &Combination) -> Result<Vec<Combination>, AutoError> {
    let split = method.base.split(0).ok().flatten();
    let Some(split) = split else { return Err(AutoError::NoSplit(method.name())) };
    let wider = |factor: f64| Ok(trial(method).set("beta", Value::Float(factor * split.beta))?.method);
    WIDTHS.into_iter().map(wider).collect()
}

fn trial(method: &Combination) -> Trial {
    Trial { method: method.clone(), train: TrainSettings::ngram() }
}
