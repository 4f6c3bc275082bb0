//! What to do about an error, in terms of commands and flags.
//!
//! Libraries say what is wrong and name no flag, as they are called by other programs too. Their errors are matched by
//! type here.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use lelp::FitError;
use lelp::artifact::ArtifactError;
use lelp_compare::run::RunError;
use lelp_compare::store::ResultsError;
use lelp_data::import::ImportError;
use lelp_data::storage::FileError;
use lelp_data::{DataError, Format, SignalsFileError};
use lelp_method::DegeneracyError;
use lelp_model::ModelFolderError;
use lelp_model::encoder_classifier::EncoderClassifierError;
use lelp_model::export::ExportError;
use lelp_network::{DeviceError, ParametersError};
use lelp_report::inspect::StudentSplitError;
use lelp_report::read::ReadError;
use lelp_serve::ServeError;
use lelp_train::distill::{DistillError, FolderError, TaskError};
use lelp_train::encoder::EncoderTrainingError;
use lelp_train::evaluate::EvaluateError;
use lelp_train::students::StudentError;
use lelp_train::students::ngram::{NgramStudentError, ShrinkError};
use lelp_train::students::static_embeddings::PretrainedError;
use lelp_train::teachers::{FineTuneError, HeadTrainingError, SignalsRunError};
use lelp_train::training::{CheckpointError, TrainError};
use lelp_train::unlabelled::UnlabelledError;

use crate::command_error::CommandError;
use crate::memory;

/// What to do about a defect of this program.
pub(crate) const DEFECT: &str =
    "this is a defect of lelp; please report it with the command and the lines above";

const OVERWRITE: &str = "choose another folder, or pass `--overwrite`";
const TRAIN_HEAD: &str = "train a head on the encoder with `lelp teach`";
const RUN_FOLDERS: &str = "give the folder that `lelp distill`, `lelp compare` or `lelp quickstart` wrote";

/// What to do about `error` or, where that has no hint, about its causes.
pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        let hint = of_one(error);
        if hint.is_some() {
            return hint;
        }
        next = wrapped(error).or_else(|| error.source());
    }
    None
}

/// Matches an error against types: the first pattern that fits gives the hint.
macro_rules! first_match {
    ($error:ident; $($type:ty: $pattern:pat $(if $guard:expr)? => $hint:expr;)*) => {
        $(if let Some($pattern) = $error.downcast_ref::<$type>() $(&& $guard)? {
            return Some($hint.to_string());
        })*
    };
}

/// What to do about this very error.
fn of_one(error: &(dyn Error + 'static)) -> Option<String> {
    first_match! { error;
        CommandError: CommandError::FileExists(_) => "choose another name, or pass `--overwrite`";
        CommandError: CommandError::NotAPage(_) => "choose another name, one that ends in `.html`";
        CommandError: CommandError::TeacherExists(_) => OVERWRITE;
        CommandError: CommandError::NotAQuickstart(_) | CommandError::OtherQuickstart(_) => "choose another folder with `--out`";
        CommandError: CommandError::NoLabels { .. } => "name their column with `--label-column`";
        CommandError: CommandError::UnlabelledWithoutTeacher =>
            "give its folder with `--teacher`; signals alone answer no further rows";
        CommandError: CommandError::TooSmall { .. } => "give `--max-size` more, or distil a student of fewer buckets or no hidden layer";
        CommandError: CommandError::Drop { .. } => "allow more with `--max-drop`, or more epochs with `--epochs`";
        CommandError: CommandError::NoTable { .. } => "give a student of `lelp distill --student ngram`";
        CommandError: CommandError::NoCalibration { .. } => "give more labelled rows, some of which it answers wrongly; `--force` keeps it all the same";
        CommandError: CommandError::OtherTexts { .. } => "give a teacher of the same kind of texts";
        CommandError: CommandError::PairForSingle { .. } => "leave out `--pair-column`, or distil a student of pairs";
        CommandError: CommandError::Precision { .. } => "leave out `--precision`, or allow more with `--max-drop`";
        CommandError: CommandError::Cosine { .. } => "leave out `--precision`";
        CommandError: CommandError::FailedCells { .. } => "the same command tries them again";
        CommandError: CommandError::NoEncoder(_) =>
            "give a folder of Hugging Face's format, or the name of a model as for `lelp pull`";
        FolderError: FolderError::Exists(_) => OVERWRITE;
        PretrainedError: PretrainedError::NoEncoder => "name it with `--encoder`";
        PretrainedError: PretrainedError::Width { .. } => "give a smaller `--static-width`";
        FileError: FileError::Changed { .. } =>
            "bring the file back, or write the folder again with `--overwrite`";
        SignalsFileError: SignalsFileError::OtherSettings { .. } => OVERWRITE;
        SignalsFileError: SignalsFileError::PartsWithoutDescription { .. } => OVERWRITE;
        CheckpointError: CheckpointError::Format { .. } => "delete it, or start over with `--overwrite`";
        CheckpointError: CheckpointError::Settings { .. } =>
            "give the same settings to resume, or start over with `--overwrite`";
        ResultsError: ResultsError::OtherRecipe { .. } =>
            "choose another `--out`, or pass `--extend` to keep the results that both recipes share";
        DataError: DataError::MissingColumn { file, .. } if has_header(file) =>
            "name the column to read, for example with `--text-column` or `--label-column`; the first line of a file has to name its columns";
        DataError: DataError::MissingColumn { .. } =>
            "name the column to read, for example with `--text-column` or `--label-column`";
        DataError: DataError::NoTrain { meant, .. } if !meant.is_empty() => format!("give {} in its place", paths(meant));
        DataError: DataError::UnknownLabel { label, .. } =>
            format!("name all classes with `--labels` if `{label}` is one more; if these are other names for the same classes, give those of the data with `--labels`, in this order");
        DataError: DataError::NoColumns { .. } =>
            "name what to read with `--text-column`, `--vector-column`, `--number-columns` or `--category-columns`";
        DataError: DataError::LabelNumber { .. } => "pass `--missing-labels ''` if negative numbers are classes";
        DataError: DataError::OneClass { unlabelled, .. } if !unlabelled.is_empty() =>
            "pass `--missing-labels ''` if they are classes";
        EvaluateError: EvaluateError::NoLabels { .. } =>
            "name their column with `--label-column`; `lelp predict` needs none";
        HeadTrainingError: HeadTrainingError::NoEncoder { .. } =>
            "name one with `--encoder`, or other columns with `--vector-column`, `--number-columns` or `--category-columns`";
        DeviceError: DeviceError::NotBuilt { feature, .. } =>
            format!("install lelp with `--features {feature}`, or use `--device cpu`");
        EncoderTrainingError: EncoderTrainingError::Memory { .. } =>
            "lower `--micro-batch`, `--batch` or `--max-length`";
        EncoderTrainingError: EncoderTrainingError::Layers { .. } => "lower `--layers`";
        EncoderTrainingError: EncoderTrainingError::TooLong { .. } => "lower `--max-length`";
        DistillError: DistillError::NoSignals { .. } =>
            "give the teacher with `--teacher`, or signals that `lelp signals` wrote with `--signals`";
        DistillError: DistillError::NoSubclasses =>
            "train a teacher with `lelp teach --subclasses 4`, or use `--method lelp`";
        TaskError: TaskError::NoClasses { .. } =>
            "name the column with `--label-column`, or give the teacher with `--teacher` or `--signals`";
        TaskError: TaskError::NothingToSplit => "give the teacher's signals with `--signals`";
        DegeneracyError: error => format!("use {}; `--force` trains it all the same", error.degeneracy.instead);
        ModelFolderError: ModelFolderError::NoFolder(_) | ModelFolderError::UnknownKind { .. } =>
            "give a folder that `lelp teach` or `lelp distill` wrote, or one of a Hugging Face classifier";
        ModelFolderError: ModelFolderError::NoHead(_) => TRAIN_HEAD;
        EncoderClassifierError: EncoderClassifierError::NoHead { .. } => TRAIN_HEAD;
        ExportError: ExportError::Format { .. } => "write its weights with `--format safetensors`";
        ReadError: ReadError::NoFolder(_) | ReadError::NoRun(_) => RUN_FOLDERS;
        ReadError: ReadError::NoStudent { .. } => RUN_FOLDERS;
        ReadError: ReadError::Shrunk { .. } => "give that folder; `lelp eval` measures the smaller student, and its `shrink.json` has both";
        StudentSplitError: StudentSplitError::NoSplit { .. } =>
            "inspect a student of `lelp` or of another method that splits classes; `lelp methods` lists them";
        ServeError: ServeError::Bind { .. } => "choose another address with `--address`; port 0 takes one that is free";
        ServeError: ServeError::NoThreshold(_) | ServeError::StaleThreshold(_) | ServeError::OtherTeacher { .. } =>
            "choose it with `lelp cascade`, or give it with `--fallback-threshold`";
        ServeError: ServeError::OtherTexts { .. } => "give a teacher of the same kind of texts";
        ServeError: ServeError::Limits { .. } => "raise `--max-texts-in-flight`, or lower `--max-texts`";
        FitError: FitError::ClassTooSmall { .. } =>
            "classes are counted from 0 in the order of the labels, and their rows are those that the teacher answers so: \
             `--members label` takes rows by their labels, `--method kd` splits nothing";
        ShrinkError: ShrinkError::Static =>
            "distil one without them, by a method's name in place of `auto`: `lelp distill --method kmeans`";
        NgramStudentError: NgramStudentError::Memory { .. } => memory::hint();
        io::Error: error if error.kind() == io::ErrorKind::OutOfMemory => memory::hint();
        ArtifactError: ArtifactError::NotOurs { .. } => "give a file that `lelp fit` wrote";
    }
    None
}

/// Whether the columns of `file` are named by its first line.
fn has_header(file: &Path) -> bool {
    Format::of(file).is_ok_and(|format| matches!(format.name(), "csv" | "tsv"))
}

/// The first few of `paths`, for a hint.
fn paths(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = paths.iter().take(SHOWN).map(|path| format!("`{}`", path.display())).collect();
    shown.join(" or ")
}

/// Gives the error inside a variant that shows it as its own. Such a variant passes on the causes of the error inside,
/// not the error.
macro_rules! inside {
    ($error:ident; $($type:ident { $($variant:ident)* })*) => {
        $(if let Some(error) = $error.downcast_ref::<$type>() {
            return match error {
                $($type::$variant(inner) => Some(inner),)*
                _ => None,
            };
        })*
    };
}

/// The error that `error` shows as its own, where one with a hint can be inside.
fn wrapped<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(ModelFolderError::Unsound(inner)) = error.downcast_ref::<ModelFolderError>() {
        return Some(inner.as_ref());
    }
    inside! { error;
        DistillError { Student }
        ShrinkError { Student }
        StudentError { Ngram Encoder Folder Train Load Evaluate Pretrained }
        TrainError { Checkpoint }
        EncoderTrainingError { Parameters }
        ParametersError { Device }
        FolderError { File Model }
        SignalsFileError { File }
        EncoderClassifierError { File }
        FineTuneError { Student Train }
        TaskError { Data }
        UnlabelledError { Data Signals Task }
        HeadTrainingError { Data Train }
        ImportError { Signals }
        SignalsRunError { Data Teacher Folder }
        ExportError { Model Tokenizer File }
        RunError { Results }
        ReadError { File Results }
        ServeError { Model }
    }
    None
}
