//! The rows of a distillation with what the teacher says of them: signals that are given, or kept, or asked for now.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp::counted;
use lelp_data::{ColumnKind, ColumnSettings, Dataset, Splits, UnlabelledReport};
use lelp_train::distill::{DistillSettings, Task};
use lelp_train::teachers::{BaseEncoder, LoadedTeacher, ObtainedSignals};
use lelp_train::unlabelled::{Answering, UnlabelledFiles, UnlabelledStep};

use crate::args::GlobalArgs;
use crate::command_error::CommandError;
use crate::encoder_cache::{base_encoder_folder, embedding_cache, signals_cache};
use crate::failure::{Context, Failure};
use crate::model_columns::asked_columns;
use crate::printer::Printer;
use crate::progress::Rows;

/// Texts unlike the training set are warned of from this share of a file on.
const FOREIGN: f64 = 0.25;

/// Said of a teacher whose embeddings were trained for its classes.
const FINE_TUNED: &str = "the teacher was fine-tuned whole, which draws each class together";

/// Opens the rows of `settings`. Where a teacher is named and no signals are, its signals are found or made, and
/// `settings` say from then on where they are; `out` is the student's folder, and `splits` whether
/// classes may be split, and not by the teacher's own embeddings because that is asked for.
pub(super) fn open(
    settings: &mut DistillSettings,
    out: &Path,
    splits: bool,
    global: &GlobalArgs,
    printer: Printer,
    cancel: &AtomicBool,
) -> Result<Task, Failure> {
    for made_of_them in [&settings.signals, &settings.teacher].into_iter().flatten() {
        let columns = std::mem::take(&mut settings.columns);
        settings.columns = columns.or_all(ColumnSettings::remembered(made_of_them)?);
    }
    let asked = settings.signals.is_none() || !settings.unlabelled.is_empty();
    let Some(teacher) = settings.teacher.as_ref().filter(|_| asked) else {
        if !settings.unlabelled.is_empty() {
            return Err(CommandError::UnlabelledWithoutTeacher.into());
        }
        return Ok(Task::open(&settings.data, settings.signals.as_deref(), &settings.columns)?);
    };
    let teacher = LoadedTeacher::open(teacher, global.threads())?;
    let (signals, embeddings) = (signals_cache(out), embedding_cache().ok());
    let answering =
        Answering { teacher: &teacher, signals: &signals, embeddings: embeddings.as_ref(), cancel };
    let task = with_signals(settings, &answering, printer)?;
    if settings.unlabelled.is_empty() {
        if splits && teacher.is_fine_tuned() {
            split_by_base(settings, &task, &teacher, printer);
        }
        return Ok(task);
    }
    let files = UnlabelledFiles {
        files: &settings.unlabelled,
        columns: &settings.columns,
        weight: settings.unlabelled_weight,
    };
    if splits && teacher.is_fine_tuned() {
        printer.note(&format!(
            "{FINE_TUNED}; splits are by its own embeddings all the same, as no others of the unlabelled rows are known"
        ));
    }
    let bar = Rows::new(printer, "signals", 0);
    let task = answering.with_unlabelled(task, files, &mut |step| match step {
        UnlabelledStep::Read(report) => print(report, printer),
        UnlabelledStep::Answered { done, rows } => bar.set_of(done, rows),
        UnlabelledStep::Obtained { signals, data } => {
            bar.finish();
            print_obtained(signals, data, printer);
        }
    });
    bar.finish();
    task.with_context(|| "asking the teacher about unlabelled rows".to_owned())
}

/// The classes of a teacher that was fine-tuned whole are split by the encoder that it was made of, unless another is named,
/// where that is on this machine and reads what the teacher reads: single texts.
fn split_by_base(settings: &mut DistillSettings, task: &Task, teacher: &LoadedTeacher, printer: Printer) {
    if settings.split_encoder.is_some() || settings.split_signals.is_some() {
        return;
    }
    let single_texts = matches!(task.train().schema().fields(), [field] if field.kind == ColumnKind::Text);
    let base = BaseEncoder::of_teacher(teacher.folder()).filter(|_| single_texts);
    let Some((base, folder)) = base.and_then(|base| base_encoder_folder(&base).map(|folder| (base, folder)))
    else {
        printer.note(&format!(
            "{FINE_TUNED}: `--split-encoder MODEL`, its encoder before that, may find more to split"
        ));
        return;
    };
    printer.note(&format!(
        "{FINE_TUNED}; splits are by the embeddings of `{}`, which it was made of (`--split-source teacher`: by its own)",
        base.name
    ));
    settings.split_encoder = Some(folder);
}

/// The task of the training file, with signals that are given or the teacher's.
fn with_signals(
    settings: &mut DistillSettings,
    answering: &Answering<'_>,
    printer: Printer,
) -> Result<Task, Failure> {
    let (data, columns) = (&settings.data, &settings.columns);
    if let Some(signals) = &settings.signals {
        return Ok(Task::open(data, Some(signals), columns)?);
    }
    let asked = teacher_columns(answering.teacher, columns)?;
    let splits = Splits::open(data, &asked.columns(), Some(answering.teacher.labels()))?;
    let bar = Rows::new(printer, "signals", splits.train.rows());
    let obtained = answering.obtain(&splits.train, &mut |done| bar.set(done));
    bar.finish();
    let obtained =
        obtained.with_context(|| format!("running the teacher over `{}`", splits.train.file().display()))?;
    print_obtained(&obtained, &splits.train, printer);
    let ObtainedSignals { signals, folder, .. } = obtained;
    let task = if asked == *columns {
        Task::new(splits, Some(signals), columns)?
    } else {
        Task::open(data, Some(&folder), columns)?
    };
    settings.signals = Some(folder);
    Ok(task)
}

/// The columns that the teacher reads, where it was trained on vectors, numbers or categories; else the student's texts.
fn teacher_columns(teacher: &LoadedTeacher, student: &ColumnSettings) -> Result<ColumnSettings, Failure> {
    let own = asked_columns(ColumnSettings::default(), teacher.folder(), teacher.schema())?;
    let ColumnSettings { text, pair, .. } = own.clone().or(student.clone());
    Ok(ColumnSettings { text, pair, ..student.clone() }.with_table_columns_of(own))
}

fn print_obtained(signals: &ObtainedSignals, data: &Dataset, printer: Printer) {
    let how = if signals.kept { "kept by an earlier run" } else { "kept for later runs" };
    let (rows, file) = (counted(data.rows(), "row"), data.file().display());
    printer.step("signals", &format!("of the teacher on {rows} of `{file}`, {how}"));
    printer.detail(&format!("in `{}`", signals.folder.display()));
}

fn print(report: &UnlabelledReport, printer: Printer) {
    let UnlabelledReport { file, rows, near_duplicates, empty, foreign, foreign_held_out, .. } = report;
    printer.step("unlabelled", &format!("{} of `{}`", counted(*rows, "row"), file.display()));
    for (count, why) in [(near_duplicates, "nearly the same as held-out rows"), (empty, "empty")] {
        if *count > 0 {
            printer.note(&format!("{count} of them are left out: {why}"));
        }
    }
    if *foreign == 0 {
        return;
    }
    let share = *foreign as f64 / report.kept() as f64;
    let text = format!(
        "{:.1} % of them are unlike the training rows, which lack more than half of their words; so are {:.1} % of the held-out rows",
        100.0 * share,
        100.0 * foreign_held_out
    );
    if share >= FOREIGN {
        printer.warn(&text);
    } else {
        printer.note(&text);
    }
    for example in &report.foreign_examples {
        printer.note(&format!("  {}", excerpt(example)));
    }
}

/// The beginning of a text, on one line.
fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
