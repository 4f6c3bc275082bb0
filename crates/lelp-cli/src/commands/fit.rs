//! `lelp fit`: the directions that split each class.

use std::path::PathBuf;

use lelp::{HeadSource, LelpFit, LelpSettings, Members, Rotation};
use lelp_infer::storage;
use lelp_train::data::SignalsFolder;
use lelp_train::distill;
use serde_json::json;

use crate::args::{FitArgs, GlobalArgs};
use crate::failure::{Failure, While};
use crate::printer::Printer;
use crate::table::Table;

/// Find the directions that split each class into subclasses
///
/// The file holds `projection` [width, classes*S] and `offset` [classes*S]: coordinates are
/// embeddings x projection - offset, column c*S + s; beside them the directions and their variances.
///
/// Example: lelp fit --signals signals --subclasses 8 --out fit.safetensors
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the teacher's signals
    #[arg(long, value_name = "DIR")]
    signals: PathBuf,

    /// File for the directions
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    fit: FitArgs,

    /// Seed of the random rotation
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let default = LelpSettings::default();
    let settings = LelpSettings {
        subclasses: arguments.fit.subclasses.unwrap_or(default.subclasses),
        null_space: arguments.fit.null_space(),
        rotation: arguments.fit.rotation.map_or(default.rotation, Rotation::from),
        seed: arguments.seed,
    };
    let members = arguments.fit.members.map_or(Members::default(), Members::from);
    let fitting = || format!("fitting `{}`", arguments.signals.display());
    let signals = SignalsFolder::open(&arguments.signals)?;
    let moments = distill::moments(&signals, members, global.threads()).or_while(fitting)?;
    let fit = distill::fit(&signals, &moments, &settings, global.threads()).or_while(fitting)?;
    storage::write(&arguments.out, &fit.to_bytes())?;
    let names = &signals.description().label_names;
    if arguments.json {
        printer.data(&as_json(&fit, names))?;
    } else {
        printer.data(&as_table(&fit, names))?;
    }
    warn(&fit, names, printer);
    printer.step("wrote", &format!("`{}`", arguments.out.display()));
    Ok(())
}

pub(crate) fn as_table(fit: &LelpFit, names: &[String]) -> String {
    let mut table = Table::new(&["class", "members", "directions", "variance kept", "effective rank"]);
    for (name, report) in names.iter().zip(fit.reports()) {
        table.row(&[
            name.clone(),
            report.members.to_string(),
            fit.per_class().to_string(),
            format!("{:.1} %", 100.0 * report.variance_kept()),
            format!("{:.1}", report.effective_rank()),
        ]);
    }
    table.to_string()
}

fn as_json(fit: &LelpFit, names: &[String]) -> String {
    let classes = names.iter().zip(fit.reports()).map(|(name, report)| {
        json!({
            "class": name,
            "members": report.members,
            "variance": report.variance,
            "variance_kept": report.variance_kept(),
            "effective_rank": report.effective_rank(),
        })
    });
    let classes: Vec<_> = classes.collect();
    json!({ "settings": fit.settings(), "head": fit.head_source(), "classes": classes }).to_string()
}

/// What a user should know before training on this fit.
fn warn(fit: &LelpFit, names: &[String], printer: Printer) {
    if let HeadSource::Estimated { explained } = fit.head_source() {
        let share = 100.0 * explained;
        printer.warn(&format!(
            "the signals hold no head: it was estimated from the logits, of whose variance it explains {share:.1} %"
        ));
    }
    for (name, report) in names.iter().zip(fit.reports()) {
        let rank = report.effective_rank();
        if report.variance_kept() == 0.0 {
            printer.warn(&format!("class `{name}` has no variance to split: its split will be even"));
        } else if fit.per_class() as f64 > rank {
            printer.warn(&format!(
                "{} subclasses of class `{name}` look too many: its variance spreads over {rank:.1} directions",
                fit.per_class()
            ));
        }
    }
}
