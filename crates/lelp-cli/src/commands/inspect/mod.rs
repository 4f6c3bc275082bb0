//! `lelp inspect`: show what the subclasses are, in words and numbers.

mod render_text;

use std::path::{Path, PathBuf};

use lelp::{Beta, FittedSplit, Temperature};
use lelp_data::ColumnSettings;
use lelp_data::storage;
use lelp_data::{DataError, Dataset, FineColumn, SignalsFileError, SignalsFolder, Splits};
use lelp_report::inspect::{InspectSettings, Inspection, StudentSplit, inspect};
use lelp_train::distill::SplitSharpness;

use crate::args::parameters::{TargetMakers, setting_names};
use crate::args::{ColumnArgs, GlobalArgs, SplitArgs};
use crate::command_error::CommandError;
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::printer::Printer;

/// Flags of a new fit, refused beside a student or a file that has its fit already.
fn fit_flags() -> Vec<&'static str> {
    ["split", "members", "seed"].into_iter().chain(setting_names::<TargetMakers>()).collect()
}

const EXAMPLES: &str = "\
Examples:
  lelp inspect --model student
  lelp inspect --signals signals --data queries/train.csv --fit fit.safetensors --class card
  lelp inspect --signals signals --data queries/train.csv --split kmeans --subclasses 8 --json";

/// Show what the subclasses are: typical rows, distinctive words, confidence
///
/// For each subclass: its share of the class's rows; the teacher's confidence in the class, from the rows that belong
/// least to the subclass to those that belong most; its most distinctive words and word pairs; its most typical rows.
///
/// Distinctive terms have the largest weighted log-odds against the rest of the class, in standard deviations (Monroe,
/// Colaresi and Quinn 2008). The best of thousands of words reaches about 3 by chance: see `--split random-subclass`.
///
/// The subclasses are those of a student, of a file from `lelp fit`, or fitted here with the flags of `lelp fit`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of a student, for its subclasses and the signals, data and columns that it was trained on
    #[arg(long, value_name = "DIR", conflicts_with_all = fit_flags())]
    model: Option<PathBuf>,

    /// Folder of the teacher's signals [default: those of the student]
    #[arg(long, value_name = "DIR")]
    signals: Option<PathBuf>,

    /// The data file that the signals were made from, or a folder with it [default: that of the student]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,

    /// File of the split, from `lelp fit` [default: fit one]
    #[arg(long = "fit", value_name = "FILE", conflicts_with = "model", conflicts_with_all = fit_flags())]
    file: Option<PathBuf>,

    /// Width of the split within a class, in the unit of its scores: small is sharp [default: that of the student, or
    /// 0.12]
    #[arg(long, value_name = "B", conflicts_with = "entropy")]
    beta: Option<f64>,

    /// Mean entropy of the split of a row, in place of its width: 0 to log2 S
    #[arg(long, value_name = "BITS")]
    entropy: Option<f64>,

    /// Show this class only
    #[arg(long, value_name = "NAME")]
    class: Option<String>,

    /// Number of typical rows of each subclass
    #[arg(long, value_name = "N", default_value_t = InspectSettings::default().typical_rows)]
    rows: usize,

    /// Number of distinctive words and word pairs of each subclass
    #[arg(long, value_name = "N", default_value_t = InspectSettings::default().distinctive_terms)]
    words: usize,

    /// Print JSON, with the confidence in tenths of the rows and the spectrum of each class
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    split: SplitArgs,

    /// Seed of everything random: rotations, directions, starts of a clustering, samples and splits
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Column of the fine labels that `oracle` splits by
    #[arg(long, value_name = "NAME")]
    fine_column: Option<String>,

    #[command(flatten)]
    columns: ColumnArgs,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    arguments.check()?;
    let student = arguments.model.as_deref().map(StudentSplit::open).transpose()?;
    let settings = arguments.settings(student.as_ref())?;
    let paths = InputPaths::of(arguments, student.as_ref())?;
    let signals = paths.signals().map_err(|error| paths.failure(error))?;
    let names = &signals.description().label_names;
    arguments.check_class(names)?;
    let data = open_data(&paths.data, &paths.columns, names).map_err(|error| paths.failure(error))?;
    let known = arguments.known_fit(student)?;
    let fine = paths.fine(&data, known.as_ref())?;
    let fit = if let Some(fit) = known {
        fit
    } else {
        let fitted = arguments
            .split
            .fit(arguments.seed, &signals, fine.as_ref(), global.threads())
            .with_context(|| format!("fitting `{}`", paths.signals.display()))?;
        fitted.0
    };
    let cancel = interrupt::cancel_flag()?;
    let found = inspect(&signals, &fit, &data, fine.as_ref(), &settings, global.threads(), &cancel)
        .with_context(|| format!("inspecting `{}`", paths.signals.display()))?;
    arguments.print(found, printer)
}

/// Paths of signals and data, and the names of the columns.
struct InputPaths {
    signals: PathBuf,
    /// Signals with the embeddings that classes are split by, where those are not the teacher's.
    split_signals: Option<PathBuf>,
    data: PathBuf,
    columns: ColumnSettings,
    /// Whether a student's `run.json` may have given them.
    recorded: bool,
}

impl InputPaths {
    /// The paths and names that were given, else those that the student was trained on.
    fn of(arguments: &Arguments, student: Option<&StudentSplit>) -> Result<Self, Failure> {
        let trained = student.map(|student| &student.settings);
        let split_signals = student.and_then(|student| student.split_signals.clone());
        let split_signals = split_signals.filter(|_| arguments.signals.is_none());
        let signals = arguments.signals.clone().or_else(|| trained?.signals.clone());
        let data = arguments.data.clone().or_else(|| trained.map(|trained| trained.data.clone()));
        let (Some(signals), Some(data)) = (signals, data) else {
            return Err(Failure::usage("the student was trained without signals: give `--signals`"));
        };
        let given = ColumnSettings { fine: arguments.fine_column.clone(), ..arguments.columns.settings() };
        let recorded = match trained {
            Some(trained) => trained.columns.clone(),
            None => ColumnSettings::remembered(&signals)?,
        };
        let columns = given.or(recorded);
        Ok(Self { signals, split_signals, data, columns, recorded: student.is_some() })
    }

    /// The embeddings that classes are split by, with the teacher's logits.
    fn signals(&self) -> Result<SignalsFolder, SignalsFileError> {
        let teacher = SignalsFolder::open(&self.signals)?;
        match &self.split_signals {
            None => Ok(teacher),
            Some(split) => SignalsFolder::open(split)?.with_logits_of(&teacher),
        }
    }

    /// The failure of reading a file, with a hint where the path is that of a student's record.
    fn failure(&self, error: impl Into<Failure>) -> Failure {
        let failure = error.into();
        if !self.recorded {
            return failure;
        }
        failure.with_hint(
            "paths in `run.json` are as they were in training; `--signals` and `--data` replace them",
        )
    }

    /// The fine labels of the rows, where their column is named.
    fn fine(&self, data: &Dataset, fit: Option<&FittedSplit>) -> Result<Option<FineColumn>, DataError> {
        let known = fit.and_then(FittedSplit::fine_names);
        let open = |column: &String| FineColumn::open(data.file(), &self.columns.columns(), column, known);
        self.columns.fine.as_ref().map(open).transpose()
    }
}

/// The rows that the signals were made of: a file, or the training file of a folder.
fn open_data(path: &Path, columns: &ColumnSettings, teacher: &[String]) -> Result<Dataset, DataError> {
    let names = columns.labels.as_deref().unwrap_or(teacher);
    if path.is_dir() {
        return Ok(Splits::open(path, &columns.columns(), Some(names))?.train);
    }
    Dataset::open(path, &columns.columns())?.with_labels(names)
}

impl Arguments {
    fn check(&self) -> Result<(), Failure> {
        if self.model.is_none() && (self.signals.is_none() || self.data.is_none()) {
            return Err(Failure::usage(
                "give a student with `--model`, or a teacher's `--signals` with the `--data` that they were made from",
            ));
        }
        if self.model.is_some() || self.file.is_some() {
            return Ok(());
        }
        self.split.check()?;
        if self.split.needs_fine_labels() && self.fine_column.is_none() {
            return Err(Failure::usage("`--split oracle` splits by fine labels: give `--fine-column`"));
        }
        Ok(())
    }

    fn check_class(&self, names: &[String]) -> Result<(), Failure> {
        match &self.class {
            Some(class) if !names.contains(class) => {
                Err(CommandError::UnknownClass { class: class.clone(), known: names.to_vec() }.into())
            }
            _ => Ok(()),
        }
    }

    fn settings(&self, student: Option<&StudentSplit>) -> Result<InspectSettings, Failure> {
        let trained = student.map_or(SplitSharpness::Beta(Beta::default()), |student| student.sharp);
        let sharp = match (self.beta, self.entropy) {
            (Some(beta), _) => SplitSharpness::Beta(Beta::new(beta).map_err(Failure::usage)?),
            (None, Some(bits)) => SplitSharpness::Entropy(bits),
            (None, None) => trained,
        };
        let temperature = student.map_or(Temperature::default(), |student| student.temperature);
        let (typical_rows, distinctive_terms) = (self.rows, self.words);
        Ok(InspectSettings {
            sharp,
            temperature,
            typical_rows,
            distinctive_terms,
            ..InspectSettings::default()
        })
    }

    /// The split of the student or of the file.
    fn known_fit(&self, student: Option<StudentSplit>) -> Result<Option<FittedSplit>, Failure> {
        let Some(file) = &self.file else { return Ok(student.map(|student| student.fit)) };
        let fit = FittedSplit::from_bytes(&storage::map(file)?);
        fit.map(Some).with_context(|| format!("reading `{}`", file.display()))
    }

    fn print(&self, mut found: Inspection, printer: Printer) -> Result<(), Failure> {
        if let Some(class) = &self.class {
            found.classes.retain(|found| found.name == *class);
        }
        if self.json {
            printer.json(&found)?;
        } else {
            printer.styled(&render_text::inspection(&found))?;
        }
        Ok(())
    }
}
