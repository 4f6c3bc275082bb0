//! A teacher's signals on a data set: found, written by a teacher that is there, or by a head that is taught first.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_infer::classifier::Classifier;
use lelp_infer::encoder::{Encoder, EncoderOptions};
use lelp_infer::storage::{self, sha256};
use lelp_infer::teacher::Teacher;
use lelp_train::data::signals::PART_ROWS;
use lelp_train::data::{DataError, Dataset, Existing, Precision, Splits};
use lelp_train::method::SubclassTeaching;
use lelp_train::model::HeadSettings;
use lelp_train::run::TrainSettings;
use lelp_train::teacher::{AnswerOptions, HeadTeaching, write_signals, write_signals_of_head};

use super::{Places, PrepareError, Step};
use crate::recipe::{DataEntry, TeacherEntry};

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
    let hearing = Hearing { data, path, teacher, places, folder: &folder, cancel };
    if let Some(encoder) = &teacher.encoder {
        return hearing.taught(Path::new(encoder), progress);
    }
    let folder = teacher.folder.as_ref().expect("a checked recipe gives a teacher one way");
    hearing.asked(&named(folder), progress)
}

/// A name as a file's: everything but letters and digits becomes a hyphen, and a hash tells apart what this makes alike.
fn file_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{}-{}", plain.to_ascii_lowercase(), &sha256(name.as_bytes())[..8])
}

/// A teacher whose signals go to a folder of the comparison.
struct Hearing<'a> {
    data: &'a DataEntry,
    path: &'a Path,
    teacher: &'a TeacherEntry,
    places: &'a Places<'a>,
    folder: &'a Path,
    cancel: &'a AtomicBool,
}

impl Hearing<'_> {
    fn signals(&self) -> PathBuf {
        self.folder.join("signals")
    }

    fn test_signals(&self) -> PathBuf {
        self.folder.join("test-signals")
    }

    fn options(existing: Existing) -> AnswerOptions {
        AnswerOptions { precision: Precision::F32, existing, part_rows: PART_ROWS }
    }

    /// Asks a teacher that is there.
    fn asked(&self, own: &Path, progress: &mut dyn FnMut(Step<'_>)) -> Result<Heard, PrepareError> {
        let model = Teacher::load(own, self.places.threads)?;
        let splits = Splits::open(self.path, &self.data.columns.columns(), Some(model.labels()))?;
        let options = Self::options(Existing::Resume);
        let mut write = |rows: &Dataset, to: &Path| {
            let mut told = |done| {
                progress(Step { data: &self.data.name, doing: "signals", done, rows: rows.rows() });
            };
            write_signals(&model, Some(self.places.kept), rows, to, options, &mut told, self.cancel)
        };
        write(&splits.train, &self.signals())?;
        let test = splits.test.as_ref().map(|test| write(test, &self.test_signals())).transpose()?;
        let test = test.is_some().then(|| self.test_signals());
        Ok(Heard { teacher: Some(own.to_owned()), signals: self.signals(), test })
    }

    /// Teaches a head on a frozen encoder, unless an earlier run did, and asks it.
    fn taught(&self, encoder: &Path, progress: &mut dyn FnMut(Step<'_>)) -> Result<Heard, PrepareError> {
        let splits = self.splits()?;
        let own = self.folder.join("teacher");
        let marker = self.folder.join("prepared");
        let wanted = self.hash(encoder, &splits)?;
        if std::fs::read_to_string(&marker).ok().as_deref() != Some(wanted.as_str()) {
            self.teach(encoder, &splits, &own, progress)?;
            storage::write(&marker, wanted.as_bytes())?;
        }
        Ok(Heard { teacher: Some(own), signals: self.signals(), test: Some(self.test_signals()) })
    }

    fn splits(&self) -> Result<Splits, DataError> {
        let columns = &self.data.columns;
        Splits::open(self.path, &columns.columns(), columns.labels.as_deref())
    }

    /// What tells this teacher from any other before it is taught.
    fn hash(&self, encoder: &Path, splits: &Splits) -> Result<String, PrepareError> {
        let TeacherEntry { hidden, max_length, subclasses, .. } = self.teacher;
        let weights = lelp_infer::encoder::weights_hash(encoder)?;
        let labelled = self.data.labelled;
        let mut all =
            format!("teacher 1\n{weights}\n{hidden:?} {max_length:?} {subclasses:?} {labelled:?}\n");
        for data in
            [Some(&splits.train), splits.validation.as_ref(), splits.test.as_ref()].into_iter().flatten()
        {
            let _ = write!(all, "{}\n{:?}\n{:?}\n", data.hash(), data.signal_labels(), data.label_names());
        }
        Ok(sha256(all.as_bytes()))
    }

    fn teach(
        &self,
        folder: &Path,
        splits: &Splits,
        own: &Path,
        progress: &mut dyn FnMut(Step<'_>),
    ) -> Result<(), PrepareError> {
        let threads = self.places.threads;
        let max_length = self.teacher.max_length.and_then(NonZeroUsize::new);
        let encoder = Encoder::load(folder, &EncoderOptions { max_length, ..EncoderOptions::new(threads) })?;
        let head = HeadSettings::default();
        let subclasses = self.teacher.subclasses.filter(|count| *count > 1);
        let teaching = HeadTeaching {
            encoder: &encoder,
            encoder_folder: folder,
            splits,
            labelled: self.data.labelled,
            head: HeadSettings { hidden: self.teacher.hidden.unwrap_or(head.hidden), ..head },
            subclasses: subclasses
                .map(|subclasses| SubclassTeaching { subclasses, ..SubclassTeaching::default() }),
            settings: TrainSettings::head(),
            kept: self.places.kept,
            threads,
        };
        let mut told = |done, rows| progress(Step { data: &self.data.name, doing: "embedding", done, rows });
        let rows = teaching.rows();
        let taught = teaching.run(&mut |done| told(done, rows), &mut |_| {}, self.cancel)?;
        Teacher::save(own, folder, &taught.head, &taught.config)?;
        let write = |data: &Dataset, embeddings: &[f32], to: &Path| {
            let (labels, hash) = (&taught.config.labels, taught.config.hash.clone());
            let options = Self::options(Existing::Overwrite);
            write_signals_of_head(&taught.head, labels, hash, data, embeddings, to, options)
        };
        write(&splits.train, &taught.embeddings, &self.signals())?;
        if let Some(test) = &splits.test {
            let embeddings = teaching.embed(test, &mut |done| told(done, test.rows()), self.cancel)?;
            write(test, &embeddings, &self.test_signals())?;
        }
        Ok(())
    }
}
