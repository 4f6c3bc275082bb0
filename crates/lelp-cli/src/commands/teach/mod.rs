//! `lelp teach`: train a teacher, its head alone or the whole encoder.

mod fine_tune;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lelp_data::storage::FolderLock;
use lelp_data::{Splits, split_overlaps};
use lelp_method::SubclassTeacherSettings;
use lelp_model::encoder::{Encoder, EncoderLoadOptions, Pooling};
use lelp_train::head::HeadSettings;
use lelp_train::network::CATEGORY_WIDTH;
use lelp_train::teachers::{FrozenEncoder, HeadTraining, TrainedHead};
use lelp_train::training::{Event, TrainReport, TrainSettings};

use crate::args::{ColumnArgs, EncoderArgs, GlobalArgs, LabelArgs, LogArgs, TrainingArgs, model_name};
use crate::command_error::CommandError;
use crate::data_notices;
use crate::encoder_cache::{embedding_cache, encoder_folder};
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::overlaps;
use crate::printer::Printer;
use crate::progress::{self, Rows};

const EXAMPLES: &str = "\
Examples:
  lelp teach --encoder sentence-transformers/all-MiniLM-L6-v2 --data queries/ --out teacher
  lelp teach --encoder sentence-transformers/all-MiniLM-L6-v2 --data queries/ \\
    --tune all --epochs 2 --out teacher
  lelp teach --data customers/ --number-columns age,income --category-columns country --out teacher";

/// Train a teacher: a head on a frozen encoder or on columns, or the whole encoder
///
/// `--tune head`: the encoder embeds every text once, and a head, linear or with one hidden layer, is trained on the
/// embeddings. Takes seconds to minutes. Embeddings are cached beside the encoders of `lelp pull`, for `lelp signals`
/// and for further heads. With a hidden layer, its activations are the embeddings that LELP splits classes by.
///
/// Vectors, numbers and categories need no encoder: the head reads the columns that are named, numbers standardised and
/// each category as a vector that is learned. With an encoder it reads a text beside them too.
///
/// `--tune all`: encoder and Hugging Face classification head are fine-tuned together with AdamW. Takes minutes to
/// hours, and gives the better teacher where there are enough labels. The folder is a checkpoint that `transformers`
/// loads. A run that was stopped, by Ctrl-C or otherwise, resumes with the same command and ends in the same bytes.
///
/// The best epoch is chosen on the validation file, or on a tenth of the training file where there is none. The folder
/// is all that `lelp signals`, `eval`, `predict` and `distill --from` need.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Encoder of the texts: a Hugging Face folder, or the name of a model as for `lelp pull`
    #[arg(long, value_name = "DIR|MODEL", value_parser = model_name())]
    encoder: Option<String>,

    /// Folder with train, validation and test files (Parquet, CSV, TSV, JSON Lines), or one training file
    #[arg(long, value_name = "PATH")]
    data: PathBuf,

    /// Folder for the teacher
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace a teacher that is in the folder already
    #[arg(long)]
    overwrite: bool,

    /// Units of the hidden layer of a head on a frozen encoder or on columns; 0 for a linear head [default: 256]
    #[arg(long, value_name = "N")]
    hidden: Option<usize>,

    /// Width of the vector that a head learns for each word of a category column [default: 8]
    #[arg(long, value_name = "N")]
    category_width: Option<NonZeroUsize>,

    #[command(flatten)]
    subclasses: SubclassArgs,

    /// How a frozen encoder's token vectors become one embedding [default: as its folder says, else mean]
    #[arg(long, value_enum, value_name = "HOW")]
    pooling: Option<PoolingArg>,

    /// Longest text in tokens; the rest is cut off [default: as the encoder's folder says]
    #[arg(long, value_name = "N")]
    max_length: Option<NonZeroUsize>,

    /// Which weights to train
    #[arg(long, value_enum, default_value_t = TuneArg::Head, value_name = "WHICH")]
    tune: TuneArg,

    #[command(flatten)]
    training: TrainingArgs,

    /// Dropout of a fine-tuned encoder, in hidden vectors, attention and head [default: as its config says]
    #[arg(long, value_name = "P", help_heading = "Encoder training")]
    dropout: Option<f32>,

    #[command(flatten)]
    labels: LabelArgs,

    #[command(flatten)]
    encoder_training: EncoderArgs,

    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    columns: ColumnArgs,
}

/// A teacher that learns subclasses by itself (Subclass Distillation, arXiv:2002.03936).
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Subclasses of the teacher")]
struct SubclassArgs {
    /// Number of outputs of each class, for `lelp distill --method subclass`; 1 is an ordinary teacher
    #[arg(long, value_name = "S", default_value_t = NonZeroUsize::MIN)]
    subclasses: NonZeroUsize,

    /// Weight of the auxiliary loss that spreads rows over the subclasses [default: 1]
    #[arg(long, value_name = "WEIGHT")]
    auxiliary_weight: Option<f64>,

    /// Temperature of the auxiliary loss [default: 1]
    #[arg(long, value_name = "T")]
    auxiliary_temperature: Option<f64>,
}

impl SubclassArgs {
    fn settings(&self) -> Result<Option<SubclassTeacherSettings>, Failure> {
        let default = SubclassTeacherSettings::default();
        let settings = SubclassTeacherSettings {
            subclasses: self.subclasses.get(),
            auxiliary_weight: self.auxiliary_weight.unwrap_or(default.auxiliary_weight),
            auxiliary_temperature: self.auxiliary_temperature.unwrap_or(default.auxiliary_temperature),
        };
        settings.check().map_err(Failure::usage)?;
        if self.subclasses > NonZeroUsize::MIN {
            return Ok(Some(settings));
        }
        if self.auxiliary_weight.is_some() || self.auxiliary_temperature.is_some() {
            return Err(Failure::usage(
                "the auxiliary term is for teachers with `--subclasses` of 2 or more",
            ));
        }
        Ok(None)
    }
}

/// Which of the teacher's weights are trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TuneArg {
    /// The head, on a frozen encoder.
    Head,
    /// Encoder and head together.
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PoolingArg {
    /// The mean of the token vectors.
    Mean,
    /// The vector of the first token.
    Cls,
    /// The largest value of each dimension over the tokens.
    Max,
}

impl From<PoolingArg> for Pooling {
    fn from(pooling: PoolingArg) -> Self {
        match pooling {
            PoolingArg::Mean => Self::Mean,
            PoolingArg::Cls => Self::Cls,
            PoolingArg::Max => Self::Max,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let _lock = FolderLock::take(&arguments.out)?;
    if arguments.tune == TuneArg::All {
        return fine_tune::run(arguments, global, printer);
    }
    if arguments.labels.given() || arguments.dropout.is_some() {
        let problem = "`--label-smoothing`, `--balanced` and `--dropout` are for `--tune all`";
        return Err(Failure::usage(problem));
    }
    if arguments.encoder.is_none() && (arguments.pooling.is_some() || arguments.max_length.is_some()) {
        return Err(Failure::usage("`--pooling` and `--max-length` are for a teacher with an `--encoder`"));
    }
    if TrainedHead::is_in(&arguments.out) && !arguments.overwrite {
        return Err(CommandError::TeacherExists(arguments.out.clone()).into());
    }
    let subclasses = arguments.subclasses.settings()?;
    let splits = open_labelled(&arguments.data, &arguments.columns, printer)?;
    let folder = arguments.encoder.as_ref().map(|name| encoder_folder(name, printer)).transpose()?;
    let options = EncoderLoadOptions {
        pooling: arguments.pooling.map(Pooling::from),
        max_length: arguments.max_length,
        ..EncoderLoadOptions::new(global.threads())
    };
    let encoder = folder.as_ref().map(|folder| Encoder::load(folder, &options)).transpose()?;
    let encoder = encoder.as_ref().zip(folder.as_deref());
    let cancel = interrupt::cancel_flag()?;
    let settings = arguments.training.apply(TrainSettings::head());
    let defaults = HeadSettings::default();
    let hidden = arguments.hidden.map_or(defaults.hidden, NonZeroUsize::new);
    let training = HeadTraining {
        encoder: encoder.map(|(encoder, folder)| FrozenEncoder { encoder, folder }),
        splits: &splits,
        labelled: None,
        head: HeadSettings { hidden, optimizer: settings.optimizer, ..defaults },
        category_width: arguments.category_width.unwrap_or(CATEGORY_WIDTH),
        subclasses,
        settings,
        cache: &embedding_cache()?,
        threads: global.threads(),
    };
    let bar = Rows::new(printer, "embedding", training.rows());
    let mut epochs = None;
    let mut event = |event: Event<'_>| {
        let epochs = epochs.get_or_insert_with(|| {
            bar.finish();
            progress::epochs(printer, "teaching", settings.epochs)
        });
        epochs.event(&event);
    };
    let taught = training
        .run(&mut |done| bar.set(done), &mut event, &cancel)
        .with_context(|| format!("teaching on `{}`", splits.train.file().display()))?;
    if let Some(epochs) = epochs {
        epochs.finish();
    }
    let columns = arguments.columns.settings().with_pair_of(splits.train.schema());
    taught.save(&arguments.out, &columns)?;
    print_trained(&taught.report, taught.validation_rows, &arguments.out, printer);
    Ok(())
}

/// Opens the data set, whose training file must have labels.
fn open_labelled(data: &Path, columns: &ColumnArgs, printer: Printer) -> Result<Splits, Failure> {
    let columns = columns.settings();
    let splits = Splits::open(data, &columns.columns(), columns.labels.as_deref())?;
    data_notices::warn(splits.notices(), printer);
    if splits.train.labels().is_none() {
        return Err(CommandError::NoLabels { file: splits.train.file().to_owned() }.into());
    }
    let Splits { train, validation, test } = &splits;
    overlaps::print(&split_overlaps(train, validation.as_ref(), test.as_ref()), printer);
    Ok(splits)
}

fn print_trained(report: &TrainReport, rows: usize, out: &Path, printer: Printer) {
    let score = report.best().and_then(|epoch| epoch.validation);
    if let Some(score) = score {
        printer.step(
            "taught",
            &format!("accuracy {:.4} on {rows} validation rows, epoch {}", score.value, report.best_epoch),
        );
    }
    printer.step("wrote", &format!("`{}`", out.display()));
}
