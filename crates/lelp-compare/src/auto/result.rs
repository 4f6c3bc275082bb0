//! What `auto` chose, and why.

use std::fmt::Write;

use lelp_method::{MethodSettings, Objective};
use lelp_train::distill::Task;
use lelp_train::students::StudentSettings;
use lelp_train::training::{SelectionMetric, ValidationMetric};
use serde::{Deserialize, Serialize};

use super::candidates::Candidate;
use super::choice::{Choice, PairedDifference};
use super::entry::{Criterion, Entry};

/// What `auto` chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutoResult {
    /// The method and the student.
    pub choice: Candidate,
    /// The student as it was given.
    pub given: StudentSettings,
    /// All candidates in the order in which they were tried.
    pub raced: Vec<Raced>,
    /// Place of the choice among them.
    pub taken: usize,
    /// Place of the one with the highest score of those with most students.
    pub best: usize,
    /// Whether it learns from labels alone and was taken by the validation rows alone, which no teacher has learned from.
    #[serde(default)]
    pub validation_alone: bool,
    /// Validation rows.
    pub rows: usize,
    /// Training rows that decided too, each for a student that did not learn from it.
    #[serde(default)]
    pub held_out: usize,
    /// What their right answers are.
    pub metric: ValidationMetric,
    /// What candidates were compared by.
    #[serde(default)]
    pub select: SelectionMetric,
    /// Whether there was a teacher to learn from.
    pub taught: bool,
    /// Seconds that it took.
    pub seconds: f64,
}

/// A candidate that was tried, with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Raced {
    /// The method and the student.
    pub candidate: Candidate,
    /// Students that were trained; none where its split does not fit the classes.
    pub students: usize,
    /// What they were compared by, larger is better: the share of the validation rows that they answer rightly by default.
    pub score: f64,
    /// How far the choice is above it, and the standard error of that; of those that came as far as the choice.
    pub below: Option<(f64, f64)>,
}

impl AutoResult {
    pub(super) fn new(entries: &[Entry], choice: Choice, task: &Task, by: Criterion, seconds: f64) -> Self {
        let taken = &entries[choice.taken];
        let raced = |entry: &Entry| {
            let as_far = entry.right.len() == taken.right.len();
            let below = as_far.then(|| PairedDifference::between(taken, entry, by));
            Raced {
                candidate: entry.candidate.clone(),
                students: entry.right.len(),
                score: if entry.keys.is_empty() { 0.0 } else { entry.score(by) },
                below: below.map(|below| (below.mean, below.standard_error)),
            }
        };
        Self {
            choice: taken.candidate.clone(),
            given: entries[0].candidate.student.clone(),
            raced: entries.iter().map(raced).collect(),
            taken: choice.taken,
            best: choice.best,
            validation_alone: choice.validation_alone,
            rows: task.validation().rows(),
            metric: task.validation_metric(),
            select: by.select,
            held_out: taken.right.iter().map(|right| right.len() - by.validation).sum(),
            taught: task.signals().is_some(),
            seconds,
        }
    }

    /// What was chosen, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        self.describe_candidate(&self.raced[self.taken].candidate)
    }

    /// A candidate, in words.
    #[must_use]
    pub fn describe_candidate(&self, candidate: &Candidate) -> String {
        let kind = candidate.student.kind();
        let other_kind = (kind.name != self.given.kind().name).then(|| format!(", student `{}`", kind.name));
        let changed = kind.alternatives.iter().chain(kind.of_teacher).filter(|alternative| {
            let set = |student: &StudentSettings| {
                alternative.changes.iter().all(|(name, value)| {
                    student.values().get(*name).and_then(serde_json::Value::as_u64) == Some(*value as u64)
                })
            };
            set(&candidate.student) && !set(&self.given)
        });
        let changed = changed.map(|alternative| format!(", {}", alternative.name));
        let rate = ((candidate.rate_factor - 1.0).abs() > f32::EPSILON)
            .then(|| format!(", {} x the learning rate", candidate.rate_factor));
        describe_method(&candidate.distill)
            + &other_kind.into_iter().chain(changed).chain(rate).collect::<String>()
    }

    /// The reason, for people: the scores of the choice, of the best, of labels alone and of plain distillation.
    #[must_use]
    pub fn reason(&self) -> String {
        let (taken, best) = (&self.raced[self.taken], &self.raced[self.best]);
        let by = match self.select {
            SelectionMetric::Accuracy => self.metric.to_string(),
            SelectionMetric::MacroF1 => "macro-F1".to_owned(),
            SelectionMetric::Auc => "AUC".to_owned(),
            SelectionMetric::LogLoss => "mean log-likelihood".to_owned(),
        };
        let mut words = format!("{by} {:.4} on {} validation rows", taken.score, self.rows);
        if self.held_out > 0 {
            let _ = write!(words, " and {} held-out training rows", self.held_out);
        }
        if self.best != self.taken {
            let name = self.describe_candidate(&best.candidate);
            let _ = write!(words, "; the best, {name}, {:.4}, is above it by no more than luck", best.score);
        }
        if self.validation_alone {
            words.push_str("; on the validation rows, which no teacher has learned from, above what listens to one beyond luck");
        }
        for (method, what) in [("ce", "labels alone"), ("kd", "no split and no labels")] {
            // `ce` is all labels.
            let plain = |distill: &Objective| {
                distill.name() == method && (method == "ce" || distill.base.alpha().get() == 0.0)
            };
            if plain(&taken.candidate.distill) {
                if method == "ce" && self.taught && !self.validation_alone {
                    words.push_str("; labels alone do as well here as the teacher");
                }
                continue;
            }
            let finalists = self.raced.iter().filter(|raced| raced.below.is_some());
            let own = finalists.filter(|raced| plain(&raced.candidate.distill)).map(|raced| raced.score);
            if let Some(score) = own.max_by(f64::total_cmp) {
                let _ = write!(words, "; {what} (`{method}`) {score:.4}");
            }
        }
        words
    }
}

/// A method with the settings that are not its defaults, and those of its split.
#[must_use]
pub fn describe_method(method: &Objective) -> String {
    let defaults =
        MethodSettings::named(method.base.name()).map(|default| default.to_json()).unwrap_or_default();
    let split = ["subclasses", "beta", "split_weight"];
    let values = method.base.to_json();
    let shown = method.base.parameters().into_iter().filter_map(|parameter| {
        let value = values.get(parameter.name)?;
        let own = defaults.get(parameter.name) != Some(value);
        let shown = own || (method.base.split().is_some() && split.contains(&parameter.name));
        shown.then(|| format!(" {} {value}", parameter.name))
    });
    format!("`{}`{}", method.name(), shown.collect::<String>())
}
