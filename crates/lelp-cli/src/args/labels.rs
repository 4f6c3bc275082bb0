//! How labels are learned from, by teachers and by students that read them.

use lelp_method::CeSettings;
use lelp_train::distill::{Recipe, RecipeError};

/// Settings of the labels' cross-entropy.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Labels")]
pub(crate) struct LabelArgs {
    /// Share of each label that is spread over all classes alike, 0 or more and below 1 [default: 0]
    #[arg(long, value_name = "SHARE")]
    label_smoothing: Option<f64>,

    /// Let the rows of every class weigh the same together, however many there are
    #[arg(long)]
    balanced: bool,
}

impl LabelArgs {
    /// Whether anything was given.
    pub(crate) fn given(&self) -> bool {
        self.label_smoothing.is_some() || self.balanced
    }

    /// The settings; what is left out takes its default.
    pub(crate) fn settings(&self) -> CeSettings {
        let label_smoothing = self.label_smoothing.unwrap_or_default();
        CeSettings { label_smoothing, balanced: self.balanced }
    }

    /// Sets what was given in the `distill` table of a recipe: method `ce` has it.
    pub(crate) fn set(&self, recipe: &mut Recipe) -> Result<(), RecipeError> {
        recipe.set("distill.label_smoothing", self.label_smoothing)?;
        recipe.set("distill.balanced", self.balanced.then_some(true))
    }
}
