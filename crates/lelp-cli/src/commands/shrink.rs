//! `lelp shrink`: an n-gram student in a small file.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp::counted;
use lelp::metrics::agreement;
use lelp_data::storage::{FileHashes, FolderLock};
use lelp_data::{ColumnRequest, ColumnSettings, Columns, Dataset, Splits, storage};
use lelp_model::ngram::{NgramModel, TablePrecision};
use lelp_model::{Calibration, Predictor, load_model, model_bytes};
use lelp_train::distill::check_free;
use lelp_train::evaluate::{Answers, answer, report};
use lelp_train::students::ngram::{ShrinkSettings, Shrinker};
use serde::Serialize;

use super::check_place;
use crate::args::{ColumnArgs, GlobalArgs, megabytes, points, size};
use crate::command_error::CommandError;
use crate::data_notices;
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::model_columns::{asked_columns_and_classes, passes_over_pair};
use crate::printer::Printer;
use crate::text_table::TextTable;

const EXAMPLES: &str = "\
Examples:
  lelp shrink --model student --data queries/ --max-size 1.6MB --out small
  lelp shrink --model student --data queries/ --max-drop 0.2 --out small";

/// Bytes of a file of weights beside its tensors, about: names, shapes, places.
const HEADER: usize = 640;

/// Sizes that are tried where a drop is given: each has this share of the rows of the one before, in hundredths.
const STEP: usize = 71;

/// Fewest rows of a table that are tried.
const FEWEST: usize = 64;

/// Both ways of rounding, the more exact one first.
const PRECISIONS: [TablePrecision; 2] = [TablePrecision::PrunedInt8, TablePrecision::PrunedInt4];

/// Make an n-gram student smaller: fewer rows of its table, in 8 or 4 bits
///
/// Rows of the table that say little about the training texts go, the student learns for a few epochs more from its own
/// earlier answers to them (no labels and no teacher are needed) or stays as it is, and the rest is rounded to 8 or 4 bits:
/// of these four the one that keeps most of its answers at the size. Accuracy and agreement with the student as it was are those of the validation rows: of
/// the validation file, or of a tenth of the training file. With --max-size the file is at most that large; with --max-drop it is
/// the smallest one tried whose accuracy is at most so many points lower.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of an n-gram student, its table in 32 bits
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// Folder with train and validation files, or one training file
    #[arg(long, value_name = "PATH")]
    data: PathBuf,

    /// Folder for the smaller student
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace a model that is in the folder already
    #[arg(long)]
    overwrite: bool,

    /// Bytes of `config.json` and `model.safetensors` at most, as `1.6MB`, `800kB` or `1MiB`
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "max_drop")]
    max_size: Option<u64>,

    /// Points of accuracy that may be lost (of agreement where no validation row has a label)
    #[arg(long, value_name = "POINTS", value_parser = points, default_value = "0.1")]
    max_drop: f64,

    /// Passes over the training texts after rows have gone, which are tried beside none; 0 for none alone
    #[arg(long, value_name = "N", default_value_t = ShrinkSettings::default().epochs)]
    epochs: usize,

    /// Largest learning rate of these passes
    #[arg(long, value_name = "RATE", value_parser = rate, default_value_t = ShrinkSettings::default().learning_rate)]
    learning_rate: f32,

    /// Seed of the order of the texts
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Print what came of it as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    columns: ColumnArgs,
}

/// A student's figures.
#[derive(Debug, Clone, Serialize)]
struct Figures {
    /// How its table is stored.
    table: TablePrecision,
    /// Rows of the table.
    rows: usize,
    /// Passes over the training texts after rows had gone.
    epochs: usize,
    /// Bytes of its files.
    bytes: u64,
    /// Share of the labelled validation rows that it answers rightly; none where there are none.
    accuracy: Option<f64>,
    /// Share of all validation rows that it answers as the student did before.
    agreement: f64,
    /// Microseconds a text.
    microseconds_per_text: f64,
}

/// What came of it, `shrink.json` in the smaller student's folder.
#[derive(Debug, Serialize)]
struct Record {
    version: &'static str,
    model: PathBuf,
    data: PathBuf,
    validation_rows: usize,
    before: Figures,
    after: Figures,
    tried: Vec<Figures>,
    /// SHA-256 of every other file.
    files: FileHashes,
}

/// A student that was tried.
struct Tried {
    model: NgramModel,
    figures: Figures,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    check_free(&arguments.out, arguments.overwrite)?;
    check_place(&arguments.out, &arguments.model, "student", |_| false)?;
    if !arguments.model.is_dir() {
        return Err(CommandError::NoFolder(arguments.model.clone()).into());
    }
    let _lock = FolderLock::take(&arguments.out)?;
    let model = student(&arguments.model, global)?;
    let given = arguments.columns.settings();
    let columns = asked_columns_and_classes(given.clone(), &arguments.model, &model)?;
    let open = |columns: &Columns, labels| Splits::open(&arguments.data, columns, labels);
    let mut splits = open(&columns.columns(), columns.labels.as_deref())?;
    let schema = splits.train.schema();
    if passes_over_pair(&given, &arguments.model, &model, schema, splits.train.file(), printer)? {
        splits = open(&Columns { pair: ColumnRequest::No, ..columns.columns() }, columns.labels.as_deref())?;
    }
    data_notices::warn(splits.notices(), printer);
    let (train, validation) = splits.learning()?;
    let cancel = interrupt::cancel_flag()?;
    let shrinker = Shrinker::new(&model, train.table(), global.threads())
        .with_context(|| format!("making `{}` smaller", arguments.model.display()))?;
    let test = Test::new(&model, &validation, &cancel)?;
    let before = test.figures(&model, shrinker.rows(), 0, model_bytes(&arguments.model)?)?;
    let settings = ShrinkSettings {
        epochs: arguments.epochs,
        learning_rate: arguments.learning_rate,
        seed: arguments.seed,
    };
    let search = Search { arguments, model: &model, shrinker: &shrinker, settings, test: &test, printer };
    let (chosen, tried) = match arguments.max_size {
        Some(bytes) => search.within(usize::try_from(bytes).unwrap_or(usize::MAX), &cancel)?,
        None => search.smallest(&before, &cancel)?,
    };
    let mut record = Record {
        version: env!("CARGO_PKG_VERSION"),
        model: arguments.model.clone(),
        data: arguments.data.clone(),
        validation_rows: validation.rows(),
        before,
        after: chosen.figures,
        tried,
        files: FileHashes::default(),
    };
    if Calibration::of(&arguments.model)?.is_some() {
        printer.warn("the calibration of the student was left behind: `lelp calibrate` fits one to the smaller student");
    }
    storage::write_folder(&arguments.out, |folder| -> Result<(), Failure> {
        chosen.model.save(folder)?;
        record.after.bytes = model_bytes(folder)?;
        ColumnSettings::remembered(&arguments.model)?.remember(folder)?;
        record.files = FileHashes::of(folder)?;
        Ok(storage::write(&folder.join("shrink.json"), &storage::pretty_json(&record))?)
    })?;
    if arguments.json {
        printer.json(&record)?;
    } else {
        printer.data(&table(&record))?;
    }
    printer.step("wrote", &format!("`{}`", arguments.out.display()));
    Ok(())
}

/// The n-gram student in `folder`, whose files are those that it was written with.
fn student(folder: &Path, global: &GlobalArgs) -> Result<NgramModel, Failure> {
    let loaded = load_model(folder, global.threads())?;
    if loaded.kind() != lelp_model::ngram::KIND.name {
        return Err(CommandError::NoTable { folder: folder.to_owned(), kind: loaded.kind() }.into());
    }
    Ok(NgramModel::load(folder)?)
}

/// Rows that students are measured on.
struct Test<'a> {
    data: &'a Dataset,
    before: Answers,
    cancel: &'a AtomicBool,
}

impl<'a> Test<'a> {
    fn new(model: &NgramModel, data: &'a Dataset, cancel: &'a AtomicBool) -> Result<Self, Failure> {
        Ok(Self { data, before: answer(model, data, &mut |_| {}, cancel)?, cancel })
    }

    fn figures(
        &self,
        model: &NgramModel,
        rows: usize,
        epochs: usize,
        bytes: u64,
    ) -> Result<Figures, Failure> {
        let answers = answer(model, self.data, &mut |_| {}, self.cancel)?;
        let labelled = self.data.labels().is_some();
        let accuracy = if labelled { Some(report(&answers, self.data, None)?.accuracy) } else { None };
        let agreement =
            agreement(&self.before.logits, &answers.logits, model.labels().len()).map_err(Failure::defect)?;
        let seconds = answers.elapsed.as_secs_f64();
        let microseconds_per_text = seconds * 1e6 / self.data.rows().max(1) as f64;
        let table = model.table().precision();
        Ok(Figures { table, rows, epochs, bytes, accuracy, agreement, microseconds_per_text })
    }
}

impl Figures {
    /// Points that are lost of what `before` had: of accuracy, or of agreement where there are no labels.
    fn drop_from(&self, before: &Self) -> f64 {
        let score = |figures: &Self| figures.accuracy.unwrap_or(figures.agreement);
        100.0 * (score(before) - score(self))
    }
}

/// What smaller students are looked for with.
struct Search<'a> {
    arguments: &'a Arguments,
    model: &'a NgramModel,
    shrinker: &'a Shrinker<'a>,
    settings: ShrinkSettings,
    test: &'a Test<'a>,
    printer: Printer,
}

impl Search<'_> {
    /// Bytes of the student's files beside the rows of its table.
    fn fixed_bytes(&self) -> usize {
        let layers = self.model.hidden().into_iter().chain([self.model.output()]);
        let layers: usize = layers.map(|layer| 4 * (layer.weight().len() + layer.bias().len())).sum();
        let config = storage::pretty_json(self.model.config()).len();
        HEADER + config + layers + self.model.table().buckets().div_ceil(8)
    }

    fn row_bytes(&self, precision: TablePrecision) -> usize {
        precision.pruned_row_bytes(self.model.table().width())
    }

    /// Both ways of rounding, with and without further training: few texts are answered as they are learned, and teach little.
    fn ways(&self) -> Vec<(TablePrecision, usize)> {
        let epochs = [Some(self.settings.epochs), (self.settings.epochs > 0).then_some(0)];
        let epochs = epochs.into_iter().flatten();
        PRECISIONS
            .iter()
            .flat_map(|&precision| epochs.clone().map(move |epochs| (precision, epochs)))
            .collect()
    }

    /// Of all ways the one that keeps most of the answers in `bytes`.
    fn within(&self, bytes: usize, cancel: &AtomicBool) -> Result<(Tried, Vec<Figures>), Failure> {
        // A row of its own beside that of all others.
        let least = self.fixed_bytes() + 2 * self.row_bytes(TablePrecision::PrunedInt8);
        let Some(room) = bytes.checked_sub(least) else {
            return Err(CommandError::TooSmall { asked: bytes, least }.into());
        };
        let mut tried = Vec::new();
        for (precision, epochs) in self.ways() {
            let rows = (room / self.row_bytes(precision) + 1).min(self.shrinker.rows());
            tried.push(self.attempt(rows, precision, epochs, cancel)?);
        }
        Ok(best(tried))
    }

    /// The smallest student tried that loses no more than is allowed.
    fn smallest(&self, before: &Figures, cancel: &AtomicBool) -> Result<(Tried, Vec<Figures>), Failure> {
        let most = self.arguments.max_drop;
        let (mut found, mut figures): (Option<Tried>, Vec<Figures>) = (None, Vec::new());
        for (precision, epochs) in self.ways() {
            let mut rows = self.shrinker.rows();
            while rows >= FEWEST.min(self.shrinker.rows()) && rows > 0 {
                let tried = self.attempt(rows, precision, epochs, cancel)?;
                figures.push(tried.figures.clone());
                if tried.figures.drop_from(before) > most {
                    break;
                }
                if found.as_ref().is_none_or(|found| tried.figures.bytes < found.figures.bytes) {
                    found = Some(tried);
                }
                rows = rows * STEP / 100;
            }
        }
        let lost = figures.iter().map(|figures| figures.drop_from(before)).fold(f64::INFINITY, f64::min);
        found.map(|found| (found, figures)).ok_or_else(|| CommandError::Drop { most, lost }.into())
    }

    fn attempt(
        &self,
        rows: usize,
        precision: TablePrecision,
        epochs: usize,
        cancel: &AtomicBool,
    ) -> Result<Tried, Failure> {
        let settings = ShrinkSettings { epochs, ..self.settings };
        let model = self.shrinker.shrink(rows, precision, &settings, cancel)?;
        let bytes = (self.fixed_bytes() + (rows + 1) * self.row_bytes(precision)) as u64;
        let figures = self.test.figures(&model, rows, epochs, bytes)?;
        self.printer.note(&line(&figures));
        Ok(Tried { model, figures })
    }
}

/// The one that agrees most with the student as it was, the more exact one of equals.
fn best(mut tried: Vec<Tried>) -> (Tried, Vec<Figures>) {
    let figures: Vec<Figures> = tried.iter().map(|tried| tried.figures.clone()).collect();
    let place = (0..figures.len())
        .rev()
        .max_by(|&a, &b| figures[a].agreement.total_cmp(&figures[b].agreement))
        .expect("there are ways that were tried");
    (tried.swap_remove(place), figures)
}

fn line(figures: &Figures) -> String {
    let Figures { table, rows, epochs, bytes, accuracy, agreement, .. } = figures;
    let accuracy = accuracy.map(|accuracy| format!("accuracy {accuracy:.4}, ")).unwrap_or_default();
    let (rows, bits, size) = (counted(*rows, "row"), bits(*table), megabytes(*bytes));
    let epochs = counted(*epochs, "epoch");
    format!("{rows}, {bits}, {epochs}, {size}: {accuracy}agreement {agreement:.4}")
}

fn table(record: &Record) -> String {
    let mut table =
        TextTable::new(&["student", "rows", "table", "size", "accuracy", "agreement", "us a text"]);
    for (name, figures) in [("before", &record.before), ("after", &record.after)] {
        table.row(&[
            name.to_owned(),
            figures.rows.to_string(),
            bits(figures.table).to_owned(),
            megabytes(figures.bytes),
            figures.accuracy.map_or_else(|| "-".to_owned(), |accuracy| format!("{accuracy:.4}")),
            format!("{:.4}", figures.agreement),
            format!("{:.1}", figures.microseconds_per_text),
        ]);
    }
    table.to_string()
}

fn bits(precision: TablePrecision) -> &'static str {
    match precision {
        TablePrecision::F32 => "32 bits",
        TablePrecision::Int8 | TablePrecision::PrunedInt8 => "8 bits",
        TablePrecision::PrunedInt4 => "4 bits",
    }
}

fn rate(text: &str) -> Result<f32, String> {
    let rate = text.parse().ok().filter(|rate: &f32| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "a learning rate is a number above 0".to_owned())
}
