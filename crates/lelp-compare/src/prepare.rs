//! A data set and a teacher, made ready: the teacher taught where the recipe says so, its signals written.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lelp_infer::classifier::{AnswerError, Classifier};
use lelp_infer::encoder::{Encoder, EncoderError, EncoderOptions};
use lelp_infer::storage::{self, FileError, sha256};
use lelp_infer::teacher::{ClassifierHead, Teacher, TeacherConfig, TeacherError};
use lelp_train::data::signals::PART_ROWS;
use lelp_train::data::{
    DataError, Dataset, Existing, Precision, SignalsFileError, SignalsFolder, Splits, hold_out,
};
use lelp_train::distill::{Task, TaskError};
use lelp_train::evaluate::{Answers, EvaluateError, answer, report};
use lelp_train::method::SubclassTeaching;
use lelp_train::model::HeadSettings;
use lelp_train::run::TrainSettings;
use lelp_train::teacher::{
    AnswerOptions, EmbedError, KeptEmbeddings, LabelledEmbeddings, SignalsRunError, TeachError, teach,
    write_signals, write_signals_of_head,
};
use thiserror::Error;

use crate::recipe::{DataEntry, TeacherEntry};
use crate::record::{Setting, TeacherRecord};

/// Test texts that a teacher's speed is measured on.
const TIMED_TEXTS: usize = 256;

/// Where things are, and what may be used.
#[derive(Debug)]
pub struct Places<'a> {
    /// Folder that the paths of data sets start from.
    pub data: &'a Path,
    /// The comparison's folder.
    pub out: &'a Path,
    /// Embeddings by frozen encoders.
    pub kept: &'a KeptEmbeddings,
    /// Threads.
    pub threads: NonZeroUsize,
}

/// A data set with a teacher's signals, ready for students.
#[derive(Debug)]
pub struct Prepared {
    /// What the results say of it.
    pub record: TeacherRecord,
    /// Texts, labels, signals.
    pub task: Task,
    /// The rows that students are reported on.
    pub test: Dataset,
    /// The teacher's logits on them, `[rows, classes]`.
    pub test_logits: Option<Vec<f32>>,
    /// The teacher's folder, where it has one.
    pub teacher: Option<PathBuf>,
    /// What tells data, labels and teacher from any others.
    pub identity: String,
}

impl Prepared {
    /// What its cells with this student are about.
    #[must_use]
    pub fn setting(&self, student: &str) -> Setting {
        let TeacherRecord { data, teacher, .. } = &self.record;
        Setting { data: data.clone(), teacher: teacher.clone(), student: student.to_owned() }
    }
}

/// What is being done, for a line of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The data set.
    pub data: &'a str,
    /// What is done with it.
    pub doing: &'static str,
    /// Rows that are done.
    pub done: usize,
    /// Rows in all.
    pub rows: usize,
}

/// Why a data set and a teacher came to nothing.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// The data set cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Data and signals do not fit.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// There is nothing to report on.
    #[error("data set `{name}` (`{}`) has no test file, and a comparison reports on one", path.display())]
    NoTest {
        /// Its name.
        name: String,
        /// Where it is.
        path: PathBuf,
    },
    /// The encoder cannot be loaded.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder's embeddings cannot be had.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The teacher cannot be read or written.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
    /// No head came of it.
    #[error(transparent)]
    Teach(#[from] TeachError),
    /// The teacher did not answer.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The teacher cannot be measured.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// No signals came of it.
    #[error(transparent)]
    Signals(#[from] SignalsRunError),
    /// The signals cannot be read.
    #[error(transparent)]
    SignalsFile(#[from] SignalsFileError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Where a teacher's signals are.
struct Heard {
    teacher: Option<PathBuf>,
    signals: PathBuf,
    test: Option<PathBuf>,
}

/// Makes a data set and a teacher ready; what an earlier run left is used again.
pub fn prepare(
    data: &DataEntry,
    teacher: &TeacherEntry,
    places: &Places<'_>,
    progress: &mut dyn FnMut(Step<'_>),
    cancel: &AtomicBool,
) -> Result<Prepared, PrepareError> {
    let path = if data.path.as_os_str() == "bundled" {
        places.out.join("bundled")
    } else {
        places.data.join(&data.path)
    };
    let heard = hear(data, &path, teacher, places, progress, cancel)?;
    let mut task = Task::open(&path, Some(&heard.signals), &data.columns)?;
    if let Some(count) = data.labelled {
        task = task.keep_labels(count);
    }
    let test =
        task.test().cloned().ok_or(PrepareError::NoTest { name: data.name.clone(), path: path.clone() })?;
    let test_logits = heard.test.as_deref().map(|folder| logits(folder, &test)).transpose()?;
    let own = match &test_logits {
        None => None,
        Some(logits) => {
            let elapsed = time(heard.teacher.as_deref(), &test, places.threads)?;
            Some(report(&Answers { logits: logits.clone(), elapsed }, &test, None)?)
        }
    };
    let signals = task.signals().expect("the task was opened with signals").description();
    let record = TeacherRecord {
        data: data.name.clone(),
        teacher: teacher.name.clone(),
        path,
        columns: data.columns.clone(),
        signals: heard.signals,
        teacher_hash: signals.teacher.clone(),
        data_hash: task.train().hash(),
        labels: task.labels().to_vec(),
        train_rows: task.train().rows(),
        labelled_rows: task.train().labelled_rows(),
        validation_rows: task.validation().rows(),
        test: own,
    };
    let identity = identity(&task, &test, &record);
    Ok(Prepared { record, task, test, test_logits, teacher: heard.teacher, identity })
}

/// What tells a task from any other: texts, labels and teacher, names and places apart.
fn identity(task: &Task, test: &Dataset, record: &TeacherRecord) -> String {
    let mut all = format!("{:?}\n{:?}\n", record.teacher_hash, record.labels);
    for data in [task.train(), task.validation(), test] {
        let _ = write!(all, "{}\n{:?}\n", data.hash(), data.signal_labels());
    }
    sha256(all.as_bytes())
}

fn logits(folder: &Path, data: &Dataset) -> Result<Vec<f32>, SignalsFileError> {
    let signals = SignalsFolder::open(folder)?;
    signals.check_data(data)?;
    signals.logits()
}

/// How long the teacher would take for all of `test`, from its time for the first texts; 0 where it cannot be asked.
fn time(teacher: Option<&Path>, test: &Dataset, threads: NonZeroUsize) -> Result<Duration, PrepareError> {
    let Some(folder) = teacher else { return Ok(Duration::ZERO) };
    let teacher = Teacher::load(folder, threads)?;
    let rows = TIMED_TEXTS.min(test.rows());
    let some = test.select(&(0..rows).collect::<Vec<_>>());
    let answers = answer(&teacher, &some, &mut |_| {}, &AtomicBool::new(false))?;
    Ok(answers.elapsed.mul_f64(test.rows() as f64 / rows as f64))
}

/// The teacher's signals, made where they are not there yet.
fn hear(
    data: &DataEntry,
    path: &Path,
    teacher: &TeacherEntry,
    places: &Places<'_>,
    progress: &mut dyn FnMut(Step<'_>),
    cancel: &AtomicBool,
) -> Result<Heard, PrepareError> {
    let named = |template: &String| places.data.join(template.replace("{data}", &data.name));
    if let Some(signals) = &teacher.signals {
        return Ok(Heard {
            teacher: None,
            signals: named(signals),
            test: teacher.test_signals.as_ref().map(named),
        });
    }
    let folder = places.out.join("teachers").join(file_name(&format!("{} {}", data.name, teacher.name)));
    let (signals, test_signals) = (folder.join("signals"), folder.join("test-signals"));
    if let Some(encoder) = &teacher.encoder {
        let own = folder.join("teacher");
        let teaching = Teaching { data, path, teacher, encoder: Path::new(encoder), places, cancel };
        let marker = folder.join("prepared");
        let wanted = teaching.hash()?;
        if std::fs::read_to_string(&marker).ok().as_deref() != Some(wanted.as_str()) {
            teaching.run(&own, &signals, &test_signals, progress)?;
            storage::write(&marker, wanted.as_bytes())?;
        }
        return Ok(Heard { teacher: Some(own), signals, test: Some(test_signals) });
    }
    let own = named(teacher.folder.as_ref().expect("a checked recipe gives a teacher one way"));
    let model = Teacher::load(&own, places.threads)?;
    let splits = Splits::open(path, &data.columns.columns(), Some(model.labels()))?;
    let options =
        AnswerOptions { precision: Precision::F32, existing: Existing::Resume, part_rows: PART_ROWS };
    let mut write = |rows: &Dataset, to: &Path| {
        let mut told = |done| progress(Step { data: &data.name, doing: "signals", done, rows: rows.rows() });
        write_signals(&model, rows, to, options, &mut told, cancel)
    };
    write(&splits.train, &signals)?;
    if let Some(test) = &splits.test {
        write(test, &test_signals)?;
    }
    let test = splits.test.is_some().then_some(test_signals);
    Ok(Heard { teacher: Some(own), signals, test })
}

/// A name as a file's: everything but letters and digits becomes a hyphen, and a hash tells apart what this makes alike.
fn file_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{}-{}", plain.to_ascii_lowercase(), &sha256(name.as_bytes())[..8])
}

/// A head that is taught on a frozen encoder.
struct Teaching<'a> {
    data: &'a DataEntry,
    path: &'a Path,
    teacher: &'a TeacherEntry,
    encoder: &'a Path,
    places: &'a Places<'a>,
    cancel: &'a AtomicBool,
}

impl Teaching<'_> {
    fn splits(&self) -> Result<Splits, DataError> {
        let columns = &self.data.columns;
        Splits::open(self.path, &columns.columns(), columns.labels.as_deref())
    }

    /// What tells this teacher from any other before it is taught.
    fn hash(&self) -> Result<String, PrepareError> {
        let TeacherEntry { hidden, max_length, subclasses, .. } = self.teacher;
        let weights = lelp_infer::encoder::weights_hash(self.encoder)?;
        let labelled = self.data.labelled;
        let mut all =
            format!("teacher 1\n{weights}\n{hidden:?} {max_length:?} {subclasses:?} {labelled:?}\n");
        let splits = self.splits()?;
        for data in
            [Some(&splits.train), splits.validation.as_ref(), splits.test.as_ref()].into_iter().flatten()
        {
            let _ = write!(all, "{}\n{:?}\n{:?}\n", data.hash(), data.signal_labels(), data.label_names());
        }
        Ok(sha256(all.as_bytes()))
    }

    fn run(
        &self,
        out: &Path,
        signals: &Path,
        test_signals: &Path,
        progress: &mut dyn FnMut(Step<'_>),
    ) -> Result<(), PrepareError> {
        let splits = self.splits()?;
        let max_length = self.teacher.max_length.and_then(NonZeroUsize::new);
        let options = EncoderOptions { max_length, ..EncoderOptions::new(self.places.threads) };
        let encoder = Encoder::load(self.encoder, &options)?;
        let mut embed = |data: &Dataset| {
            let mut told =
                |done| progress(Step { data: &self.data.name, doing: "embedding", done, rows: data.rows() });
            self.places.kept.embed(&encoder, self.encoder, data, &mut told, self.cancel)
        };
        let embeddings = embed(&splits.train)?;
        let validation = splits.validation.as_ref().map(&mut embed).transpose()?;
        let test = splits.test.as_ref().map(&mut embed).transpose()?;
        let head = self.teach(&splits, encoder.width(), &embeddings, validation.as_deref())?;
        let labels = splits.train.label_names();
        let hash = TeacherConfig::hash_of(self.encoder, &head)?;
        let config = TeacherConfig {
            subclasses: head.subclasses(),
            ..TeacherConfig::new(
                labels.to_vec(),
                encoder.pooling(),
                encoder.normalizes(),
                encoder.max_length(),
                hash.clone(),
            )
        };
        Teacher::save(out, self.encoder, &head, &config)?;
        let options =
            AnswerOptions { precision: Precision::F32, existing: Existing::Overwrite, part_rows: PART_ROWS };
        write_signals_of_head(&head, labels, hash.clone(), &splits.train, &embeddings, signals, options)?;
        if let (Some(data), Some(embeddings)) = (&splits.test, &test) {
            write_signals_of_head(&head, labels, hash, data, embeddings, test_signals, options)?;
        }
        Ok(())
    }

    /// The head, its best epoch chosen on the validation file or on a tenth of the training file.
    fn teach(
        &self,
        splits: &Splits,
        width: usize,
        embeddings: &[f32],
        validation: Option<&[f32]>,
    ) -> Result<ClassifierHead, PrepareError> {
        let labels = |data: &Dataset| data.labels().unwrap_or_default().to_vec();
        let learned = |data: &Dataset| {
            self.data.labelled.map_or_else(|| labels(data), |count| labels(&data.keep_labels(count)))
        };
        let (train, held_out) = if let (Some(data), Some(rows)) = (&splits.validation, validation) {
            ((embeddings.to_vec(), learned(&splits.train)), (rows.to_vec(), labels(data)))
        } else {
            let parts = hold_out(&splits.train)?;
            let values = |rows: &[usize]| -> Vec<f32> {
                rows.iter().flat_map(|&row| &embeddings[row * width..(row + 1) * width]).copied().collect()
            };
            let select = |rows: &[usize]| splits.train.select(rows);
            let train = (values(&parts.train), learned(&select(&parts.train)));
            (train, (values(&parts.validation), labels(&select(&parts.validation))))
        };
        let defaults = HeadSettings::default();
        let settings = HeadSettings { hidden: self.teacher.hidden.unwrap_or(defaults.hidden), ..defaults };
        let subclasses = self.teacher.subclasses.filter(|count| *count > 1);
        let subclasses =
            subclasses.map(|subclasses| SubclassTeaching { subclasses, ..SubclassTeaching::default() });
        let (head, _) = teach(
            splits.train.label_names().len(),
            width,
            LabelledEmbeddings { embeddings: &train.0, labels: &train.1 },
            LabelledEmbeddings { embeddings: &held_out.0, labels: &held_out.1 },
            &settings,
            subclasses.as_ref(),
            &TrainSettings::head(),
            self.places.threads,
            &mut |_| {},
            self.cancel,
        )?;
        Ok(head)
    }
}
