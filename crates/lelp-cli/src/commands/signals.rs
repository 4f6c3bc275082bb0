//! `lelp signals`: store a teacher's embeddings and logits on a data file.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use lelp::counted;
use lelp_data::import::{ImportOptions, import};
use lelp_data::signals::PART_ROWS;
use lelp_data::storage;
use lelp_data::{ColumnRequest, ColumnSettings, Columns, Dataset, Existing, Precision, SignalsFolder};
use lelp_model::{PredictError, Teacher, load_model, teacher_of};
use lelp_train::teachers::{AbsentTeacher, AnswerKind, SignalsOptions, SignalsRunError};
use lelp_train::teachers::{logits_of_columns, write_signals, write_signals_of_answers};

use crate::args::{ColumnArgs, GlobalArgs, PrecisionArgs, model_name};
use crate::data_notices;
use crate::encoder_cache::{embedding_cache, encoder_folder};
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::model_columns::{asked_columns, class_names};
use crate::printer::Printer;
use crate::progress::Rows;
use crate::teacher_warnings;

const EXAMPLES: &str = "\
Examples:
  lelp signals --teacher teacher --data queries/train.csv --out signals
  lelp signals --encoder MiniLM --data answered.csv --probability-columns no,yes --out signals";

/// Run a teacher over a data file and store its embeddings and logits; or import those made elsewhere
///
/// Signals are the teacher's embeddings and logits, the labels if there are any, and the teacher's head: all that
/// distillation needs of the teacher, computed once for all methods and seeds. They are written part by part: a run that
/// was stopped resumes with the same command. A teacher is a folder that `lelp teach` wrote, or a fine-tuned sequence
/// classifier of the BERT family in Hugging Face's format.
///
/// A teacher that is not here, an LLM or a service, comes by its answers in columns of the data file: a frozen encoder
/// embeds the texts, and the answers count as the teacher's.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    import: Option<Import>,

    /// Folder of a teacher, or of a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR", required_unless_present = "encoder")]
    teacher: Option<PathBuf>,

    /// In place of a teacher: a Hugging Face folder, or the name of a model as for `lelp pull`, that embeds the texts
    #[arg(long, value_name = "DIR|MODEL", value_parser = model_name(), conflicts_with = "teacher", requires = "answers")]
    encoder: Option<String>,

    #[command(flatten)]
    answers: AnswerArgs,

    /// Data file in Parquet, CSV, TSV or JSON Lines; labels may be missing
    #[arg(long, value_name = "FILE", required = true)]
    data: Option<PathBuf>,

    #[command(flatten)]
    output: Option<OutputArgs>,

    #[command(flatten)]
    precision: PrecisionArgs,

    #[command(flatten)]
    columns: ColumnArgs,
}

/// Where the answers of a teacher that is not here stand.
#[derive(Debug, clap::Args)]
#[group(id = "answers", multiple = false, requires = "encoder")]
struct AnswerArgs {
    /// Columns of the answers' probabilities, one a class, or one for the second of two; the columns name the classes
    /// unless `--labels` does
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    probability_columns: Vec<String>,

    /// Columns of the answers' logits, likewise
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    logit_columns: Vec<String>,
}

impl AnswerArgs {
    /// The columns, and what they hold.
    fn columns(&self) -> (&[String], AnswerKind) {
        if self.probability_columns.is_empty() {
            (&self.logit_columns, AnswerKind::Logits)
        } else {
            (&self.probability_columns, AnswerKind::Probabilities)
        }
    }
}

#[derive(Debug, Clone, clap::Args)]
struct OutputArgs {
    /// Folder for the signals
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// How the embeddings are stored [default: f32; an import keeps what it finds]
    #[arg(long, value_enum, value_name = "TYPE")]
    embeddings: Option<StoredArg>,

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
enum StoredArg {
    F16,
    F32,
}

impl From<StoredArg> for Precision {
    fn from(stored: StoredArg) -> Self {
        match stored {
            StoredArg::F16 => Self::F16,
            StoredArg::F32 => Self::F32,
        }
    }
}

impl OutputArgs {
    fn options<'a>(&self, columns: &'a ColumnSettings) -> SignalsOptions<'a> {
        SignalsOptions {
            precision: self.embeddings.map_or(Precision::F32, Precision::from),
            existing: self.existing(),
            part_rows: PART_ROWS,
            columns,
        }
    }

    fn existing(&self) -> Existing {
        if self.overwrite { Existing::Overwrite } else { Existing::Resume }
    }
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    if let Some(Import::Import(import)) = &arguments.import {
        return run_import(import, printer);
    }
    let (Some(data), Some(output)) = (&arguments.data, &arguments.output) else {
        return Err(Failure::usage(NEEDS));
    };
    let signals = match (&arguments.teacher, &arguments.encoder) {
        (Some(folder), _) => {
            let model = load_model(folder, arguments.precision.options(global))?;
            let teacher = teacher_of(model.as_ref(), folder)?;
            let columns = asked_columns(arguments.columns.settings(), folder, model.schema())?;
            let names = class_names(columns.labels.as_deref(), teacher.labels())?;
            // A name of one of the classes never means that there is no label.
            let read = ColumnSettings { labels: Some(names.to_vec()), ..columns.clone() }.columns();
            let data = Dataset::open(data, &read)?.with_labels(names)?;
            data_notices::warn(data.notices(), printer);
            arguments.precision.check(model.as_ref(), folder, &data, global, printer)?;
            run_teacher(teacher, &data, &columns, output, printer)?
        }
        (None, Some(encoder)) => run_encoder(arguments, encoder, data, output, global, printer)?,
        (None, None) => return Err(Failure::usage(NEEDS)),
    };
    print_written(&signals, &output.out, printer);
    Ok(teacher_warnings::of_signals(&signals, printer)?)
}

const NEEDS: &str =
    "`lelp signals` needs --data, --out and --teacher or --encoder, or the command `import` with its files";

/// Embeds the texts with a frozen encoder, and takes the answers in the data file's columns as a teacher's.
fn run_encoder(
    arguments: &Arguments,
    encoder: &str,
    data: &Path,
    output: &OutputArgs,
    global: &GlobalArgs,
    printer: Printer,
) -> Result<SignalsFolder, Failure> {
    let (columns, kind) = arguments.answers.columns();
    let answers = Columns {
        text: ColumnRequest::No,
        pair: ColumnRequest::No,
        numbers: columns.to_vec(),
        label: ColumnRequest::No,
        label_name: ColumnRequest::No,
        ..Columns::default()
    };
    let logits = logits_of_columns(&Dataset::open(data, &answers)?, kind)?;
    let settings = arguments.columns.settings();
    let own = match columns {
        [second] => vec![format!("not {second}"), second.clone()],
        all => all.to_vec(),
    };
    let labels = class_names(settings.labels.as_deref(), &own)?;
    let data = Dataset::open(data, &settings.columns())?.with_labels(labels)?;
    let folder = encoder_folder(encoder, printer)?;
    let encoder = arguments.precision.run_in.load_encoder(&folder, &data, global, printer)?;
    let precision = encoder.precision();
    let cancel = interrupt::cancel_flag()?;
    let bar = Rows::new(printer, "embedding", data.rows());
    let embeddings = embedding_cache()?
        .embed(&encoder, &folder, &data, &mut |done| bar.set(done), &cancel)
        .with_context(|| format!("embedding `{}`", data.file().display()))?;
    bar.finish();
    let bytes: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
    let hash =
        storage::sha256(format!("{}{}", encoder.identity(&folder)?, storage::sha256(&bytes)).as_bytes());
    let teacher = AbsentTeacher { labels, logits: &logits, embeddings: &embeddings, hash: &hash, precision };
    Ok(write_signals_of_answers(teacher, &data, &output.out, output.options(&settings))?)
}

fn run_teacher(
    teacher: &dyn Teacher,
    data: &Dataset,
    columns: &ColumnSettings,
    output: &OutputArgs,
    printer: Printer,
) -> Result<SignalsFolder, Failure> {
    let cancel = interrupt::cancel_flag()?;
    let bar = Rows::new(printer, "signals", data.rows());
    let signals = write_signals(
        teacher,
        embedding_cache().ok().as_ref(),
        data,
        &output.out,
        output.options(columns),
        &mut |done| bar.set(done),
        &cancel,
    );
    bar.finish();
    match signals {
        Ok(signals) => Ok(signals),
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
        precision: arguments.output.embeddings.map(Precision::from),
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
    Ok(teacher_warnings::of_signals(&signals, printer)?)
}

fn print_written(signals: &SignalsFolder, out: &Path, printer: Printer) {
    let description = signals.description();
    let (width, classes) = (description.width, description.classes);
    let rows = counted(usize::try_from(description.rows).unwrap_or(usize::MAX), "row");
    printer.step("wrote", &format!("`{}`: {rows}, width {width}, {classes} classes", out.display()));
    printer.detail(&format!("teacher {}", description.teacher.as_deref().unwrap_or("unknown")));
    printer.detail(&format!("data {}", description.data.as_deref().unwrap_or("unknown")));
}
