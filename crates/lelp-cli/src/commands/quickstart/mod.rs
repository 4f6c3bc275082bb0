//! `lelp quickstart`: the whole way, from labelled texts to a table of students.

pub(crate) mod bundled;
mod outcome;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lelp::{LelpSettings, Members, SplitSettings};
use lelp_infer::classifier::Classifier;
use lelp_infer::encoder::{Encoder, EncoderOptions};
use lelp_infer::storage;
use lelp_infer::teacher::Teacher;
use lelp_train::data::signals::PART_ROWS;
use lelp_train::data::{Dataset, Existing, Precision, SignalsFolder};
use lelp_train::distill::{
    self, DistillSettings, Distillation, NgramOptions, StudentSettings, Students, TRIALS, Task, TaskInputs,
    grid, over_seeds,
};
use lelp_train::method::{self, CeSettings, Combination, KdSettings, MethodSettings};
use lelp_train::model::HeadSettings;
use lelp_train::run::TrainSettings;
use lelp_train::teacher::{AnswerOptions, write_signals};

use self::outcome::Outcome;
use crate::args::{ColumnArgs, GlobalArgs};
use crate::commands::fit::as_table;
use crate::commands::pull::encoder_folder;
use crate::commands::teach::{Embedded, save, say_taught};
use crate::failure::{Failure, While};
use crate::interrupt;
use crate::printer::Printer;
use crate::progress::Rows;

/// See the whole way, from labelled texts to microsecond students, in minutes
///
/// Teaches a head on a frozen encoder, records its signals, finds LELP's directions, and distils n-gram students with
/// the methods `ce` (labels alone), `kd` (ordinary distillation) and `lelp`. Each method gets the same number of
/// trials, chosen on the validation rows; the test rows are read once, for the table at the end.
///
/// The bundled data are 13,083 questions of banking customers, "about a card" or not (banking77, CC BY 4.0). With
/// --data it runs on your own: a folder with train, validation and test files.
///
/// Examples:
///   lelp quickstart
///   lelp quickstart --data queries/ --out comparison
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Folder with train, validation and test files [default: the bundled queries]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// A Hugging Face folder, or the name of a model as for `lelp pull`
    #[arg(long, value_name = "DIR|MODEL", default_value = "sentence-transformers/all-MiniLM-L6-v2")]
    encoder: String,

    /// Folder for all that is made; that of an earlier quickstart is used again
    #[arg(long, value_name = "DIR", default_value = "lelp-quickstart")]
    out: PathBuf,

    /// Seeds of each method
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,

    #[command(flatten)]
    columns: ColumnArgs,
}

/// The file that marks a folder as one of ours, which may be written again.
const MARKER: &str = "quickstart.json";

/// Fewer buckets than the student's default: queries have few words, and the table is most of the file.
const STUDENT_BUCKETS: usize = 1 << 16;
const STUDENT_WIDTH: usize = 64;

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let start = Instant::now();
    let cancel = interrupt::flag()?;
    let out = &arguments.out;
    claim(out)?;
    let data = if let Some(data) = &arguments.data {
        data.clone()
    } else {
        let folder = out.join("data");
        bundled::unpack(&folder)?;
        printer.step("data", &format!("banking77 in two classes, CC BY 4.0, in `{}`", folder.display()));
        folder
    };
    let run = Quickstart { arguments, global, printer, cancel: &cancel, data };
    let encoder = encoder_folder(&arguments.encoder, printer)?;
    let teacher = run.teach(&encoder)?;
    let signals = run.signals(&teacher)?;
    run.show_fit(&signals)?;
    let task = Task::open(&run.data, Some(&out.join("signals")), &arguments.columns.settings())?;
    let test = task.test().cloned().ok_or_else(|| {
        Failure::input(format!("`{}` has no test file, and the table is made on one", run.data.display()))
    })?;
    let students = run.distill(&task)?;
    let outcome = run.measure(&teacher, &students, &test)?;
    storage::write(&out.join(MARKER), outcome.to_json().as_bytes())?;
    printer.data(&outcome.to_string())?;
    run.say_answers(&students, &test)?;
    printer.step(
        "done",
        &format!("in {:.0} s; all of it is in `{}`", start.elapsed().as_secs_f64(), out.display()),
    );
    run.say_next();
    Ok(())
}

/// Makes the folder, or takes one that an earlier quickstart made.
fn claim(out: &Path) -> Result<(), Failure> {
    let marker = out.join(MARKER);
    if out.exists() && !marker.exists() {
        let problem = format!("`{}` exists and was not made by a quickstart", out.display());
        return Err(Failure::input(problem).with_hint("choose another folder with `--out`"));
    }
    fs::create_dir_all(out)?;
    Ok(storage::write(&marker, b"{}\n")?)
}

/// The methods that are compared: labels alone, ordinary distillation, and what this project adds.
fn compared() -> [Combination; 3] {
    [
        MethodSettings::Ce(CeSettings::default()),
        MethodSettings::Kd(KdSettings::default()),
        MethodSettings::Lelp(method::LelpSettings::default()),
    ]
    .map(Combination::from)
}

struct Quickstart<'a> {
    arguments: &'a Arguments,
    global: &'a GlobalArgs,
    printer: Printer,
    cancel: &'a AtomicBool,
    data: PathBuf,
}

impl Quickstart<'_> {
    /// As `lelp teach`.
    fn teach(&self, encoder_folder: &Path) -> Result<Teacher, Failure> {
        let out = self.arguments.out.join("teacher");
        let columns = self.arguments.columns.settings();
        let (train, validation) = crate::commands::teach::labelled_splits(&self.data, &columns)?;
        let encoder = Encoder::load(encoder_folder, &EncoderOptions::new(self.global.threads()))?;
        let embedded = Embedded::new(&encoder, &train, &validation, self.printer, self.cancel)?;
        let (head, report) = embedded.teach(
            &HeadSettings::default(),
            None,
            &TrainSettings::head(),
            self.global.threads(),
            self.printer,
            self.cancel,
        )?;
        save(&out, encoder_folder, &encoder, &head, train.label_names())?;
        say_taught(&report, &validation, &out, self.printer);
        Ok(Teacher::load(&out, self.global.threads())?)
    }

    /// As `lelp signals`.
    fn signals(&self, teacher: &Teacher) -> Result<SignalsFolder, Failure> {
        let out = self.arguments.out.join("signals");
        let columns = self.arguments.columns.settings();
        let data =
            lelp_train::data::Splits::open(&self.data, &columns.columns(), Some(teacher.labels()))?.train;
        let options =
            AnswerOptions { precision: Precision::F32, existing: Existing::Overwrite, part_rows: PART_ROWS };
        let bar = Rows::new(self.printer, "signals", data.rows());
        let signals = write_signals(teacher, &data, &out, options, &mut |done| bar.set(done), self.cancel)?;
        bar.finish();
        self.printer.step("wrote", &format!("`{}`: {} rows", out.display(), signals.rows()));
        Ok(signals)
    }

    /// As `lelp fit`.
    fn show_fit(&self, signals: &SignalsFolder) -> Result<(), Failure> {
        let threads = self.global.threads();
        let split = SplitSettings::Directions(LelpSettings::default());
        let evidence = distill::evidence(signals, &split, Members::Teacher, None, threads)?;
        let fit = distill::fit(signals, &evidence, &split, None, threads)?;
        let path = self.arguments.out.join("fit.safetensors");
        storage::write(&path, &fit.to_bytes())?;
        self.printer.step("fitted", &format!("`{}`", path.display()));
        for line in as_table(&fit, &signals.description().label_names).lines() {
            self.printer.note(line);
        }
        Ok(())
    }

    /// As `lelp distill`, for each method, trial and seed.
    fn distill(&self, task: &Task) -> Result<Vec<Students>, Failure> {
        let student =
            NgramOptions { buckets: STUDENT_BUCKETS, width: STUDENT_WIDTH, ..NgramOptions::default() };
        let threads = self.global.threads();
        let student = StudentSettings::Ngram(student);
        let inputs = TaskInputs::new(task, &student, threads, None, &mut |_| {}, self.cancel)?;
        let distillation = Distillation::new(task, &inputs, threads);
        let seeds: Vec<u64> = (0..self.arguments.seeds).collect();
        let train = TrainSettings::ngram();
        let mut all = Vec::new();
        for method in compared() {
            let trials = grid(&method, &train);
            let bar = self.printer.progress(&method.name(), (TRIALS + seeds.len()) as u64, "students");
            let students =
                over_seeds(&distillation, &student, &trials, &seeds, &mut || bar.inc(1), self.cancel)
                    .or_while(|| format!("distilling with `{}`", method.name()))?;
            bar.finish_and_clear();
            let best = &students.tried[0];
            self.printer.step(
                &method.name(),
                &format!("validation accuracy {:.4} is the best of {TRIALS} trials", best.validation.value),
            );
            self.save(task, &students, &student)?;
            all.push(students);
        }
        Ok(all)
    }

    /// Saves the first seed's student, the one that a user would deploy.
    fn save(&self, task: &Task, students: &Students, student: &StudentSettings) -> Result<(), Failure> {
        let chosen = students.tried[0].trial.clone();
        let settings = DistillSettings {
            data: self.data.clone(),
            signals: Some(self.arguments.out.join("signals")),
            columns: self.arguments.columns.settings(),
            distill: chosen.method,
            model: student.clone(),
            train: chosen.train,
        };
        let folder = self.arguments.out.join(&students.method);
        Ok(distill::save(&folder, &students.students[0], task, &settings, self.global.threads().get())?)
    }

    fn measure(&self, teacher: &Teacher, students: &[Students], test: &Dataset) -> Result<Outcome, Failure> {
        let bar = Rows::new(self.printer, "testing", test.rows());
        let out = &self.arguments.out;
        let outcome = Outcome::measure(teacher, students, test, out, &mut |done| bar.set(done), self.cancel)?;
        bar.finish();
        Ok(outcome)
    }

    /// A few test texts with what teacher and student say.
    fn say_answers(&self, students: &[Students], test: &Dataset) -> Result<(), Failure> {
        let Some(lelp) = students.last() else { return Ok(()) };
        let Some(model) = lelp.students[0].model.ngram() else { return Ok(()) };
        self.printer.step("answers", &format!("of `{}`", self.arguments.out.join(&lelp.method).display()));
        let step = (test.rows() / 5).max(1);
        for row in (0..test.rows()).step_by(step).take(5) {
            let text = test.text(row);
            let probabilities = lelp::softmax(&model.logits(&[text])?, model.labels().len())?;
            let class = lelp::largest(&probabilities);
            self.printer.note(&format!(
                "{:>8} {:.2}  {}",
                model.labels()[class],
                probabilities[class],
                text.text
            ));
        }
        Ok(())
    }

    fn say_next(&self) {
        let out = self.arguments.out.display();
        self.printer.step("next", &format!("echo 'where is my card?' | lelp predict --model {out}/lelp"));
        self.printer.note(
            "lelp quickstart --data YOUR_FOLDER --out comparison     (train, validation and test files)",
        );
    }
}
