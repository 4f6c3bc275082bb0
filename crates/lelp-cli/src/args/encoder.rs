//! Training settings of encoders: fine-tuned teachers and encoder students.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use lelp_network::Device;
use lelp_train::distill::{SettingsTable, SettingsTableError};
use lelp_train::encoder::EncoderTrainSettings;

/// Training settings that only encoders have.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Encoder training")]
pub(crate) struct EncoderArgs {
    /// Device that an encoder is trained on: cpu, cuda, cuda:1, metal, vulkan, webgpu [default: cpu]
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<Device>,

    /// Rows computed at once; gradients of a larger batch are accumulated [default: the whole batch]
    #[arg(long, value_name = "ROWS")]
    pub(crate) micro_batch: Option<usize>,

    /// Decoupled weight decay of an encoder's weight matrices [default: 0.01]
    #[arg(long, value_name = "W")]
    pub(crate) weight_decay: Option<f64>,

    /// Largest norm of a step's gradient over all tensors; longer ones are clipped, 0 clips none [default: 1]
    #[arg(long, value_name = "NORM")]
    pub(crate) clip: Option<f64>,

    /// Factor on the learning rate for each layer below the head [default: 1]
    #[arg(long, value_name = "FACTOR")]
    pub(crate) layer_decay: Option<f64>,
}

/// What a long training writes to disk while it runs.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Encoder training")]
pub(crate) struct LogArgs {
    /// Minutes between checkpoints, from which the same command resumes; each epoch ends with one too
    #[arg(long, value_name = "MINUTES", default_value_t = 5.0, value_parser = minutes)]
    checkpoint_minutes: f64,

    /// Folder for TensorBoard events of an encoder's training
    #[arg(long, value_name = "DIR")]
    pub(crate) tensorboard: Option<PathBuf>,
}

impl LogArgs {
    pub(crate) fn checkpoint_every(&self) -> Duration {
        Duration::from_secs_f64(60.0 * self.checkpoint_minutes)
    }
}

fn minutes(value: &str) -> Result<f64, String> {
    let minutes: f64 = value.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..1e9).contains(&minutes) { Ok(minutes) } else { Err("use 0 or more".to_owned()) }
}

impl EncoderArgs {
    /// The defaults, with the given flags in their place.
    pub(crate) fn apply(&self, dropout: Option<f32>) -> EncoderTrainSettings {
        let defaults = EncoderTrainSettings::default();
        EncoderTrainSettings {
            device: self.device.unwrap_or(defaults.device),
            micro_batch: self.micro_batch.map_or(defaults.micro_batch, NonZeroUsize::new),
            weight_decay: self.weight_decay.unwrap_or(defaults.weight_decay),
            clip: self.clip.map_or(defaults.clip, |norm| (norm != 0.0).then_some(norm)),
            layer_decay: self.layer_decay.unwrap_or(defaults.layer_decay),
            dropout,
        }
    }

    /// Sets the given flags in the `model` table of a recipe.
    pub(crate) fn set(&self, recipe: &mut SettingsTable) -> Result<(), SettingsTableError> {
        recipe.set("model.device", self.device.map(String::from))?;
        recipe.set("model.micro_batch", self.micro_batch)?;
        recipe.set("model.weight_decay", self.weight_decay)?;
        recipe.set("model.clip", self.clip)?;
        recipe.set("model.layer_decay", self.layer_decay)
    }
}
