//! The baseline on a task.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lelp_data::Text;
use lelp_method::CeSettings;
use lelp_model::Predictor;
use lelp_model::tfidf::{TermScratch, TfidfModel, Vocabulary};

use super::TfidfStudentSettings;
use super::logistic::{SparseMatrix, fit};
use crate::students::{PreparedStudent, StudentError, Trained, TrainedStudent, TrainingControl, TrainingJob};
use crate::task::Task;
use crate::training::{EpochRecord, Event, TrainError, TrainReport, ValidationRecord, score, thread_pool};

/// Inverse penalties of which the best on the validation rows is taken. Texts of a few words are best with large ones: on
/// TREC-6 100 has 4 points more than 1, the default of scikit-learn.
const PENALTIES: [f64; 3] = [1.0, 10.0, 100.0];

/// The terms of the training texts, and the labelled ones of these as a matrix.
#[derive(Debug)]
pub(super) struct PreparedTfidf {
    settings: TfidfStudentSettings,
    vocabulary: Vocabulary,
    matrix: SparseMatrix,
    labels: Vec<u32>,
}

/// A fitted baseline.
#[derive(Debug)]
struct TrainedTfidf {
    model: TfidfModel,
}

impl PreparedTfidf {
    pub(super) fn new(settings: TfidfStudentSettings, task: &Task) -> Result<Self, StudentError> {
        if let Some(penalty) =
            settings.inverse_penalty.filter(|penalty| !(*penalty > 0.0 && penalty.is_finite()))
        {
            return Err(StudentError::InversePenalty(penalty));
        }
        let texts: Vec<Text<'_>> = task.train().texts()?.collect();
        let (rows, labels) = task.train().labelled();
        let vocabulary = vocabulary(&texts);
        let mut scratch = TermScratch::default();
        let weighed = rows.iter().map(|&row| {
            let mut known = Vec::new();
            vocabulary.weigh(scratch.count(&texts[row]), &mut known);
            known
        });
        let matrix = SparseMatrix::new(weighed, vocabulary.terms());
        Ok(Self { settings, vocabulary, matrix, labels })
    }
}

/// The terms of all texts, labelled or not.
fn vocabulary(texts: &[Text<'_>]) -> Vocabulary {
    let (mut scratch, mut keys) = (TermScratch::default(), Vec::new());
    for text in texts {
        keys.extend(scratch.count(text).iter().map(|(key, _)| *key));
    }
    Vocabulary::of_keys(keys, texts.len())
}

impl PreparedStudent for PreparedTfidf {
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError> {
        if job.method.base.downcast_ref::<CeSettings>() != Some(&CeSettings::default())
            || !job.method.add.is_empty()
        {
            return Err(StudentError::LabelsAlone { student: "tfidf", method: job.method.name() });
        }
        if self.labels.is_empty() {
            return Err(TrainError::NothingToLearn { rows: job.task.train().rows() }.into());
        }
        let (mut best, mut epochs) = (None, Vec::new());
        let penalties = self.settings.inverse_penalty.map_or(PENALTIES.to_vec(), |given| vec![given]);
        for (place, penalty) in penalties.into_iter().enumerate() {
            let mut fitted = self.fit(job, penalty, place + 1, control.cancelled)?;
            fitted.epoch.best = best.as_ref().is_none_or(|best: &Fitted| fitted.key > best.key);
            (control.observer)(Event::Epoch(&fitted.epoch));
            epochs.push(fitted.epoch.clone());
            if fitted.epoch.best {
                best = Some(fitted);
            }
        }
        let Fitted { model, epoch, right, .. } = best.expect("there is a penalty to fit with");
        let seconds = epochs.iter().map(|epoch| epoch.seconds).sum();
        let rows = self.labels.len();
        let report = TrainReport { epochs, best_epoch: epoch.epoch, rows, seconds, right: Some(right) };
        Ok(Trained { student: Box::new(TrainedTfidf { model }), report })
    }
}

/// A model of one penalty, and how it does on the validation rows.
struct Fitted {
    model: TfidfModel,
    epoch: EpochRecord,
    key: f64,
    right: Vec<bool>,
}

impl PreparedTfidf {
    /// Fits with a penalty, the `number`th.
    fn fit(
        &self,
        job: &TrainingJob<'_>,
        inverse_penalty: f64,
        number: usize,
        cancelled: &AtomicBool,
    ) -> Result<Fitted, StudentError> {
        let (start, classes) = (Instant::now(), job.task.labels().len());
        let fitted = thread_pool(job.threads)?.install(|| {
            let weights = job.task.class_weights().map_or_else(|| vec![1.0; classes], <[f64]>::to_vec);
            fit(&self.matrix, &self.labels, &weights, inverse_penalty, cancelled)
        });
        let (weight, bias) = fitted.ok_or(TrainError::Cancelled { epoch: number, checkpoint: None })?;
        let model = TfidfModel::new(job.task.labels().to_vec(), self.vocabulary.clone(), weight, bias)?;
        let (data, right) = (job.task.validation(), job.task.validation_classes());
        let (score, right) = score(&model.logits(data.table())?, classes, right, job.settings.select)
            .map_err(TrainError::from)?;
        let validation = ValidationRecord::of(score, job.task.validation_metric());
        let (rows, seconds) = (self.labels.len(), start.elapsed().as_secs_f64());
        let epoch = EpochRecord {
            epoch: number,
            learning_rate: 0.0,
            terms: Vec::new(),
            validation: Some(validation),
            best: true,
            seconds,
            examples_per_second: rows as f64 / seconds.max(1e-9),
        };
        Ok(Fitted { model, epoch, key: validation.key(), right })
    }
}

impl TrainedStudent for TrainedTfidf {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        Ok(self.model.save(folder)?)
    }

    fn predictor(&self) -> Option<&dyn Predictor> {
        Some(&self.model)
    }
}
