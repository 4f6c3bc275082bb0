//! Settings of a training, under one name for teacher heads and every student.

/// Settings of a training; what is left out takes the default of the model that is trained.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Training")]
pub(crate) struct TrainingArgs {
    /// Most passes over the training rows
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,

    /// Rows a step
    #[arg(long, value_name = "ROWS")]
    pub(crate) batch: Option<usize>,

    /// Step size at the start; it falls linearly to zero
    #[arg(long, value_name = "RATE")]
    pub(crate) learning_rate: Option<f32>,

    /// Passes without progress on validation before training ends
    #[arg(long, value_name = "EPOCHS")]
    pub(crate) patience: Option<usize>,

    /// Seed of the first weights, the order of rows and random rotations
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}
