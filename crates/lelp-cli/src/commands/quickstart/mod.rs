//! `lelp quickstart`: from labelled rows to a comparison of students, in one command.
//!
//! It is `lelp compare` with a recipe that it writes itself, and the students saved.

mod own_data;
mod recipe;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lelp_compare::recipe::ComparisonRecipe;
use lelp_compare::record::{StudentRecord, TeacherRecord};
use lelp_compare::store::Results;
use lelp_compare::summary::Summary;
use lelp_data::Dataset;
use lelp_data::storage;
use lelp_report::inspect::RowContent;
use lelp_train::distill::{self, ClassWeights, DistillSettings, Distilled, Distiller, Task};
use lelp_train::students::{Resources, StudentSettings};
use lelp_train::training::TrainSettings;

use crate::args::{ColumnArgs, GlobalArgs, model_name};
use crate::command_error::CommandError;
use crate::commands::compare::{self, CompareOptions, tables};
use crate::commands::fit::as_table;
use crate::failure::Failure;
use crate::interrupt;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  lelp quickstart
  lelp quickstart --data queries/ --out comparison";

/// Run every step once, from labelled rows to microsecond students, in minutes
///
/// Trains a teacher (a head on a frozen encoder, or on the columns that are named), records its
/// signals, splits the classes, and distils students (n-gram, or MLP where there are vectors) with
/// the methods `ce` (labels alone), `kd` (ordinary distillation), `lelp`, `kmeans` and `auto` (the best
/// of these and of the student's features), beside a baseline, logistic regression on tf-idf, where
/// there are texts. Every method gets the same number of trials, chosen on the validation rows;
/// the test rows are read once, for the table at the end. `recipe.toml` in --out says what is
/// compared: change it and continue with `lelp compare`. A run that was stopped resumes with the
/// same command.
///
/// The bundled data are 13,083 questions of banking customers, "about a card" or not (banking77,
/// CC BY 4.0). With --data it runs on your own: a folder with train, validation and test files, or one
/// file. Validation and test rows that are missing are held out of the training rows, a tenth of each
/// class, always the same ones.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder with train, validation and test files, or one file with labels [default: the bundled queries]
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,

    /// Encoder of the texts: a Hugging Face folder, or the name of a model as for `lelp pull`
    /// [default: sentence-transformers/all-MiniLM-L6-v2]
    #[arg(long, value_name = "DIR|MODEL", value_parser = model_name())]
    encoder: Option<String>,

    /// Folder for all results; one of an earlier quickstart is continued
    #[arg(long, value_name = "DIR", default_value = "lelp-quickstart")]
    out: PathBuf,

    /// Number of seeds of each method
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,

    #[command(flatten)]
    columns: ColumnArgs,
}

/// The file by which a folder of an earlier quickstart is recognised.
const RECIPE: &str = "recipe.toml";

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let start = Instant::now();
    let out = &arguments.out;
    let path = prepare_folder(arguments, printer)?;
    if arguments.data.is_none() {
        printer.step("data", "banking77 in two classes, CC BY 4.0");
    }
    let cancel = interrupt::cancel_flag()?;
    let options = CompareOptions { recipe: &path, data: out, out, jobs: None, extend: true };
    let results = compare::results(&options, global, printer, &cancel)?;
    printer.data(&tables::text(&Summary::of(&results)))?;
    if let (true, Some(failed)) = (results.students.is_empty(), results.failed.first()) {
        return Err(CommandError::NothingTrained { error: failed.error.clone() }.into());
    }
    let (recipe, _) = ComparisonRecipe::open(&path)?;
    let writer = StudentWriter { results: &results, recipe: &recipe, out, global, printer, cancel: &cancel };
    let students = writer.students()?;
    print_answers(&students, printer)?;
    let out = out.display();
    printer.step("done", &format!("in {:.0} s; all of it is in `{out}`", start.elapsed().as_secs_f64()));
    let shown = shown(&students).map_or("auto", |saved| saved.method.as_str());
    let model = format!("lelp predict --model {out}/students/{shown}");
    if arguments.data.is_none() {
        printer.step("next", &format!("echo 'where is my card?' | {model}"));
        printer.note(
            "lelp quickstart --data YOUR_DATA --out comparison     (a file, or train, validation and test files)",
        );
    } else if let Some(saved) = students.first() {
        printer.step("next", &format!("{model} {}", saved.test.file().display()));
    }
    Ok(())
}

/// Creates the folder with its recipe, or takes one that an earlier quickstart created.
fn prepare_folder(arguments: &Arguments, printer: Printer) -> Result<PathBuf, Failure> {
    let Arguments { data, encoder, out, seeds, columns } = arguments;
    let path = out.join(RECIPE);
    if out.exists() && !path.exists() {
        return Err(CommandError::NotAQuickstart(out.clone()).into());
    }
    let source = recipe::source(data.as_deref());
    if fs::read_to_string(&path).is_ok_and(|text| !text.contains(&source)) {
        return Err(CommandError::OtherQuickstart(out.clone()).into());
    }
    let checked = data.as_ref().map(|data| own_data::check(data, columns.settings(), printer)).transpose()?;
    let own = checked.map(|data| data.complete(&out.join("data"), printer)).transpose()?;
    storage::create_folder(out)?;
    let name = data.as_deref().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let text =
        source + &recipe::text(own.as_ref().map(|own| (name.as_ref(), own)), encoder.as_deref(), *seeds)?;
    storage::write(&path, text.as_bytes())?;
    Ok(path)
}

/// Trains and saves the students of the first seed.
struct StudentWriter<'a> {
    results: &'a Results,
    recipe: &'a ComparisonRecipe,
    out: &'a Path,
    global: &'a GlobalArgs,
    printer: Printer,
    cancel: &'a AtomicBool,
}

/// A saved student and the test rows.
struct SavedStudent {
    method: String,
    student: Distilled,
    test: Dataset,
}

impl StudentWriter<'_> {
    /// Trains them again, which takes a moment and gives the same bytes, and saves them.
    fn students(&self) -> Result<Vec<SavedStudent>, Failure> {
        let recipe = self.recipe;
        let (data, common) = (&recipe.data[0], &recipe.students[0].model);
        let teacher: &TeacherRecord = self.results.teachers.first().ok_or(CommandError::NoTeacher)?;
        let task = Task::open(&teacher.path, Some(&teacher.signals), &data.columns)?;
        let threads = self.global.threads();
        let resources = Resources::threads(threads);
        let mut students = Vec::new();
        for method in &recipe.methods {
            let first = self.results.students.iter().find(|student| student.method == method.name);
            let Some(first) = first else { continue };
            let model = first.model.as_ref().unwrap_or(common);
            let prepared = model.student().prepare(&task, &resources, &mut |_| {}, self.cancel)?;
            let distillation = Distiller::new(&task, prepared.as_ref(), threads);
            let train = TrainSettings { seed: first.seed, ..first.train };
            let student = distillation.train(&first.distill, &train, None, &mut |_| {}, self.cancel)?;
            self.save(&task, &student, first, model)?;
            let test = task.test().expect("a comparison needs test rows").clone();
            students.push(SavedStudent { method: method.name.clone(), student, test });
        }
        Ok(students)
    }

    fn save(
        &self,
        task: &Task,
        student: &Distilled,
        first: &StudentRecord,
        model: &StudentSettings,
    ) -> Result<(), Failure> {
        let teacher = &self.results.teachers[0];
        let settings = DistillSettings {
            data: teacher.path.clone(),
            teacher: None,
            signals: Some(teacher.signals.clone()),
            unlabelled: Vec::new(),
            unlabelled_weight: 1.0,
            split_signals: None,
            split_encoder: None,
            class_weights: ClassWeights::default(),
            columns: self.recipe.data[0].columns.clone(),
            distill: first.distill.clone(),
            model: model.clone(),
            train: first.train,
        };
        let folder = self.out.join("students").join(&first.method);
        storage::create_folder(&folder)?;
        distill::save(&folder, student, task, &settings, self.global.threads().get())?;
        self.printer.step("wrote", &format!("`{}`", folder.display()));
        if let Some(fit) = &student.fit {
            as_table(fit, task.labels()).lines().for_each(|line| self.printer.note(line));
        }
        Ok(())
    }
}

/// The student whose answers are shown: the one that was chosen, or `lelp` where that failed.
fn shown(students: &[SavedStudent]) -> Option<&SavedStudent> {
    let of = |method: &str| students.iter().find(|saved| saved.method == method);
    of("auto").or_else(|| of("lelp")).or_else(|| students.first())
}

/// Prints a few test rows with the answers of a student.
fn print_answers(students: &[SavedStudent], printer: Printer) -> Result<(), Failure> {
    let Some(SavedStudent { method, student, test }) = shown(students) else { return Ok(()) };
    let Some(model) = student.student.predictor() else { return Ok(()) };
    printer.step("answers", &format!("of the student of `{method}`"));
    let step = (test.rows() / 5).max(1);
    for row in (0..test.rows()).step_by(step).take(5) {
        let logits = model.logits(&test.table().select(&[row]))?;
        let probabilities = lelp::softmax(&logits, model.labels().len())?;
        let class = lelp::argmax(&probabilities);
        let row = RowContent::of(test.table(), row).to_text(" / ");
        printer.note(&format!("{:>8} {:.2}  {row}", model.labels()[class], probabilities[class]));
    }
    Ok(())
}
