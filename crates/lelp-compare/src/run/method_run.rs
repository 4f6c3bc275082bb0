//! One method with one kind of student on one data set: the search for its settings, then a student for each seed.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use lelp_data::storage::sha256;
use lelp_train::distill::{Distilled, Distiller};
use lelp_train::students::StudentSettings;
use lelp_train::teachers::EmbeddingCache;
use lelp_train::training::{TrainSettings, ValidationRecord};
use serde_json::json;

use super::refusal::Refusal;
use super::{ProgressObserver, RunError};
use crate::measure::StudentMeasurement;
use crate::prepare::PreparedTask;
use crate::recipe::MethodEntry;
use crate::record::{FailedRecord, Record, Setting, StudentRecord, TrialRecord};
use crate::space::Trial;
use crate::store::{Results, ResultsStore};
use lelp::ErrorChain;

/// First seed of a trial; no student that is reported has it by default, so that none was chosen by its own score.
const SEARCH_SEED: u64 = 1_000_000;

/// Why there is a score.
const VALIDATED: &str = "a task always has validation rows";

/// A method on a task.
#[derive(Debug)]
pub(crate) struct MethodRun<'a> {
    pub(crate) setting: Setting,
    pub(crate) prepared: &'a PreparedTask,
    pub(crate) student: &'a StudentSettings,
    pub(crate) method: &'a MethodEntry,
    pub(crate) trials: Vec<Trial>,
    pub(crate) search_seeds: u64,
    pub(crate) seeds: &'a [u64],
}

/// What all method runs of a comparison share.
pub(crate) struct RunContext<'a> {
    pub(crate) store: &'a ResultsStore,
    pub(crate) cache: &'a EmbeddingCache,
    pub(crate) out: &'a Path,
    pub(crate) threads: NonZeroUsize,
    pub(crate) observer: &'a dyn ProgressObserver,
    pub(crate) cancel: &'a AtomicBool,
}

impl MethodRun<'_> {
    /// Trials and students in all.
    pub(crate) fn cells(&self) -> usize {
        self.trials.len() + self.seeds.len()
    }

    /// Whether all of it is in the results already.
    pub(crate) fn is_done(&self, results: &Results) -> bool {
        let tried: Option<Vec<&TrialRecord>> =
            self.trials.iter().map(|trial| self.tried(results, &self.trial_key(trial))).collect();
        let Some(TrialRecord { distill, train, .. }) = tried.and_then(best) else { return false };
        let chosen = Trial { method: distill.clone(), train: *train };
        self.seeds.iter().all(|&seed| self.has_student(results, &self.student_key(&chosen, seed)))
    }

    /// Runs what is not done yet. What fails is written down, and the rest goes on.
    pub(crate) fn run(&self, distillation: &Distiller<'_>, context: &RunContext<'_>) -> Result<(), RunError> {
        if let Some(refusal) = Refusal::of(self.method, &self.prepared.task) {
            let key = FailedRecord::key_of(&self.setting, &self.method.name);
            let failed = self.failed(key, refusal.to_string(), true);
            context.observer.failed(&failed);
            context.store.add(Record::Failed(failed))?;
            (0..self.cells()).for_each(|_| context.observer.cell(&self.setting, &self.method.name));
            return Ok(());
        }
        for (number, trial) in self.trials.iter().enumerate() {
            self.run_trial(number, trial, distillation, context)?;
            context.observer.cell(&self.setting, &self.method.name);
        }
        let chosen = context.store.read(|results| {
            let tried = self.trials.iter().filter_map(|trial| self.tried(results, &self.trial_key(trial)));
            best(tried.collect()).cloned()
        });
        for &seed in self.seeds {
            if let Some(TrialRecord { distill, train, .. }) = &chosen {
                let chosen = Trial { method: distill.clone(), train: *train };
                self.run_student(&chosen, seed, distillation, context)?;
            }
            context.observer.cell(&self.setting, &self.method.name);
        }
        Ok(())
    }

    fn run_trial(
        &self,
        number: usize,
        trial: &Trial,
        distillation: &Distiller<'_>,
        context: &RunContext<'_>,
    ) -> Result<(), RunError> {
        let key = self.trial_key(trial);
        if context.store.read(|results| self.tried(results, &key).is_some()) {
            return Ok(());
        }
        let (mut scores, mut seconds) = (Vec::new(), 0.0);
        for seed in SEARCH_SEED..SEARCH_SEED + self.search_seeds {
            let train = TrainSettings { seed, ..trial.train };
            let distilled = distillation.train(&trial.method, &train, None, &mut |_| {}, context.cancel);
            match distilled {
                Ok(Distilled { report, .. }) => {
                    scores.push(report.best().and_then(|epoch| epoch.validation).expect(VALIDATED));
                    seconds += report.seconds;
                }
                Err(error) => return self.failing(key, &error, context),
            }
        }
        context.store.add(Record::Trial(TrialRecord {
            key,
            setting: self.setting.clone(),
            method: self.method.name.clone(),
            trial: number,
            distill: trial.method.clone(),
            train: trial.train,
            validation: mean(&scores),
            seconds,
        }))?;
        Ok(())
    }

    /// Trains a student with settings that were chosen, and measures it on the test rows.
    pub(super) fn run_student(
        &self,
        chosen: &Trial,
        seed: u64,
        distillation: &Distiller<'_>,
        context: &RunContext<'_>,
    ) -> Result<(), RunError> {
        let key = self.student_key(chosen, seed);
        if context.store.read(|results| self.has_student(results, &key)) {
            return Ok(());
        }
        let train = TrainSettings { seed, ..chosen.train };
        let distilled = distillation.train(&chosen.method, &train, None, &mut |_| {}, context.cancel);
        let distilled = match distilled {
            Ok(distilled) => distilled,
            Err(error) => return self.failing(key, &error, context),
        };
        let measurement = StudentMeasurement {
            test: &self.prepared.test,
            teacher: self.prepared.test_logits.as_deref(),
            scratch: &scratch(context.out, &key),
            cache: context.cache,
            threads: context.threads,
            cancel: context.cancel,
        };
        let measured = match measurement.student(distilled.student.as_ref()) {
            Ok(measured) => measured,
            Err(error) => return self.failing(key, &error, context),
        };
        let best = distilled.report.best().and_then(|epoch| epoch.validation);
        context.store.add(Record::Student(StudentRecord {
            key,
            setting: self.setting.clone(),
            method: self.method.name.clone(),
            seed,
            distill: chosen.method.clone(),
            model: self.method.has_no_trials().then(|| self.student.clone()),
            train,
            validation: best.expect(VALIDATED),
            epochs: distilled.report.epochs,
            test: measured.report,
            correct: measured.correct,
            seconds: distilled.report.seconds,
            bytes: measured.bytes,
        }))?;
        Ok(())
    }

    /// Writes a failure down, unless the caller asked to stop.
    fn failing(
        &self,
        key: String,
        error: &(dyn std::error::Error + 'static),
        context: &RunContext<'_>,
    ) -> Result<(), RunError> {
        if context.cancel.load(Ordering::Relaxed) {
            return Err(RunError::Cancelled);
        }
        let failed = self.failed(key, ErrorChain(error).to_string(), false);
        context.observer.failed(&failed);
        context.store.add(Record::Failed(failed))?;
        Ok(())
    }

    fn failed(&self, key: String, error: String, refused: bool) -> FailedRecord {
        FailedRecord { key, setting: self.setting.clone(), method: self.method.name.clone(), error, refused }
    }

    fn key(&self, what: &serde_json::Value) -> String {
        // The names are those of the recipe's tables, and no part of what decides a result; but a table has a line for each.
        let all = json!([self.prepared.identity, self.student, self.method.name, what]);
        sha256(all.to_string().as_bytes())
    }

    fn trial_key(&self, trial: &Trial) -> String {
        self.key(&json!(["trial", trial.method, trial.train, self.search_seeds]))
    }

    fn student_key(&self, chosen: &Trial, seed: u64) -> String {
        self.key(&json!(["student", chosen.method, TrainSettings { seed, ..chosen.train }]))
    }

    fn tried<'r>(&self, results: &'r Results, key: &str) -> Option<&'r TrialRecord> {
        results.trials.iter().find(|trial| trial.key == key && trial.setting == self.setting)
    }

    /// Whether the student of a seed with these settings is in the results.
    pub(super) fn has_student_of(&self, results: &Results, chosen: &Trial, seed: u64) -> bool {
        self.has_student(results, &self.student_key(chosen, seed))
    }

    fn has_student(&self, results: &Results, key: &str) -> bool {
        results.students.iter().any(|student| student.key == key && student.setting == self.setting)
    }
}

/// The mean of the scores of a trial's students.
fn mean(scores: &[ValidationRecord]) -> ValidationRecord {
    let of = |figure: &dyn Fn(&ValidationRecord) -> f64| {
        scores.iter().map(figure).sum::<f64>() / scores.len() as f64
    };
    ValidationRecord {
        value: of(&|score| score.value),
        selected: scores[0].selected.map(|_| of(&|score| score.key())),
        negative_log_likelihood: of(&|score| score.negative_log_likelihood),
        ..scores[0]
    }
}

/// The trial that is best by what is selected for, most validation rows right unless told otherwise, then the smaller negative log-likelihood, then the earlier one.
fn best(tried: Vec<&TrialRecord>) -> Option<&TrialRecord> {
    tried.into_iter().min_by(|a, b| {
        let (left, right) = (a.validation, b.validation);
        right
            .key()
            .total_cmp(&left.key())
            .then(left.negative_log_likelihood.total_cmp(&right.negative_log_likelihood))
            .then(a.trial.cmp(&b.trial))
    })
}

/// A folder of its own for each student that is being measured.
fn scratch(out: &Path, key: &str) -> PathBuf {
    out.join(format!("measuring-{}", &key[..16]))
}
