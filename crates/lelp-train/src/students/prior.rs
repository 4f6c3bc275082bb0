//! The student that learns how often the classes are, and nothing else.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_method::{Batch, Gradients, Method, TermSum};
use lelp_model::Predictor;
use lelp_model::prior::PriorModel;
use serde::{Deserialize, Serialize};

use super::kind;
use super::{
    PreparedStudent, Resources, Student, StudentError, StudentKind, Trained, TrainedStudent, TrainingControl,
    TrainingJob,
};
use crate::task::Task;
use crate::training::{TrainSettings, Trainable};

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "prior",
    summary: "the same answer to every text",
    training: TrainSettings::ngram,
    read: kind::read::<PriorStudentSettings>,
};

/// No settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PriorStudentSettings {}

impl Student for PriorStudentSettings {
    fn kind(&self) -> &'static StudentKind {
        &KIND
    }

    fn prepare(
        &self,
        task: &Task,
        _resources: &Resources<'_>,
        progress: &mut dyn FnMut(usize),
        _cancelled: &AtomicBool,
    ) -> Result<Box<dyn PreparedStudent>, StudentError> {
        progress(task.train().rows());
        Ok(Box::new(Prepared))
    }
}

#[derive(Debug)]
struct Prepared;

impl PreparedStudent for Prepared {
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError> {
        let mut bias = Bias { values: vec![0.0; job.outputs()], best: None };
        let report = job.train(&mut bias, &(), &(), control)?;
        let logits =
            bias.values.chunks(job.subclasses().get()).map(|class| lelp::log_sum_exp(class.iter().copied()));
        let model = PriorModel::new(job.task.labels().to_vec(), logits.collect());
        Ok(Trained { student: Box::new(TrainedPrior(model)), report })
    }
}

#[derive(Debug)]
struct TrainedPrior(PriorModel);

impl TrainedStudent for TrainedPrior {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        Ok(self.0.save(folder)?)
    }

    fn predictor(&self) -> Option<&dyn Predictor> {
        Some(&self.0)
    }

    fn remarks(&self, _validation: &Dataset, _cancelled: &AtomicBool) -> Result<Vec<String>, StudentError> {
        Ok(Vec::new())
    }
}

/// One number an output.
#[derive(Debug)]
struct Bias {
    values: Vec<f32>,
    best: Option<Vec<f32>>,
}

impl Trainable<()> for Bias {
    fn outputs(&self) -> usize {
        self.values.len()
    }

    fn embedding(&self) -> usize {
        1
    }

    fn step(
        &mut self,
        (): &(),
        rows: &[u32],
        method: &mut dyn Method,
        learning_rate: f32,
        sums: &mut [TermSum],
    ) -> Option<f64> {
        let outputs = self.values.repeat(rows.len());
        let mut gradient = vec![0.0; outputs.len()];
        let batch = Batch { rows, share: 1.0 / rows.len() as f64, outputs: &outputs, embedding: &[] };
        method.learn(&batch, &mut Gradients { outputs: &mut gradient, embedding: &mut [] }, sums);
        for row in gradient.chunks_exact(self.values.len()) {
            self.values.iter_mut().zip(row).for_each(|(value, slope)| *value -= learning_rate * slope);
        }
        None
    }

    fn forward(&self, (): &(), _first: usize, outputs: &mut [f32]) {
        outputs.chunks_exact_mut(self.values.len()).for_each(|row| row.copy_from_slice(&self.values));
    }

    fn remember(&mut self) {
        self.best = Some(self.values.clone());
    }

    fn restore(&mut self) {
        self.values = self.best.take().unwrap_or_else(|| self.values.clone());
    }
}
