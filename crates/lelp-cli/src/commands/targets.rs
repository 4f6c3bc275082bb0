//! `lelp targets`: write soft labels over all subclasses, for any training loop.

use std::path::PathBuf;

use lelp::artifact::Targets;
use lelp::{Beta, FittedSplit, TargetSettings, Temperature, counted};
use lelp_data::SignalsFolder;
use lelp_data::storage;
use lelp_train::distill::{self, SplitSharpness};

use super::check_place;
use crate::args::{ColumnArgs, FineArgs, GlobalArgs};
use crate::failure::{Context, Failure};
use crate::printer::Printer;

/// Write the soft labels over all subclasses that a student is trained on
///
/// The file holds `targets` [rows, classes*S], f32, subclass s of class c in column c*S + s; the columns of a class sum
/// to the teacher's probability of the class. A student with classes*S outputs is trained to match them; log-sum-exp
/// over the columns of each class gives its class logits.
///
/// To compare splits of different kinds at equal sharpness, give `--entropy`: it finds the width at which the split of a
/// row has that many bits on average.
///
/// Example: lelp targets --signals signals --fit fit.safetensors --out targets.safetensors
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the teacher's signals
    #[arg(long, value_name = "DIR")]
    signals: PathBuf,

    /// File of the split, from `lelp fit`
    #[arg(long, value_name = "FILE")]
    fit: PathBuf,

    /// File for the targets
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Width of the split within a class, in the unit of its scores: small is sharp [default: 0.12]
    #[arg(long, value_name = "B", conflicts_with = "entropy")]
    beta: Option<f64>,

    /// Mean entropy of the split of a row, in place of its width: 0 to log2 S
    #[arg(long, value_name = "BITS")]
    entropy: Option<f64>,

    /// Temperature of the teacher's probabilities
    #[arg(long, value_name = "T", default_value_t = Temperature::default().get())]
    temperature: f64,

    #[command(flatten)]
    fine: FineArgs,

    #[command(flatten)]
    columns: ColumnArgs,
}

impl Arguments {
    fn sharpness(&self) -> Result<SplitSharpness, Failure> {
        match (self.beta, self.entropy) {
            (Some(beta), _) => Ok(SplitSharpness::Beta(Beta::new(beta).map_err(Failure::usage)?)),
            (None, Some(bits)) => Ok(SplitSharpness::Entropy(bits)),
            (None, None) => Ok(SplitSharpness::Beta(Beta::default())),
        }
    }
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let (sharp, out) = (arguments.sharpness()?, &arguments.out);
    check_place(out, &arguments.signals, "signals", SignalsFolder::is_own_file)?;
    check_place(out, &arguments.fit, "split", |_| true)?;
    if let Some(data) = arguments.fine.data() {
        check_place(out, data, "data", |_| true)?;
    }
    let temperature = Temperature::new(arguments.temperature).map_err(Failure::usage)?;
    let signals = SignalsFolder::open(&arguments.signals)?;
    let fit = FittedSplit::from_bytes(&storage::map(&arguments.fit)?)
        .with_context(|| format!("reading `{}`", arguments.fit.display()))?;
    let fine = arguments.fine.open(&arguments.columns, &arguments.signals, fit.fine_names())?;
    let (targets, sharpness) =
        distill::split_targets_at(&signals, &fit, fine.as_ref(), sharp, temperature, global.threads())
            .with_context(|| {
                format!("applying `{}` to `{}`", arguments.fit.display(), arguments.signals.display())
            })?;
    let (classes, per_class) = (fit.classes(), fit.per_class());
    let settings = TargetSettings { beta: sharpness.beta, temperature };
    let targets = Targets::new(targets, classes, per_class, settings)?;
    storage::write(out, &targets.to_bytes())?;
    let (out, rows) = (out.display(), counted(targets.rows(), "row"));
    printer.step("wrote", &format!("`{out}`: {rows}, {classes} x {per_class} columns"));
    let (beta, entropy, even) = (sharpness.beta.get(), sharpness.entropy, (per_class as f64).log2());
    printer.note(&format!(
        "entropy of the split {entropy:.3} bits at beta {beta:.4}; 0 is one subclass a row, {even:.3} an even split"
    ));
    Ok(())
}
