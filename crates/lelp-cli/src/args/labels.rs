//! Settings of cross-entropy on labels, for teachers.

use lelp_method::CeSettings;

/// Settings of the cross-entropy on labels.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Labels")]
pub(crate) struct LabelArgs {
    /// Label smoothing: share of each label spread evenly over all classes, 0 or more and below 1 [default: 0]
    #[arg(long, value_name = "SHARE")]
    label_smoothing: Option<f64>,

    /// Weight rows so that every class counts the same in total, however many rows it has
    #[arg(long)]
    balanced: bool,
}

impl LabelArgs {
    /// Whether one of the flags was given.
    pub(crate) fn given(&self) -> bool {
        self.label_smoothing.is_some() || self.balanced
    }

    /// The settings; a flag that was not given takes its default.
    pub(crate) fn settings(&self) -> CeSettings {
        let label_smoothing = self.label_smoothing.unwrap_or_default();
        CeSettings { label_smoothing, balanced: self.balanced }
    }
}
