//! `lelp targets`: soft labels over all subclasses, for any training loop.

use std::path::PathBuf;

use lelp::artifact::Targets;
use lelp::{Beta, LelpFit, TargetSettings, Temperature, split_entropy};
use lelp_infer::storage;
use lelp_train::data::SignalsFolder;
use lelp_train::distill;

use crate::args::GlobalArgs;
use crate::failure::{Failure, While};
use crate::printer::Printer;

/// Write the soft labels that a student is trained on
///
/// The file holds `targets` [rows, classes*S], f32, column c*S + s; the columns of a class sum to the teacher's
/// probability of the class. A student with classes*S outputs is trained to match them; log-sum-exp over each class's
/// columns gives its class logits.
///
/// Example: lelp targets --signals signals --fit fit.safetensors --out targets.safetensors
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the teacher's signals
    #[arg(long, value_name = "DIR")]
    signals: PathBuf,

    /// File of directions, from `lelp fit`
    #[arg(long, value_name = "FILE")]
    fit: PathBuf,

    /// File for the targets
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Width of the split within a class, in deviations of the coordinates: small is sharp
    #[arg(long, value_name = "B", default_value_t = Beta::default().get())]
    beta: f64,

    /// Temperature of the teacher's probabilities
    #[arg(long, value_name = "T", default_value_t = Temperature::default().get())]
    temperature: f64,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let settings = TargetSettings {
        beta: Beta::new(arguments.beta).map_err(Failure::usage)?,
        temperature: Temperature::new(arguments.temperature).map_err(Failure::usage)?,
    };
    let signals = SignalsFolder::open(&arguments.signals)?;
    let fit = LelpFit::from_bytes(&storage::map(&arguments.fit)?)
        .or_while(|| format!("reading `{}`", arguments.fit.display()))?;
    let targets = distill::targets(&signals, &fit, settings, global.threads()).or_while(|| {
        format!("applying `{}` to `{}`", arguments.fit.display(), arguments.signals.display())
    })?;
    let (classes, per_class) = (fit.classes(), fit.per_class());
    let entropy = split_entropy(&targets, classes, per_class)?;
    let rows = targets.len() / fit.outputs();
    let targets = Targets::new(targets, classes, per_class, settings)?;
    storage::write(&arguments.out, &targets.to_bytes())?;
    printer.step(
        "wrote",
        &format!("`{}`: {rows} rows, {classes} x {per_class} columns", arguments.out.display()),
    );
    let even = (per_class as f64).ln();
    printer.note(&format!(
        "entropy of the split {entropy:.3} nats; 0 is one subclass a row, {even:.3} an even split"
    ));
    Ok(())
}
