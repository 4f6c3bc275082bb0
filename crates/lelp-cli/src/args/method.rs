//! What a student learns from.

use clap::builder::{PossibleValue, PossibleValuesParser};
use lelp_compare::auto::{AUTO, MaybeAuto};
use lelp_method::{AuxiliaryTerm, MethodSettings};
use lelp_train::distill::{SettingsTable, SettingsTableError};
use serde::Serialize;

/// The method and its weights; what is left out takes the default of the method (`lelp methods` lists them).
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct MethodArgs {
    /// What the student learns from
    #[arg(long, value_parser = methods(), value_name = "METHOD", required_unless_present = "recipe")]
    method: Option<String>,

    /// Add what a method has beyond `kd` to another one; can be given again [default weights; a recipe can set them]
    #[arg(long, value_parser = addable(), value_name = "METHOD")]
    add: Vec<String>,

    /// Train although the method means nothing with so few classes
    #[arg(long)]
    pub(crate) force: bool,

    /// Weight of the labels beside the teacher, 0 to 1 [default: 0]
    #[arg(long, value_name = "WEIGHT")]
    alpha: Option<f64>,

    /// Softens teacher and student [default: 1; dkd 4, lskd 2]
    #[arg(long, value_name = "T")]
    temperature: Option<f64>,

    /// Width of the split within a class: small is sharp. In deviations of the coordinates, or mean squared radii of a
    /// clustered class; `auto` for what a probe finds best [default: 0.12; clusterings 0.2, oracle 0.1]
    #[arg(long, value_name = "B|auto", conflicts_with = "entropy")]
    beta: Option<MaybeAuto<f64>>,

    /// Mean entropy of the split of a row, in place of its width: 0 to log2 S
    #[arg(long, value_name = "BITS")]
    entropy: Option<f64>,

    /// oracle: column of fine labels in the training file
    #[arg(long, value_name = "NAME")]
    fine_column: Option<String>,

    /// Weight of a method's own term: of the embeddings for fitnet, vid and crd, of all for lskd
    /// [default: fitnet 100, vid 1, crd 0.8, lskd 9]
    #[arg(long, value_name = "WEIGHT")]
    weight: Option<f64>,

    /// dkd: weight of the label's class against the others [default: 1]
    #[arg(long, value_name = "WEIGHT")]
    target_weight: Option<f64>,

    /// dkd: weight of the other classes among themselves [default: 8]
    #[arg(long, value_name = "WEIGHT")]
    non_target_weight: Option<f64>,

    /// dist: weight of the correlation inside rows [default: 1]
    #[arg(long, value_name = "WEIGHT")]
    row_weight: Option<f64>,

    /// dist: weight of the correlation inside classes [default: 1]
    #[arg(long, value_name = "WEIGHT")]
    column_weight: Option<f64>,

    /// rkd: weight of the distances [default: 25]
    #[arg(long, value_name = "WEIGHT")]
    distance_weight: Option<f64>,

    /// rkd: weight of the angles; 0 leaves them out [default: 50]
    #[arg(long, value_name = "WEIGHT")]
    angle_weight: Option<f64>,

    /// crd: rows of other classes that each row is told apart from [default: 1024]
    #[arg(long, value_name = "N")]
    negatives: Option<usize>,
}

/// An entry of `[[distill.add]]`.
#[derive(Serialize)]
struct Entry<'a> {
    method: &'a str,
}

impl MethodArgs {
    /// Sets what was given in the `distill` table of a recipe.
    pub(crate) fn set(&self, recipe: &mut SettingsTable) -> Result<(), SettingsTableError> {
        recipe.set("distill.method", self.method.as_ref())?;
        recipe.set("columns.fine", self.fine_column.as_ref())?;
        let add: Vec<Entry<'_>> = self.add.iter().map(|method| Entry { method }).collect();
        recipe.set("distill.add", (!add.is_empty()).then_some(add))?;
        for (name, value) in [
            ("alpha", self.alpha),
            ("temperature", self.temperature),
            ("entropy", self.entropy),
            ("weight", self.weight),
            ("target_weight", self.target_weight),
            ("non_target_weight", self.non_target_weight),
            ("row_weight", self.row_weight),
            ("column_weight", self.column_weight),
            ("distance_weight", self.distance_weight),
            ("angle_weight", self.angle_weight),
        ] {
            recipe.set(&format!("distill.{name}"), value)?;
        }
        recipe.set("distill.beta", self.beta)?;
        recipe.set("distill.negatives", self.negatives)
    }
}

/// The names of all methods, each with what it is.
fn methods() -> PossibleValuesParser {
    let value = |method: MethodSettings| PossibleValue::new(method.name()).help(method.summary());
    let auto =
        PossibleValue::new(AUTO).help("lelp, kmeans or kd: what small students learn best from in seconds");
    PossibleValuesParser::new(MethodSettings::all().into_iter().map(value).chain([auto]))
}

fn addable() -> PossibleValuesParser {
    PossibleValuesParser::new(AuxiliaryTerm::all().into_iter().map(|term| term.name()))
}
