//! A method's students over seeds, and what they come to on average.

use std::sync::atomic::AtomicBool;

use lelp::stats::Spread;
use serde::Serialize;

use super::search::{Trial, Tried, search};
use super::settings::StudentSettings;
use super::{DistillError, Distillation, Distilled};
use crate::evaluate::Report;
use crate::run::TrainSettings;

/// A method's students: the settings that the search chose, one student a seed.
#[derive(Debug)]
pub struct Students {
    /// The method's name.
    pub method: String,
    /// All trials, the chosen one first.
    pub tried: Vec<Tried>,
    /// A student for each seed, with the chosen settings.
    pub students: Vec<Distilled>,
}

/// Chooses settings among `trials` on the validation rows, then trains a student for each seed with them.
///
/// `done` is told after each training, `trials.len() + seeds.len()` times.
pub fn over_seeds(
    distillation: &Distillation<'_>,
    student: &StudentSettings,
    trials: &[Trial],
    seeds: &[u64],
    done: &mut dyn FnMut(),
    cancelled: &AtomicBool,
) -> Result<Students, DistillError> {
    let tried = search(distillation, student, trials, done, cancelled)?;
    let chosen = tried.first().expect("a search has trials").trial.clone();
    let mut students = Vec::with_capacity(seeds.len());
    for &seed in seeds {
        let train = TrainSettings { seed, ..chosen.train };
        students.push(distillation.train(&chosen.method, student, &train, None, &mut |_| {}, cancelled)?);
        done();
    }
    Ok(Students { method: chosen.method.name(), tried, students })
}

/// Figures over seeds, from one report a seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// Share of right answers.
    pub accuracy: Spread,
    /// Mean of the classes' F1.
    pub macro_f1: Spread,
    /// Share of answers that are the teacher's.
    pub agreement: Option<Spread>,
    /// Microseconds a text.
    pub microseconds_per_text: Spread,
}

impl Summary {
    /// Figures over `reports`, one a seed.
    #[must_use]
    pub fn of(reports: &[Report]) -> Self {
        let spread =
            |figure: &dyn Fn(&Report) -> f64| Spread::of(&reports.iter().map(figure).collect::<Vec<_>>());
        let agreements: Option<Vec<f64>> = reports.iter().map(|report| report.agreement).collect();
        Self {
            accuracy: spread(&|report| report.accuracy),
            macro_f1: spread(&|report| report.macro_f1),
            agreement: agreements.map(|values| Spread::of(&values)),
            microseconds_per_text: spread(&|report| report.microseconds_per_text),
        }
    }

    /// Share of the errors of `other` that this one does not make: `1 - errors / other's errors`.
    #[must_use]
    pub fn errors_saved(&self, other: &Self) -> f64 {
        1.0 - (1.0 - self.accuracy.mean) / (1.0 - other.accuracy.mean)
    }
}
