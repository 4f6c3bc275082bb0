//! A teacher's signals on a data set: found, or asked of a teacher that is there or is taught first.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lelp_data::signals::PART_ROWS;
use lelp_data::storage::sha256;
use lelp_data::{Dataset, Existing, Precision, SignalsFolder, Splits};
use lelp_method::{CeSettings, SubclassTeacherSettings};
use lelp_model::classifier::Classifier;
use lelp_model::encoder::{Encoder, EncoderOptions};
use lelp_model::teacher::{TEACHER_FILE, Teacher};
use lelp_train::students::EncoderSource;
use lelp_train::teachers::{FineTuning, HeadTraining, SignalsOptions, TeacherFolder, write_signals};
use lelp_train::training::Event;

use super::{Places, PrepareError, Progress, Step};
use crate::recipe::{DataEntry, SignalsEntry, TeacherEntry, TeacherSource, Teaching, Tune};

/// Time between two checkpoints of a fine-tuning.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(5);

/// Names of the folders of signals on the training and the test file.
const SIGNALS: &str = "signals";
const TEST_SIGNALS: &str = "test-signals";

/// Where a teacher's signals are.
pub(super) struct Heard {
    pub(super) teacher: Option<PathBuf>,
    pub(super) signals: PathBuf,
    pub(super) test: Option<PathBuf>,
}

/// The teacher's signals, made where they are not there yet.
pub(super) fn hear(
    data: &DataEntry,
    path: &Path,
    teacher: &TeacherEntry,
    places: &Places<'_>,
    progress: &mut Progress<'_>,
    cancel: &AtomicBool,
) -> Result<Heard, PrepareError> {
    let named = |template: &String| places.data.join(template.replace("{data}", &data.name));
    let name = format!("{} {}", data.name, teacher.name);
    let folder = |decides: &str| places.out.join("teachers").join(file_name(&name, decides));
    let hearing = Hearing { data, places, cancel };
    match &teacher.source {
        TeacherSource::Signals(SignalsEntry { train, test }) => {
            Ok(Heard { teacher: None, signals: named(train), test: test.as_ref().map(named) })
        }
        TeacherSource::Folder(own) => {
            let own = named(own);
            let model = Teacher::load(&own, places.threads)?;
            let splits = Splits::open(path, &data.columns.columns(), Some(model.labels()))?;
            hearing.asked(&model, own, &splits, &folder(&name), progress)
        }
        TeacherSource::Taught(teaching) => {
            let splits = Splits::open(path, &data.columns.columns(), data.columns.labels.as_deref())?;
            // No other settings find this teacher or its checkpoint.
            let folder = folder(&hearing.identity(teaching, &splits)?);
            let own = folder.join("teacher");
            hearing.teach(teaching, &splits, &own, progress)?;
            match known(&splits, &folder) {
                Some([signals, test]) => Ok(Heard { teacher: Some(own), signals, test: Some(test) }),
                None => hearing.asked(&Teacher::load(&own, places.threads)?, own, &splits, &folder, progress),
            }
        }
    }
}

/// The signals in `folder`, where they are whole and of these files.
fn known(splits: &Splits, folder: &Path) -> Option<[PathBuf; 2]> {
    let whole = |name: &str, data: &Dataset| {
        let signals = folder.join(name);
        SignalsFolder::open(&signals).ok()?.check_data(data).ok()?;
        Some(signals)
    };
    Some([whole(SIGNALS, &splits.train)?, whole(TEST_SIGNALS, splits.test.as_ref()?)?])
}

/// A name as a file's: everything but letters and digits becomes a hyphen, and a hash of what decides tells apart what
/// this makes alike.
fn file_name(name: &str, decides: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{}-{}", plain.to_ascii_lowercase(), &sha256(decides.as_bytes())[..8])
}

/// A data set that a teacher is heard on.
struct Hearing<'a> {
    data: &'a DataEntry,
    places: &'a Places<'a>,
    cancel: &'a AtomicBool,
}

impl Hearing<'_> {
    /// Asks `model`, loaded from `own`, for its signals, which go to `folder`.
    fn asked(
        &self,
        model: &Teacher,
        own: PathBuf,
        splits: &Splits,
        folder: &Path,
        progress: &mut Progress<'_>,
    ) -> Result<Heard, PrepareError> {
        let options =
            SignalsOptions { precision: Precision::F32, existing: Existing::Resume, part_rows: PART_ROWS };
        let mut write = |rows: &Dataset, to: &Path| {
            let mut told = |done| self.told("signals", done, rows.rows(), progress);
            write_signals(model, Some(self.places.kept), rows, to, options, &mut told, self.cancel)
        };
        let (signals, test_signals) = (folder.join(SIGNALS), folder.join(TEST_SIGNALS));
        write(&splits.train, &signals)?;
        let test = splits.test.as_ref().map(|test| write(test, &test_signals)).transpose()?;
        Ok(Heard { teacher: Some(own), signals, test: test.map(|_| test_signals) })
    }

    /// Teaches the teacher in `own`, unless an earlier run did.
    fn teach(
        &self,
        teaching: &Teaching,
        splits: &Splits,
        own: &Path,
        progress: &mut Progress<'_>,
    ) -> Result<(), PrepareError> {
        match teaching.tune {
            Tune::Head if !own.join(TEACHER_FILE).exists() => {
                self.teach_head(teaching, splits, own, progress)
            }
            Tune::All if !own.join("run.json").exists() => self.fine_tune(teaching, splits, own, progress),
            _ => Ok(()),
        }
    }

    /// What tells this teacher from any other before it is taught.
    fn identity(&self, teaching: &Teaching, splits: &Splits) -> Result<String, PrepareError> {
        let weights = lelp_model::encoder::weights_hash(Path::new(&teaching.encoder))?;
        // The same encoder may be elsewhere tomorrow.
        let teaching = Teaching { encoder: weights, ..teaching.clone() };
        let mut all = format!("teacher 2\n{teaching:?}\n{:?}\n", self.data.labelled);
        for data in [Some(&splits.train), splits.validation.as_ref()].into_iter().flatten() {
            let _ = write!(all, "{}\n{:?}\n{:?}\n", data.hash(), data.signal_labels(), data.label_names());
        }
        Ok(all)
    }

    fn told(&self, doing: &'static str, done: usize, rows: usize, progress: &mut Progress<'_>) {
        progress(Step { data: &self.data.name, doing, done, rows });
    }

    /// Teaches a head on a frozen encoder.
    fn teach_head(
        &self,
        teaching: &Teaching,
        splits: &Splits,
        own: &Path,
        progress: &mut Progress<'_>,
    ) -> Result<(), PrepareError> {
        let (threads, encoder_folder) = (self.places.threads, Path::new(&teaching.encoder));
        let options = EncoderOptions { max_length: teaching.max_length, ..EncoderOptions::new(threads) };
        let encoder = Encoder::load(encoder_folder, &options)?;
        let head_training = HeadTraining {
            encoder: &encoder,
            encoder_folder,
            splits,
            labelled: self.data.labelled,
            head: teaching.head(),
            subclasses: subclasses(teaching),
            settings: teaching.train,
            cache: self.places.kept,
            threads,
        };
        let rows = head_training.rows();
        let mut embedded = |done| self.told("embedding", done, rows, progress);
        let taught = head_training.run(&mut embedded, &mut |_| {}, self.cancel)?;
        Teacher::save(own, encoder_folder, &taught.head, &taught.config)?;
        if let Some(test) = &splits.test {
            // For its signals, and for students on the same encoder.
            let mut embedded = |done| self.told("embedding", done, test.rows(), progress);
            head_training.embed(test, &mut embedded, self.cancel)?;
        }
        Ok(())
    }

    /// Fine-tunes an encoder with its head, from an earlier run's checkpoint on where there is one.
    fn fine_tune(
        &self,
        teaching: &Teaching,
        splits: &Splits,
        own: &Path,
        progress: &mut Progress<'_>,
    ) -> Result<(), PrepareError> {
        let (train, validation) = splits.learning()?;
        let train = match self.data.labelled {
            Some(count) => train.keep_labels(count),
            None => train,
        };
        let source = EncoderSource::whole(Path::new(&teaching.encoder), teaching.max_length)?;
        let tuning = FineTuning {
            source: &source,
            train: &train,
            validation: &validation,
            labels: CeSettings::default(),
            subclasses: subclasses(teaching),
            encoder: teaching.network.unwrap_or_default(),
            settings: teaching.train,
        };
        let folder = TeacherFolder {
            path: own,
            encoder: &teaching.encoder,
            checkpoint_every: CHECKPOINT_EVERY,
            tensorboard: None,
        };
        let mut watch = |event: Event<'_>| {
            if let Event::Batch { epoch, done, rows, .. } = event {
                let all = rows * teaching.train.epochs;
                self.told("fine-tuning", rows * (epoch - 1) + done, all, progress);
            }
        };
        tuning.train(&folder, self.places.threads, &mut watch, self.cancel)?;
        Ok(())
    }
}

/// How a teacher splits its classes by itself, where it does.
fn subclasses(teaching: &Teaching) -> Option<SubclassTeacherSettings> {
    let subclasses = teaching.subclasses.filter(|count| *count > 1)?;
    Some(SubclassTeacherSettings { subclasses, ..SubclassTeacherSettings::default() })
}
