//! An encoder student while it is trained, and its folder.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lelp_data::{Dataset, Text};
use lelp_method::Optimizer;
use lelp_model::checkpoint::{EncoderConfig, encoder_hash};
use lelp_model::encoder::EncoderError;

use super::settings::{EncoderChoice, EncoderStudentSettings, LayerChoice};
use crate::encoder::{
    EncoderInputs, EncoderSizes, EncoderSource, EncoderTrainSettings, TrainableEncoder, spaced_layers,
};
use crate::students::{
    PreparedStudent, Resources, StudentError, Trained, TrainedStudent, TrainingControl, TrainingJob,
};
use crate::task::Task;

/// Tokens of a task's texts, and the encoder that students start from.
#[derive(Debug)]
pub(super) struct PreparedEncoder {
    folder: PathBuf,
    source: Arc<EncoderSource>,
    training: EncoderTrainSettings,
    train: EncoderInputs,
    validation: EncoderInputs,
}

/// A trained encoder student.
#[derive(Debug)]
struct TrainedEncoder {
    source: Arc<EncoderSource>,
    encoder: TrainableEncoder,
    labels: Vec<String>,
    subclasses: NonZeroUsize,
}

impl PreparedEncoder {
    pub(super) fn new(
        settings: &EncoderStudentSettings,
        task: &Task,
        resources: &Resources<'_>,
    ) -> Result<Self, StudentError> {
        if task.train().schema().text().is_none() {
            return Err(StudentError::NoText { student: "encoder" });
        }
        let folder = match (&settings.from, resources.teacher) {
            (EncoderChoice::At(folder), _) => folder.clone(),
            (EncoderChoice::Teacher, Some(folder)) => folder.to_owned(),
            (EncoderChoice::Teacher, None) => return Err(StudentError::NoTeacherFolder),
        };
        let source = Arc::new(source(&folder, settings)?);
        let inputs = |data: &Dataset| {
            let texts: Vec<Text<'_>> = data.texts()?.collect();
            EncoderInputs::new(source.tokenizer(), &texts, resources.threads).map_err(StudentError::from)
        };
        let (train, validation) = (inputs(task.train())?, inputs(task.validation())?);
        Ok(Self { folder, source, training: settings.training, train, validation })
    }
}

impl PreparedStudent for PreparedEncoder {
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError> {
        let optimizer = job.settings.optimizer;
        if optimizer != Optimizer::Adam {
            return Err(StudentError::EncoderOptimizer(optimizer));
        }
        let mut encoder = self.source.student(job.outputs(), &self.training, job.settings.seed)?;
        self.train.check_memory(&encoder, job.settings.batch, &self.training)?;
        let report = job.train(&mut encoder, &self.train, &self.validation, control)?;
        let (labels, subclasses) = (job.task.labels().to_vec(), job.subclasses());
        let student = TrainedEncoder { source: Arc::clone(&self.source), encoder, labels, subclasses };
        Ok(Trained { student: Box::new(student), report })
    }

    fn checkpoint_identity(&self) -> Result<Option<String>, StudentError> {
        Ok(Some(encoder_hash(&self.folder).map_err(EncoderError::from)?))
    }
}

impl TrainedStudent for TrainedEncoder {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        Ok(self.source.save(folder, &self.encoder, &self.labels, self.subclasses)?)
    }
}

/// The encoder in `folder` as students start from it.
fn source(folder: &Path, settings: &EncoderStudentSettings) -> Result<EncoderSource, StudentError> {
    let config = EncoderConfig::load(folder).map_err(EncoderError::from)?;
    let or = |given: Option<NonZeroUsize>, default: usize| given.map_or(default, NonZeroUsize::get);
    let layers = or(settings.layers, config.layers);
    if settings.scratch {
        let sizes = EncoderSizes {
            layers,
            width: or(settings.width, config.width),
            heads: or(settings.heads, config.heads),
            inner: or(settings.inner, config.inner),
        };
        return Ok(EncoderSource::scratch(folder, sizes, settings.max_length)?);
    }
    let layers = match settings.spacing {
        LayerChoice::Even if layers <= config.layers => spaced_layers(layers, config.layers),
        // `EncoderSource::layers` refuses more layers than there are.
        LayerChoice::Even | LayerChoice::Lower => (0..layers).collect(),
    };
    Ok(EncoderSource::layers(folder, layers, settings.max_length)?)
}
