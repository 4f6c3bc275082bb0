//! A teacher's signals on a data set: read, or asked of a teacher that is there or is trained first.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lelp_data::signals::PART_ROWS;
use lelp_data::storage::sha256;
use lelp_data::{Dataset, Existing, Precision, SignalsFolder, Splits};
use lelp_method::{CeSettings, SubclassTeacherSettings};
use lelp_model::checkpoint::encoder_hash;
use lelp_model::encoder::{Encoder, EncoderError, EncoderLoadOptions};
use lelp_model::{Teacher, load_model, teacher_of};
use lelp_train::encoder::EncoderSource;
use lelp_train::network::CATEGORY_WIDTH;
use lelp_train::teachers::{
    FineTuning, FrozenEncoder, HeadTraining, SignalsOptions, TeacherFolder, TrainedHead, write_signals,
};
use lelp_train::training::Event;
use serde_json::{Value, json};

use super::{Locations, PrepareError};
use crate::progress::{ProgressCallback, ProgressStep};
use crate::recipe::{DataEntry, SignalsEntry, TeacherEntry, TeacherSource, TeacherTraining, Tune};

/// Time between two checkpoints of a fine-tuning.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(5);

/// Changes when the same settings train another teacher, so that earlier ones are not taken for it.
const TEACHER_VERSION: u32 = 5;

/// Names of the folders of signals on the training and the test file.
const SIGNALS: &str = "signals";
const TEST_SIGNALS: &str = "test-signals";

/// Where a teacher's signals are.
pub(super) struct SignalsLocation {
    pub(super) teacher: Option<PathBuf>,
    pub(super) signals: PathBuf,
    pub(super) test: Option<PathBuf>,
}

/// Finds the teacher's signals, or trains the teacher and queries it for them.
pub(super) fn obtain_signals(
    data: &DataEntry,
    path: &Path,
    teacher: &TeacherEntry,
    locations: &Locations<'_>,
    progress: &mut ProgressCallback<'_>,
    cancel: &AtomicBool,
) -> Result<SignalsLocation, PrepareError> {
    let named = |template: &String| locations.data.join(template.replace("{data}", &data.name));
    let name = format!("{} {}", data.name, teacher.name);
    let folder = |decides: &str| locations.out.join("teachers").join(file_name(&name, decides));
    let request = SignalsRequest { data, locations, cancel };
    match &teacher.source {
        TeacherSource::Signals(SignalsEntry { train, test }) => {
            Ok(SignalsLocation { teacher: None, signals: named(train), test: test.as_ref().map(named) })
        }
        TeacherSource::Folder(own) => {
            let own = named(own);
            let model = load_model(&own, locations.threads)?;
            let model = teacher_of(model.as_ref(), &own)?;
            let splits = Splits::open(path, &data.columns.columns(), Some(model.labels()))?;
            request.query_teacher(model, own.clone(), &splits, &folder(&name), progress)
        }
        TeacherSource::Trained(training) => {
            let splits = Splits::open(path, &data.columns.columns(), data.columns.labels.as_deref())?;
            // No other settings find this teacher or its checkpoint.
            let folder = folder(&request.teacher_identity(training, &splits)?);
            let own = folder.join("teacher");
            request.train_teacher(training, &splits, &own, progress)?;
            if let Some([signals, test]) = existing_signals(&splits, &folder) {
                return Ok(SignalsLocation { teacher: Some(own), signals, test: Some(test) });
            }
            let model = load_model(&own, locations.threads)?;
            let model = teacher_of(model.as_ref(), &own)?;
            request.query_teacher(model, own.clone(), &splits, &folder, progress)
        }
    }
}

/// The signals in `folder`, where they are whole and of these files.
fn existing_signals(splits: &Splits, folder: &Path) -> Option<[PathBuf; 2]> {
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

/// Obtains the signals of one teacher on one data set.
struct SignalsRequest<'a> {
    data: &'a DataEntry,
    locations: &'a Locations<'a>,
    cancel: &'a AtomicBool,
}

impl SignalsRequest<'_> {
    /// Queries `model`, loaded from `own`, for its signals, which go to `folder`.
    fn query_teacher(
        &self,
        model: &dyn Teacher,
        own: PathBuf,
        splits: &Splits,
        folder: &Path,
        progress: &mut ProgressCallback<'_>,
    ) -> Result<SignalsLocation, PrepareError> {
        let (precision, existing) = (Precision::F32, Existing::Resume);
        let options =
            SignalsOptions { precision, existing, part_rows: PART_ROWS, columns: &self.data.columns };
        let mut write = |rows: &Dataset, to: &Path| {
            let mut on_rows = |done| self.report("signals", done, rows.rows(), progress);
            write_signals(model, Some(self.locations.cache), rows, to, options, &mut on_rows, self.cancel)
        };
        let (signals, test_signals) = (folder.join(SIGNALS), folder.join(TEST_SIGNALS));
        write(&splits.train, &signals)?;
        let test = splits.test.as_ref().map(|test| write(test, &test_signals)).transpose()?;
        Ok(SignalsLocation { teacher: Some(own), signals, test: test.map(|_| test_signals) })
    }

    /// Trains the teacher in `own`, unless an earlier run did.
    fn train_teacher(
        &self,
        training: &TeacherTraining,
        splits: &Splits,
        own: &Path,
        progress: &mut ProgressCallback<'_>,
    ) -> Result<(), PrepareError> {
        match training.tune {
            Tune::Head if !TrainedHead::is_in(own) => self.train_head(training, splits, own, progress),
            Tune::All if !own.join("run.json").exists() => self.fine_tune(training, splits, own, progress),
            _ => Ok(()),
        }
    }

    /// What decides how a teacher turns out: encoder, settings and data, without their names and places.
    fn teacher_identity(&self, training: &TeacherTraining, splits: &Splits) -> Result<String, PrepareError> {
        let files = training.encoder.as_ref().map(|encoder| encoder_hash(Path::new(encoder)));
        // The same encoder may be elsewhere tomorrow.
        let encoder = files.transpose().map_err(EncoderError::from)?;
        let training = TeacherTraining { encoder, ..training.clone() };
        let data = [Some(&splits.train), splits.validation.as_ref()];
        let data = data.into_iter().flatten();
        let data: Vec<Value> =
            data.map(|data| json!([data.hash(), data.signal_labels(), data.label_names()])).collect();
        Ok(json!(["teacher", TEACHER_VERSION, training, self.data.labelled, data]).to_string())
    }

    fn report(&self, activity: &'static str, done: usize, rows: usize, progress: &mut ProgressCallback<'_>) {
        progress(ProgressStep { data: &self.data.name, activity, done, rows });
    }

    /// Trains a head on a frozen encoder or on columns.
    fn train_head(
        &self,
        training: &TeacherTraining,
        splits: &Splits,
        own: &Path,
        progress: &mut ProgressCallback<'_>,
    ) -> Result<(), PrepareError> {
        let threads = self.locations.threads;
        let options =
            EncoderLoadOptions { max_length: training.max_length, ..EncoderLoadOptions::new(threads) };
        let folder = training.encoder.as_deref().map(Path::new);
        let encoder = folder.map(|folder| Encoder::load(folder, &options)).transpose()?;
        let encoder = encoder.as_ref().zip(folder);
        let head_training = HeadTraining {
            encoder: encoder.map(|(encoder, folder)| FrozenEncoder { encoder, folder }),
            splits,
            labelled: self.data.labelled,
            head: training.head(),
            category_width: training.category_width.unwrap_or(CATEGORY_WIDTH),
            subclasses: subclasses(training),
            settings: training.train,
            cache: self.locations.cache,
            threads,
        };
        let rows = head_training.rows();
        let mut embedded = |done| self.report("embedding", done, rows, progress);
        let trained = head_training.run(&mut embedded, &mut |_| {}, self.cancel)?;
        trained.save(own, &self.data.columns)?;
        if let Some(test) = &splits.test {
            // For its signals, and for students on the same encoder.
            let mut embedded = |done| self.report("embedding", done, test.rows(), progress);
            head_training.embed(test, &mut embedded, self.cancel)?;
        }
        Ok(())
    }

    /// Fine-tunes an encoder with its head, from an earlier run's checkpoint on where there is one.
    fn fine_tune(
        &self,
        training: &TeacherTraining,
        splits: &Splits,
        own: &Path,
        progress: &mut ProgressCallback<'_>,
    ) -> Result<(), PrepareError> {
        let (train, validation) = splits.learning()?;
        let train = match self.data.labelled {
            Some(count) => train.keep_labels(count),
            None => train,
        };
        let encoder = training.encoder.as_deref().expect("a recipe names the encoder that is fine-tuned");
        let source = EncoderSource::whole(Path::new(encoder), training.max_length)?;
        let tuning = FineTuning {
            source: &source,
            train: &train,
            validation: &validation,
            labels: CeSettings::default(),
            subclasses: subclasses(training),
            encoder: training.network.unwrap_or_default(),
            settings: training.train,
        };
        let folder = TeacherFolder {
            path: own,
            encoder,
            columns: &self.data.columns,
            checkpoint_every: CHECKPOINT_EVERY,
            tensorboard: None,
        };
        let mut observer = |event: Event<'_>| {
            if let Event::Batch { epoch, done, rows, .. } = event {
                let all = rows * training.train.epochs;
                self.report("fine-tuning", rows * (epoch - 1) + done, all, progress);
            }
        };
        tuning.train(&folder, self.locations.threads, &mut observer, self.cancel)?;
        Ok(())
    }
}

/// How a teacher splits its classes by itself, where it does.
fn subclasses(training: &TeacherTraining) -> Option<SubclassTeacherSettings> {
    let subclasses = training.subclasses.filter(|count| *count > 1)?;
    Some(SubclassTeacherSettings { subclasses, ..SubclassTeacherSettings::default() })
}
