//! Small students, one for each candidate: how many subclasses of a given method pay, and how wide.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp_train::distill::{Distillation, NgramOptions, StudentSettings, Task, TaskInputs};
use lelp_train::method::{Combination, KdSettings, MethodSettings};
use lelp_train::run::{TrainSettings, ValidationRecord};
use serde::{Deserialize, Serialize};
use toml::Value;

use super::{AutoError, Open, with};

/// Training rows of a probe, at most.
const ROWS: usize = 8192;

/// Students of each candidate: one alone is too much a matter of luck.
const SEEDS: [u64; 2] = [0, 1];

/// Numbers of subclasses that are tried.
const DIRECTIONS: [i64; 4] = [2, 4, 8, 16];
const CLUSTERS: [i64; 4] = [4, 8, 16, 32];

/// Widths around a method's own that are tried for the best of them.
const WIDTHS: [f64; 2] = [0.5, 2.0];

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

/// Students that [`choose`] trains.
pub(super) fn students(open: &Open) -> usize {
    let numbers = if open.subclasses { DIRECTIONS.len() } else { 1 };
    let widths = if open.beta { WIDTHS.len() } else { 0 };
    SEEDS.len() * (1 + numbers + widths)
}

/// First every number of subclasses at the method's own width, then other widths of the best of them. `kd` is probed
/// beside them, so that one sees what the split is worth.
pub(super) fn choose(
    task: &Task,
    method: &Combination,
    open: Open,
    threads: NonZeroUsize,
    done: &mut dyn FnMut(),
    cancel: &AtomicBool,
) -> Result<(Combination, Vec<Probe>), AutoError> {
    let candidates = numbers(method, open)?;
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
    for candidate in candidates {
        probes.push(probe(&candidate)?);
    }
    if open.beta {
        for candidate in widths(&best(&probes[1..]).method)? {
            probes.push(probe(&candidate)?);
        }
    }
    Ok((best(&probes[1..]).method.clone(), probes))
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

/// The splits that are tried first: every number of subclasses, or the method's own.
fn numbers(method: &Combination, open: Open) -> Result<Vec<Combination>, AutoError> {
    let tried = match method.base {
        MethodSettings::Lelp(_) | MethodSettings::RandomProjection(_) | MethodSettings::RandomSubclass(_) => {
            DIRECTIONS
        }
        MethodSettings::Kmeans(_) | MethodSettings::Agglomerative(_) | MethodSettings::TsneKmeans(_) => {
            CLUSTERS
        }
        other => return Err(AutoError::NoSplit(other.name().to_owned())),
    };
    if !open.subclasses {
        return Ok(vec![method.clone()]);
    }
    let candidate = |number: i64| Ok(with(method, "subclasses", Value::Integer(number))?);
    tried.into_iter().map(candidate).collect()
}

/// The same split at other widths.
fn widths(method: &Combination) -> Result<Vec<Combination>, AutoError> {
    let split = method.base.split(0).ok().flatten();
    let Some(split) = split else { return Err(AutoError::NoSplit(method.name())) };
    let wider = |factor: f64| Ok(with(method, "beta", Value::Float(factor * split.beta))?);
    WIDTHS.into_iter().map(wider).collect()
}
