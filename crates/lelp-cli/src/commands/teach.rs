//! `lelp teach`: a classifier head on a frozen encoder.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::ValueEnum;
use lelp_infer::encoder::{Encoder, EncoderOptions, Pooling, weights_hash};
use lelp_infer::storage;
use lelp_infer::teacher::{ClassifierHead, Teacher, TeacherConfig};
use lelp_train::data::{Dataset, Splits, hold_out};
use lelp_train::model::HeadSettings;
use lelp_train::run::{TrainReport, TrainSettings};
use lelp_train::teacher::{LabelledEmbeddings, embed, teach};

use crate::args::{ColumnArgs, GlobalArgs, TrainingArgs};
use crate::commands::pull::encoder_folder;
use crate::failure::{Failure, While};
use crate::interrupt;
use crate::printer::Printer;
use crate::progress::{self, Rows};

/// Train a teacher: a classifier head on a frozen encoder
///
/// The encoder embeds every text once; the head, linear or with one hidden layer, is trained on the embeddings with
/// early stopping on the validation file (a tenth of the training file where there is none). With a hidden layer its
/// activation is the embedding that LELP splits classes by. The folder holds the encoder too: it is all that
/// `lelp signals`, `eval` and `predict` need.
///
/// Example: lelp teach --encoder sentence-transformers/all-MiniLM-L6-v2 --data queries/ --out teacher
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A Hugging Face folder, or the name of a model as for `lelp pull`
    #[arg(long, value_name = "DIR|MODEL")]
    encoder: String,

    /// Folder with train, validation and test files (Parquet, CSV, TSV, JSON Lines), or one training file
    #[arg(long, value_name = "PATH")]
    data: PathBuf,

    /// Folder for the teacher
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace a teacher that is in the folder already
    #[arg(long)]
    overwrite: bool,

    /// Units of the head's hidden layer; 0 for a linear head
    #[arg(long, value_name = "N", default_value_t = HeadSettings::default().hidden)]
    hidden: usize,

    /// How tokens become one embedding [default: as the encoder's folder says, else mean]
    #[arg(long, value_enum, value_name = "HOW")]
    pooling: Option<PoolingArg>,

    /// Tokens kept of each text [default: as the encoder's folder says]
    #[arg(long, value_name = "N")]
    max_length: Option<NonZeroUsize>,

    /// Which weights are trained
    #[arg(long, value_enum, default_value_t = TuneArg::Head, value_name = "WHICH")]
    tune: TuneArg,

    #[command(flatten)]
    training: TrainingArgs,

    #[command(flatten)]
    columns: ColumnArgs,
}

/// Which of the teacher's weights are trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TuneArg {
    /// The head, on a frozen encoder.
    Head,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PoolingArg {
    /// The mean of the tokens.
    Mean,
    /// The first token.
    Cls,
    /// The largest value of each column.
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
    let TuneArg::Head = arguments.tune;
    if arguments.out.join("teacher.json").exists() && !arguments.overwrite {
        let problem = format!("`{}` holds a teacher already", arguments.out.display());
        return Err(Failure::input(problem).with_hint("choose another folder, or pass `--overwrite`"));
    }
    let columns = arguments.columns.settings();
    let (train, validation) = labelled_splits(&arguments.data, &columns)?;
    let folder = encoder_folder(&arguments.encoder, printer)?;
    let options = EncoderOptions {
        pooling: arguments.pooling.map(Pooling::from),
        max_length: arguments.max_length,
        ..EncoderOptions::new(global.threads())
    };
    let encoder = Encoder::load(&folder, &options)?;
    let cancel = interrupt::flag()?;
    let settings = arguments.training.apply(TrainSettings::head());
    let head =
        HeadSettings { hidden: arguments.hidden, optimizer: settings.optimizer, ..HeadSettings::default() };
    let embedded = Embedded::new(&encoder, &train, &validation, printer, &cancel)?;
    let (head, report) = embedded.teach(&head, &settings, global.threads(), printer, &cancel)?;
    save(&arguments.out, &folder, &encoder, &head, train.label_names())?;
    say_taught(&report, &validation, &arguments.out, printer);
    Ok(())
}

/// Training and validation rows, both with labels; a tenth is held out where there is no validation file.
pub(crate) fn labelled_splits(
    data: &Path,
    columns: &lelp_train::distill::ColumnSettings,
) -> Result<(Dataset, Dataset), Failure> {
    let splits = Splits::open(data, &columns.columns(), columns.labels.as_deref())?;
    if splits.train.labels().is_none() {
        let problem =
            format!("`{}` has no labels, but a teacher learns from them", splits.train.file().display());
        return Err(Failure::input(problem).with_hint("name their column with `--label-column`"));
    }
    if let Some(validation) = splits.validation {
        return Ok((splits.train, validation));
    }
    let rows = hold_out(&splits.train)?;
    Ok((splits.train.select(&rows.train), splits.train.select(&rows.validation)))
}

/// What a frozen encoder makes of the rows.
pub(crate) struct Embedded<'a> {
    train: &'a Dataset,
    validation: &'a Dataset,
    width: usize,
    train_rows: Vec<f32>,
    validation_rows: Vec<f32>,
}

impl<'a> Embedded<'a> {
    pub(crate) fn new(
        encoder: &Encoder,
        train: &'a Dataset,
        validation: &'a Dataset,
        printer: Printer,
        cancel: &AtomicBool,
    ) -> Result<Self, Failure> {
        let bar = Rows::new(printer, "embedding", train.rows() + validation.rows());
        let train_rows = embed(encoder, train, &mut |done| bar.set(done), cancel)
            .or_while(|| format!("embedding `{}`", train.file().display()))?;
        let validation_rows = embed(encoder, validation, &mut |done| bar.set(train.rows() + done), cancel)
            .or_while(|| format!("embedding `{}`", validation.file().display()))?;
        bar.finish();
        Ok(Self { train, validation, width: encoder.width(), train_rows, validation_rows })
    }

    pub(crate) fn teach(
        &self,
        head: &HeadSettings,
        settings: &TrainSettings,
        threads: NonZeroUsize,
        printer: Printer,
        cancel: &AtomicBool,
    ) -> Result<(ClassifierHead, TrainReport), Failure> {
        let rows = |data: &'a Dataset| data.labels().unwrap_or_default();
        let mut watch = progress::epochs(printer, "teaching", settings.epochs);
        let taught = teach(
            self.train.label_names().len(),
            self.width,
            LabelledEmbeddings { embeddings: &self.train_rows, labels: rows(self.train) },
            LabelledEmbeddings { embeddings: &self.validation_rows, labels: rows(self.validation) },
            head,
            settings,
            threads,
            &mut |event| watch.event(&event),
            cancel,
        )?;
        watch.finish();
        Ok(taught)
    }
}

/// Writes the teacher's folder.
pub(crate) fn save(
    out: &Path,
    encoder_folder: &Path,
    encoder: &Encoder,
    head: &ClassifierHead,
    labels: &[String],
) -> Result<(), Failure> {
    let weights = weights_hash(encoder_folder)?;
    let hash = storage::sha256(format!("{weights}{}", storage::sha256(&head.to_bytes())).as_bytes());
    let (pooling, normalize) = (encoder.pooling(), encoder.normalizes());
    let config = TeacherConfig::new(labels.to_vec(), pooling, normalize, encoder.max_length(), hash);
    Ok(Teacher::save(out, encoder_folder, head, &config)?)
}

pub(crate) fn say_taught(report: &TrainReport, validation: &Dataset, out: &Path, printer: Printer) {
    let score = report.best().and_then(|epoch| epoch.validation);
    if let Some(score) = score {
        let rows = validation.labelled_rows();
        printer.step(
            "taught",
            &format!("accuracy {:.4} on {rows} validation rows, epoch {}", score.value, report.best_epoch),
        );
    }
    printer.step("wrote", &format!("`{}`", out.display()));
}
