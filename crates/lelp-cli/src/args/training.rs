//! Training settings, with the same names for teachers and every student.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use lelp_method::Optimizer;
use lelp_train::distill::{SettingsTable, SettingsTableError};
use lelp_train::training::{Schedule, SelectionMetric, TrainSettings};

/// Training settings; a flag that is not given takes the default of the model that is trained.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Training")]
pub(crate) struct TrainingArgs {
    /// Most passes over the training rows [default: 20 for an n-gram student, 30 for a head, 3 for an encoder]
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,

    /// Rows in a batch [default: 128; 32 for an encoder]
    #[arg(long, value_name = "ROWS")]
    pub(crate) batch: Option<usize>,

    /// Highest learning rate [default: 0.1 for an n-gram student, 0.001 for a head, 0.00005 for an encoder]
    #[arg(long, value_name = "RATE")]
    pub(crate) learning_rate: Option<f32>,

    /// Share of all steps over which the learning rate rises from zero [default: 0; 0.06 for an encoder]
    #[arg(long, value_name = "SHARE")]
    pub(crate) warmup: Option<f64>,

    /// How the learning rate falls to zero afterwards [default: linear]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) schedule: Option<ScheduleArg>,

    /// Optimizer [default: adagrad for an n-gram student, else adam]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) optimizer: Option<OptimizerArg>,

    /// Epochs without progress on the validation rows before training stops; 0 never stops early [default: 5; 0 for an encoder]
    #[arg(long, value_name = "EPOCHS")]
    pub(crate) patience: Option<usize>,

    /// By what the best epoch is chosen on the validation rows [default: accuracy]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) select: Option<SelectArg>,

    /// Seed of the initial weights, the order of rows and random rotations [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

impl TrainingArgs {
    /// `defaults`, with the given flags in their place.
    pub(crate) fn apply(&self, defaults: TrainSettings) -> TrainSettings {
        TrainSettings {
            epochs: self.epochs.unwrap_or(defaults.epochs),
            batch: self.batch.unwrap_or(defaults.batch),
            learning_rate: self.learning_rate.unwrap_or(defaults.learning_rate),
            warmup: self.warmup.unwrap_or(defaults.warmup),
            schedule: self.schedule.map_or(defaults.schedule, Schedule::from),
            optimizer: self.optimizer.map_or(defaults.optimizer, Optimizer::from),
            patience: self.patience.map_or(defaults.patience, NonZeroUsize::new),
            select: self.select.map_or(defaults.select, SelectionMetric::from),
            seed: self.seed.unwrap_or(defaults.seed),
        }
    }

    /// Sets the given flags in the `train` table of a recipe.
    pub(crate) fn set(&self, recipe: &mut SettingsTable) -> Result<(), SettingsTableError> {
        recipe.set("train.epochs", self.epochs)?;
        recipe.set("train.batch", self.batch)?;
        recipe.set("train.learning_rate", self.learning_rate)?;
        recipe.set("train.warmup", self.warmup)?;
        recipe.set("train.schedule", self.schedule.map(Schedule::from))?;
        recipe.set("train.optimizer", self.optimizer.map(Optimizer::from))?;
        recipe.set("train.patience", self.patience)?;
        recipe.set("train.select", self.select.map(SelectionMetric::from))?;
        recipe.set("train.seed", self.seed)
    }
}

/// How the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScheduleArg {
    /// In a straight line.
    Linear,
    /// Along half a cosine.
    Cosine,
    /// Not at all.
    Constant,
}

impl From<ScheduleArg> for Schedule {
    fn from(schedule: ScheduleArg) -> Self {
        match schedule {
            ScheduleArg::Linear => Self::Linear,
            ScheduleArg::Cosine => Self::Cosine,
            ScheduleArg::Constant => Self::Constant,
        }
    }
}

/// What the best epoch is chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SelectArg {
    /// Share of rows that are right.
    Accuracy,
    /// Mean of the classes' F1: rare classes count as much as others.
    MacroF1,
    /// Area under the ROC curve: how well rows are ranked.
    Auc,
    /// Negative log-likelihood: how good the probabilities are.
    LogLoss,
}

impl From<SelectArg> for SelectionMetric {
    fn from(select: SelectArg) -> Self {
        match select {
            SelectArg::Accuracy => Self::Accuracy,
            SelectArg::MacroF1 => Self::MacroF1,
            SelectArg::Auc => Self::Auc,
            SelectArg::LogLoss => Self::LogLoss,
        }
    }
}

/// Optimizers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimizerArg {
    /// Plain gradient descent.
    Sgd,
    /// Steps shrink for weights that were often updated; the n-gram student's default.
    Adagrad,
    /// Running means of gradients and of their squares; the default of heads and encoders.
    Adam,
}

impl From<OptimizerArg> for Optimizer {
    fn from(optimizer: OptimizerArg) -> Self {
        match optimizer {
            OptimizerArg::Sgd => Self::Sgd,
            OptimizerArg::Adagrad => Self::Adagrad,
            OptimizerArg::Adam => Self::Adam,
        }
    }
}
