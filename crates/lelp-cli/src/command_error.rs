//! What commands themselves refuse; everything else is an error of a library.

use std::path::PathBuf;

use lelp::{Classified, ErrorKind, counted};
use lelp_train::evaluate::PrecisionReport;
use thiserror::Error;

/// Why a command did not do its work.
#[derive(Debug, Error)]
pub(crate) enum CommandError {
    /// A file would be overwritten.
    #[error("`{}` exists already", .0.display())]
    FileExists(PathBuf),
    /// A file that is no page would be overwritten by one.
    #[error("`{}` exists already and is no `.html` file, which alone a page replaces", .0.display())]
    NotAPage(PathBuf),
    /// A teacher would be overwritten.
    #[error("`{}` holds a teacher already", .0.display())]
    TeacherExists(PathBuf),
    /// The folder is someone else's.
    #[error("`{}` exists and was not made by a quickstart", .0.display())]
    NotAQuickstart(PathBuf),
    /// The folder holds what was learned of other data.
    #[error("`{}` is a quickstart on other data", .0.display())]
    OtherQuickstart(PathBuf),
    /// A teacher has nothing to learn from.
    #[error("`{}` has no labels, but a teacher learns from them", file.display())]
    NoLabels {
        /// The training file.
        file: PathBuf,
    },
    /// A class that the teacher does not know.
    #[error("there is no class `{class}`; the teacher knows `{}`", known.join("`, `"))]
    UnknownClass {
        /// The name that was given.
        class: String,
        /// Names of the teacher's classes.
        known: Vec<String>,
    },
    /// Nobody answers rows without labels.
    #[error("unlabelled rows teach a student what a teacher says of them, and no teacher is named")]
    UnlabelledWithoutTeacher,
    /// The classes are given other names, but not one each.
    #[error("{given} names are given, but the teacher has the {} classes `{}`; name each, in this order", own.len(), own.join("`, `"))]
    ClassNames {
        /// How many names.
        given: usize,
        /// The classes as the teacher calls them.
        own: Vec<String>,
    },
    /// Stopped while another run had the folder.
    #[error("stopped while another run was writing to `{}`", .0.display())]
    StoppedWaiting(PathBuf),
    /// There is no such folder.
    #[error("there is no folder `{}`", .0.display())]
    NoFolder(PathBuf),
    /// What is given for an encoder leads to no folder.
    #[error("there is no folder `{}`", .0.display())]
    NoEncoder(PathBuf),
    /// A model without a table of features.
    #[error("`{}` holds a model of kind {kind}, but only tables of n-gram students are made smaller", folder.display())]
    NoTable {
        /// The folder.
        folder: PathBuf,
        /// The model's kind.
        kind: &'static str,
    },
    /// Not even one row of a table fits.
    #[error("no student of {asked} bytes can be made: without rows of its table it takes {least}")]
    TooSmall {
        /// Bytes that were asked for.
        asked: usize,
        /// Fewest bytes.
        least: usize,
    },
    /// Every smaller student loses too much.
    #[error("every smaller student that was tried loses more than {most} points; the best loses {lost:.2}")]
    Drop {
        /// Points that may be lost.
        most: f64,
        /// Points that the best loses.
        lost: f64,
    },
    /// An encoder loses too much in a lower precision.
    #[error("in {precision} more than {most} points are lost: {}", describe_precision(report, precision))]
    Precision {
        /// The precision.
        precision: &'static str,
        /// What was found.
        report: PrecisionReport,
        /// Points that may be lost.
        most: f64,
    },
    /// Embeddings in a lower precision are far from those in f32.
    #[error("in {precision} the embeddings' mean cosine to those in f32 is {mean:.4}, below {least}")]
    Cosine {
        /// The precision.
        precision: &'static str,
        /// The mean.
        mean: f64,
        /// What it must be.
        least: f64,
    },
    /// A comparison has no teacher.
    #[error("the teacher failed, so that there is nothing to learn from; the reason is listed above")]
    NoTeacher,
    /// Rows cannot be held out of a file whose vectors are in another one.
    #[error("no rows can be held out beside the array `{array}`: give train, validation and test files")]
    ArrayBeside {
        /// The array's name.
        array: String,
    },
    /// Nothing of a comparison could be trained.
    #[error("no student could be trained: {error}")]
    NothingTrained {
        /// What failed first.
        error: String,
    },
    /// Two answers to one question.
    #[error(
        "there are both signals and an encoder to split classes by: give one of `split_signals` and `split_encoder`"
    )]
    TwoSplitSources,
    /// Rows were marked and not answered.
    #[error("{} could not be read; what is marked among the answers says why", counted(*.rows, "row"))]
    BadRows {
        /// How many.
        rows: usize,
    },
    /// Rows that do not say how sure a model should be.
    #[error(
        "{} not say how sure the model should be: {}, so that no temperature is best",
        match rows { 1 => "the 1 labelled row does".to_owned(), rows => format!("the {rows} labelled rows do") },
        if *all_right { "all are answered rightly" } else { "they are answered as if at random" }
    )]
    NoCalibration {
        /// How many there are.
        rows: usize,
        /// Whether every answer is right.
        all_right: bool,
    },
    /// Two models that do not answer the same question.
    #[error("the student's classes are `{}`, but the teacher's are `{}`", student.join("`, `"), teacher.join("`, `"))]
    OtherClasses {
        /// The student's.
        student: Vec<String>,
        /// The teacher's.
        teacher: Vec<String>,
    },
    /// A student and a teacher that cannot be asked about the same rows.
    #[error("the student was made of {student}, but the teacher reads {teacher}")]
    OtherTexts {
        /// What the student reads.
        student: &'static str,
        /// What the teacher reads.
        teacher: &'static str,
    },
    /// A model of single texts is asked about pairs.
    #[error("the model was made of single texts, but column `{column}` is named as a second one")]
    PairForSingle {
        /// The column.
        column: String,
    },
    /// A file holds no key.
    #[error("`{}` is not one line of text, but an API key is", .0.display())]
    NoKey(PathBuf),
    /// A comparison is not complete.
    #[error("{failed} trials or students failed; they are listed above and in `results.jsonl`")]
    FailedCells {
        /// How many.
        failed: usize,
    },
}

impl Classified for CommandError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

/// What a lower precision was found to cost, in a line.
pub(crate) fn describe_precision(report: &PrecisionReport, name: &str) -> String {
    let PrecisionReport { rows, agreement, expected_drop, accuracy } = report;
    let labelled = accuracy.as_ref().map(|accuracy| {
        format!(", accuracy {:.4} in f32 and {:.4} in {name}", accuracy.exact, accuracy.lower)
    });
    let labelled = labelled.unwrap_or_default();
    format!(
        "on {rows} rows the same answer as in f32 to {agreement:.4}, {expected_drop:.3} points of accuracy lost in expectation{labelled}"
    )
}
