//! An MLP student on typed columns, with or without the embedding of a text.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_model::Predictor;
use lelp_model::encoder::{Encoder, EncoderError, EncoderLoadOptions};
use lelp_model::head::ClassifierHead;
use lelp_model::mlp::{CategoryTable, EncoderUse, FolderEncoder, InputColumn, MlpConfig, MlpModel};

use super::MlpStudentSettings;
use super::on_encoder::embed_rows;
use crate::head::HeadSettings;
use crate::network::{ColumnChoice, ColumnInputs, TrainableNetwork, input_columns};
use crate::students::{
    PreparedStudent, Resources, StudentError, Trained, TrainedStudent, TrainingControl, TrainingJob,
};
use crate::task::Task;

/// Values of a task's rows, and what they were read by.
#[derive(Debug)]
pub(super) struct PreparedColumns {
    hidden: Option<NonZeroUsize>,
    weight_decay: f32,
    shape: Arc<Shape>,
    train: ColumnInputs,
    validation: ColumnInputs,
}

/// What the students of a task have in common.
#[derive(Debug)]
struct Shape {
    columns: Vec<InputColumn>,
    /// The encoder of the texts, where they are read.
    encoder: Option<(PathBuf, EncoderUse)>,
}

/// A trained student that embeds texts: its encoder stands on disk until it is saved.
#[derive(Debug)]
struct TrainedOnText {
    shape: Arc<Shape>,
    config: MlpConfig,
    tables: Vec<CategoryTable>,
    head: ClassifierHead,
}

/// A trained student on vectors, numbers and categories alone.
#[derive(Debug)]
struct TrainedOnColumns {
    model: MlpModel,
}

impl PreparedColumns {
    pub(super) fn new(
        settings: &MlpStudentSettings,
        task: &Task,
        resources: &Resources<'_>,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Self, StudentError> {
        let table = task.train().table();
        let folder = settings.encoder.as_deref().filter(|_| table.schema().text().is_some());
        let choice = ColumnChoice { text: folder.is_some(), category_width: settings.category_width };
        let columns = input_columns(table, choice);
        let read = |data: &Dataset, width, embeddings: &[f32]| {
            ColumnInputs::new(data.table(), &columns, width, embeddings)
        };
        let (train, validation, encoder) = if let Some(folder) = folder {
            let encoder = settings.load(folder, resources.threads)?;
            let width = encoder.width();
            let train = embed_rows(&encoder, folder, task.train(), resources, progress, cancelled)?;
            let rows = task.train().rows();
            let mut rest = |done| progress(rows + done);
            let validation =
                embed_rows(&encoder, folder, task.validation(), resources, &mut rest, cancelled)?;
            let used = EncoderUse {
                pooling: encoder.pooling(),
                normalize: encoder.normalizes(),
                max_length: NonZeroUsize::new(encoder.max_length()).expect("a text has a token or more"),
            };
            let (train, validation) =
                (read(task.train(), width, &train)?, read(task.validation(), width, &validation)?);
            (train, validation, Some((folder.to_owned(), used)))
        } else {
            (read(task.train(), 0, &[])?, read(task.validation(), 0, &[])?, None)
        };
        let (hidden, weight_decay) = (settings.hidden, settings.weight_decay);
        Ok(Self { hidden, weight_decay, shape: Arc::new(Shape { columns, encoder }), train, validation })
    }
}

impl PreparedStudent for PreparedColumns {
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError> {
        let Self { hidden, weight_decay, .. } = *self;
        let settings = HeadSettings { hidden, weight_decay, optimizer: job.settings.optimizer };
        let mut student = TrainableNetwork::new(job.outputs(), &self.train, &settings, job.settings.seed)?;
        let report = job.train(&mut student, &self.train, &self.validation, control)?;
        let (head, tables) = student.model()?;
        let config = MlpConfig {
            labels: job.task.labels().to_vec(),
            subclasses: job.subclasses(),
            hidden,
            columns: self.shape.columns.clone(),
            encoder: self.shape.encoder.as_ref().map(|(_, used)| *used),
        };
        let student: Box<dyn TrainedStudent> = if self.shape.encoder.is_some() {
            Box::new(TrainedOnText { shape: Arc::clone(&self.shape), config, tables, head })
        } else {
            Box::new(TrainedOnColumns { model: MlpModel::new(config, tables, head, None)? })
        };
        Ok(Trained { student, report })
    }
}

impl TrainedStudent for TrainedOnColumns {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        Ok(self.model.save(folder)?)
    }

    fn predictor(&self) -> Option<&dyn Predictor> {
        Some(&self.model)
    }
}

impl TrainedStudent for TrainedOnText {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        let encoder = self.shape.encoder.as_ref().map(|(from, used)| {
            let options = EncoderLoadOptions {
                pooling: Some(used.pooling),
                normalize: Some(used.normalize),
                max_length: Some(used.max_length),
                ..EncoderLoadOptions::new(NonZeroUsize::MIN)
            };
            let encoder = Encoder::load(from, &options)?;
            Ok::<_, EncoderError>(FolderEncoder { encoder, folder: from.clone() })
        });
        let (config, tables) = (self.config.clone(), self.tables.clone());
        Ok(MlpModel::new(config, tables, self.head.clone(), encoder.transpose()?)?.save(folder)?)
    }
}
