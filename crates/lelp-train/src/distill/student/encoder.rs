//! Encoder students: a teacher's own layers, a smaller checkpoint, or a network from scratch.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use lelp_data::Text;
use lelp_model::checkpoint::EncoderConfig;

use super::super::settings::{EncoderOptions, Spacing};
use super::super::task::Task;
use super::super::{DistillError, TrainingControl};
use super::{StudentModel, StudentModelError, Trained, TrainingJob};
use crate::students::{EncoderInputs, EncoderSizes, EncoderSource, TrainableEncoder, spaced_layers};
use lelp_data::Dataset;
use lelp_method::Optimizer;

/// Tokens of a task's texts, and the encoder that students start from.
#[derive(Debug)]
pub struct EncoderTexts {
    source: Arc<EncoderSource>,
    train: EncoderInputs,
    validation: EncoderInputs,
}

/// A trained encoder student.
#[derive(Debug)]
pub struct EncoderModel {
    source: Arc<EncoderSource>,
    student: TrainableEncoder,
    labels: Vec<String>,
    subclasses: NonZeroUsize,
}

impl EncoderTexts {
    pub(super) fn new(
        task: &Task,
        options: &EncoderOptions,
        threads: NonZeroUsize,
    ) -> Result<Self, StudentModelError> {
        let source = Arc::new(source(options)?);
        let inputs = |data: &Dataset| {
            let texts: Vec<Text<'_>> = data.iter().collect();
            EncoderInputs::new(source.tokenizer(), &texts, threads)
        };
        let (train, validation) = (inputs(task.train())?, inputs(task.validation())?);
        Ok(Self { source, train, validation })
    }

    /// Trains one student.
    pub(in crate::distill) fn train(
        &self,
        options: &EncoderOptions,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, DistillError> {
        let optimizer = job.settings.optimizer;
        if optimizer != Optimizer::Adam {
            return Err(StudentModelError::Optimizer(optimizer).into());
        }
        let labels = job.task.labels().to_vec();
        let subclasses = NonZeroUsize::new(job.method.base.subclasses()).unwrap_or(NonZeroUsize::MIN);
        let outputs = labels.len() * subclasses.get();
        let mut student = self
            .source
            .student(outputs, &options.training(), job.settings.seed)
            .map_err(StudentModelError::from)?;
        self.train
            .check_memory(&student, job.settings.batch, &options.training())
            .map_err(StudentModelError::from)?;
        let report = job.train(&mut student, &self.train, &self.validation, control)?;
        let model = EncoderModel { source: Arc::clone(&self.source), student, labels, subclasses };
        Ok((StudentModel::Encoder(Box::new(model)), report))
    }
}

impl EncoderModel {
    pub(super) fn save(&self, folder: &Path) -> Result<(), StudentModelError> {
        Ok(self.source.save(folder, &self.student, &self.labels, self.subclasses)?)
    }
}

/// The encoder that students start from.
fn source(options: &EncoderOptions) -> Result<EncoderSource, StudentModelError> {
    let folder = &options.from;
    if folder.as_os_str().is_empty() {
        let what = "the folder of a teacher or of any encoder, whose layers and tokenizer it takes";
        return Err(StudentModelError::Option { student: "encoder", option: "from", what });
    }
    let max_length = NonZeroUsize::new(options.max_length);
    let config = EncoderConfig::load(folder).map_err(lelp_model::encoder::EncoderError::from)?;
    let or = |given: usize, default: usize| if given == 0 { default } else { given };
    if options.scratch {
        let sizes = EncoderSizes {
            layers: or(options.layers, config.layers),
            width: or(options.width, config.width),
            heads: or(options.heads, config.heads),
            inner: or(options.inner, config.inner),
        };
        return Ok(EncoderSource::scratch(folder, sizes, max_length)?);
    }
    let taken = or(options.layers, config.layers);
    let layers = match options.spacing {
        Spacing::Even if taken <= config.layers => spaced_layers(taken, config.layers),
        // More layers than there are is told by `layers`.
        Spacing::Even | Spacing::Lower => (0..taken).collect(),
    };
    Ok(EncoderSource::layers(folder, layers, max_length)?)
}
