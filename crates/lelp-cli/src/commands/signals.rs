//! `lelp signals`: store a teacher's embeddings and logits on a data file.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use lelp_data::import::{ImportOptions, import};
use lelp_data::signals::PART_ROWS;
use lelp_data::{ColumnSettings, Dataset, Existing, Precision, SignalsFolder};
use lelp_model::{PredictError, Teacher, load_model, teacher_of};
use lelp_train::teachers::{SignalsOptions, SignalsRunError, write_signals};

use crate::args::{ColumnArgs, GlobalArgs};
use crate::encoder_cache::embedding_cache;
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::model_columns::model_columns;
use crate::printer::Printer;
use crate::progress::Rows;

/// Run a teacher over a data file and store its embeddings and logits; or import those made elsewhere
///
/// Signals are the teacher's embeddings and logits, the labels if there are any, and the teacher's head: all that
/// distillation needs of the teacher, computed once for all methods and seeds. They are written part by part: a run that
/// was stopped resumes with the same command. A teacher is a folder that `lelp teach` wrote, or a fine-tuned sequence
/// classifier of the BERT family in Hugging Face's format.
///
/// Example: lelp signals --teacher teacher --data queries/train.csv --out signals
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    import: Option<Import>,

    /// Folder of a teacher, or of a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR", required = true)]
    teacher: Option<PathBuf>,

    /// Data file in Parquet, CSV, TSV or JSON Lines; labels may be missing
    #[arg(long, value_name = "FILE", required = true)]
    data: Option<PathBuf>,

    #[command(flatten)]
    output: Option<OutputArgs>,

    #[command(flatten)]
    columns: ColumnArgs,
}

#[derive(Debug, Clone, clap::Args)]
struct OutputArgs {
    /// Folder for the signals
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Precision of the embeddings on disk [default: f32; an import keeps what it finds]
    #[arg(long, value_enum, value_name = "TYPE")]
    precision: Option<PrecisionArg>,

    /// Start over if the folder holds signals already
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, Subcommand)]
enum Import {
    Import(ImportArgs),
}

/// Import signals made elsewhere, for example with NumPy or PyTorch
///
/// Arrays: `embeddings` [rows, width]; `logits` [rows, classes] (or [rows] of a one-logit teacher) or `probabilities`;
/// optional `labels` [rows], -1 for unlabelled; optional `weight` [classes, width] and `bias` [classes] of the head.
///
/// Example: lelp signals import --npz teacher.npz --out signals
#[derive(Debug, clap::Args)]
struct ImportArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// Names of the classes in their order [default: 0, 1, ..]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    labels: Option<Vec<String>>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The file or files with the arrays, in one of three formats.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct SourceArgs {
    /// A NumPy archive with the arrays
    #[arg(long, value_name = "FILE")]
    npz: Option<PathBuf>,

    /// NumPy files named for the arrays, or a folder of them
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    npy: Vec<PathBuf>,

    /// A safetensors file with the arrays
    #[arg(long, value_name = "FILE")]
    safetensors: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrecisionArg {
    F16,
    F32,
}

impl From<PrecisionArg> for Precision {
    fn from(precision: PrecisionArg) -> Self {
        match precision {
            PrecisionArg::F16 => Self::F16,
            PrecisionArg::F32 => Self::F32,
        }
    }
}

impl OutputArgs {
    fn existing(&self) -> Existing {
        if self.overwrite { Existing::Overwrite } else { Existing::Resume }
    }
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    match (&arguments.import, &arguments.teacher, &arguments.data, &arguments.output) {
        (Some(Import::Import(import)), ..) => run_import(import, printer),
        (None, Some(teacher), Some(data), Some(output)) => {
            let model = load_model(teacher, global.threads())?;
            let columns = arguments.columns.settings().or(ColumnSettings::remembered(teacher)?);
            let teacher = teacher_of(model.as_ref(), teacher)?;
            let columns = columns.or(model_columns(model.schema()));
            let data = Dataset::open(data, &columns.columns())?.with_labels(teacher.labels())?;
            run_teacher(teacher, &data, output, printer)?;
            Ok(columns.remember(&output.out)?)
        }
        _ => Err(Failure::usage("`lelp signals` needs --teacher, --data and --out, or the command `import`")),
    }
}

fn run_teacher(
    teacher: &dyn Teacher,
    data: &Dataset,
    output: &OutputArgs,
    printer: Printer,
) -> Result<(), Failure> {
    let cancel = interrupt::cancel_flag()?;
    let options = SignalsOptions {
        precision: output.precision.map_or(Precision::F32, Precision::from),
        existing: output.existing(),
        part_rows: PART_ROWS,
    };
    let bar = Rows::new(printer, "signals", data.rows());
    let signals = write_signals(
        teacher,
        embedding_cache().ok().as_ref(),
        data,
        &output.out,
        options,
        &mut |done| bar.set(done),
        &cancel,
    );
    bar.finish();
    match signals {
        Ok(signals) => {
            print_written(&signals, &output.out, printer);
            Ok(())
        }
        Err(error @ SignalsRunError::Answer(PredictError::Cancelled { .. })) => {
            Err(Failure::from(error)
                .with_hint("the parts that are complete are kept; the same command resumes"))
        }
        Err(error) => {
            Err(error).with_context(|| format!("running the teacher over `{}`", data.file().display()))
        }
    }
}

fn run_import(arguments: &ImportArgs, printer: Printer) -> Result<(), Failure> {
    let source = &arguments.source;
    let single = source.npz.iter().chain(&source.safetensors);
    let paths: Vec<PathBuf> = single.chain(&source.npy).cloned().collect();
    let options = ImportOptions {
        precision: arguments.output.precision.map(Precision::from),
        part_rows: PART_ROWS,
        label_names: arguments.labels.clone(),
        teacher: None,
        data: None,
        existing: arguments.output.existing(),
    };
    let bar = printer.progress("importing", 0, "rows");
    let signals = import(&paths, &arguments.output.out, &options, &mut |rows| bar.set_position(rows))?;
    bar.finish_and_clear();
    print_written(&signals, &arguments.output.out, printer);
    Ok(())
}

fn print_written(signals: &SignalsFolder, out: &std::path::Path, printer: Printer) {
    let description = signals.description();
    let (rows, width, classes) = (description.rows, description.width, description.classes);
    printer.step("wrote", &format!("`{}`: {rows} rows, width {width}, {classes} classes", out.display()));
    printer.detail(&format!("teacher {}", description.teacher.as_deref().unwrap_or("unknown")));
    printer.detail(&format!("data {}", description.data.as_deref().unwrap_or("unknown")));
}
