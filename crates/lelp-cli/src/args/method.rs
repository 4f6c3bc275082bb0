//! What a student learns from.

use std::num::NonZeroUsize;

use clap::builder::{PossibleValue, PossibleValuesParser};
use lelp_compare::auto::{AUTO, DEFAULT_BUDGET};
use lelp_method::{AuxiliaryTerm, MethodSettings};
use lelp_train::distill::{SettingsTable, SettingsTableError};
use serde::Serialize;

use super::parameters::{Methods, ParameterArgs};

/// The method and its weights; what is left out takes the default of the method (`lelp methods` lists them).
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct MethodArgs {
    /// What the student learns from [default: auto]
    #[arg(long, value_parser = methods(), value_name = "METHOD")]
    method: Option<String>,

    /// Students that a search of `auto` trains at most
    #[arg(long, value_name = "N", default_value_t = DEFAULT_BUDGET)]
    pub(crate) auto_budget: NonZeroUsize,

    /// Add what a method has beyond `kd` to another one; can be given again [default weights; a recipe can set them]
    #[arg(long, value_parser = addable(), value_name = "METHOD")]
    add: Vec<String>,

    /// Train although the method means nothing with so few classes
    #[arg(long)]
    pub(crate) force: bool,

    /// oracle: column of fine labels in the training file
    #[arg(long, value_name = "NAME")]
    fine_column: Option<String>,

    /// The settings of all methods.
    #[command(flatten)]
    parameters: ParameterArgs<Methods>,
}

/// An entry of `[[distill.add]]`.
#[derive(Serialize)]
struct Entry<'a> {
    method: &'a str,
}

impl MethodArgs {
    /// Sets what was given in the `distill` table of a recipe.
    pub(crate) fn set(&self, recipe: &mut SettingsTable) -> Result<(), SettingsTableError> {
        let named = recipe.table_mut("distill").is_some_and(|table| table.contains_key("method"));
        recipe.set("distill.method", self.method.as_deref().or((!named).then_some(AUTO)))?;
        recipe.set("columns.fine", self.fine_column.as_ref())?;
        let add: Vec<Entry<'_>> = self.add.iter().map(|method| Entry { method }).collect();
        recipe.set("distill.add", (!add.is_empty()).then_some(add))?;
        for (name, value) in self.parameters.given() {
            recipe.set(&format!("distill.{name}"), Some(value))?;
        }
        Ok(())
    }
}

/// The names of all methods, each with what it is.
fn methods() -> PossibleValuesParser {
    let value = |method: MethodSettings| PossibleValue::new(method.name()).help(method.summary());
    let auto = PossibleValue::new(AUTO)
        .help("the best of labels, teacher and splits, with the features that go with it");
    PossibleValuesParser::new(MethodSettings::all().into_iter().map(value).chain([auto]))
}

fn addable() -> PossibleValuesParser {
    PossibleValuesParser::new(AuxiliaryTerm::all().into_iter().map(|term| term.name()))
}
