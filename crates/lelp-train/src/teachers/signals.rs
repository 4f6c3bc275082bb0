//! A teacher's signals on a data set, part by part, so that a run that was cut off can go on.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp::{Embeddings, Head, Signals, SignalsError, SignalsParts};
use lelp_model::encoder::{Encoder, EncoderError, EncoderPrecision};
use lelp_model::head::{ClassifierHead, HeadOutput};
use lelp_model::{ModelFolderError, PredictError, Teacher};
use thiserror::Error;

use super::embedding_cache::EmbeddingCache;
use lelp_data::storage::FileError;
use lelp_data::{
    ColumnSettings, DataError, Dataset, Existing, Precision, SignalsDescription, SignalsFileError,
    SignalsFolder, SignalsWriter,
};

/// How signals are written.
#[derive(Debug, Clone, Copy)]
pub struct SignalsOptions<'a> {
    /// Precision of the embeddings on disk.
    pub precision: Precision,
    /// What becomes of signals that are there already.
    pub existing: Existing,
    /// Rows of a part: what is lost at most when a run is cut off.
    pub part_rows: u64,
    /// Names of the data's columns, for whoever reads them again.
    pub columns: &'a ColumnSettings,
}

/// Why there are no signals, or not all.
#[derive(Debug, Error)]
pub enum SignalsRunError {
    /// The data set does not fit the teacher.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The folder cannot be written, or holds other signals.
    #[error(transparent)]
    Folder(#[from] SignalsFileError),
    /// The teacher's files cannot be read again, to tell it from others.
    #[error(transparent)]
    Teacher(#[from] ModelFolderError),
    /// The teacher's files cannot be read again, to tell it from others.
    #[error(transparent)]
    File(#[from] FileError),
    /// The encoder's files cannot be read again, to tell it from others.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The teacher could not answer.
    #[error(transparent)]
    Answer(#[from] PredictError),
    /// The teacher's own head or answers are not finite.
    #[error("the teacher's answers to part {part} of `{}` are unsound", file.display())]
    Unsound {
        /// The data set's file.
        file: PathBuf,
        /// Number of the part, from 0.
        part: u64,
        /// What is wrong.
        source: SignalsError,
    },
}

/// Runs `teacher` over the rows of `data` that `folder` lacks. Embeddings of a frozen encoder that are kept, as by its
/// teaching, are not made again.
///
/// The classes of `data` are those of the teacher, in its order, and give them their names.
///
/// `progress` is told how many rows are done, those of earlier runs included. After `cancel` the parts
/// that are whole stay, and a later run with the same arguments goes on behind them.
pub fn write_signals(
    teacher: &dyn Teacher,
    cache: Option<&EmbeddingCache>,
    data: &Dataset,
    folder: &Path,
    options: SignalsOptions<'_>,
    progress: &mut dyn FnMut(usize),
    cancel: &AtomicBool,
) -> Result<SignalsFolder, SignalsRunError> {
    let head = teacher.head();
    let precision = teacher.encoder().map(Encoder::precision).unwrap_or_default();
    let named = data.label_names().len() == head.classes();
    let labels = if named { data.label_names() } else { teacher.labels() };
    let who = Answering::of_head(head, labels, teacher.hash()?, precision);
    let cached = match (cache, teacher.frozen_encoder()) {
        (Some(cache), Some((encoder, folder))) => cache.find(encoder, folder, data)?,
        _ => None,
    };
    if let Some(embeddings) = cached {
        progress(data.rows());
        let width = head.inputs();
        return write(&who, data, folder, options, &mut |rows| {
            Ok(head.apply(embeddings[rows.start * width..rows.end * width].to_vec()))
        });
    }
    write(&who, data, folder, options, &mut |rows| {
        let done = rows.start;
        progress(done);
        let part = data.table().select(&rows.collect::<Vec<_>>());
        teacher.signals(&part, &mut |part| progress(done + part), cancel)
    })
}

/// What a teacher that is not here has said.
#[derive(Debug, Clone, Copy)]
pub struct AbsentTeacher<'a> {
    /// Names of the classes, in the order of the logits.
    pub labels: &'a [String],
    /// `[rows, labels.len()]`.
    pub logits: &'a [f32],
    /// Embeddings of the rows by an encoder that has nothing to do with the teacher, `[rows, width]`.
    pub embeddings: &'a [f32],
    /// What tells encoder and answers from others.
    pub hash: &'a str,
    /// Precision of the encoder's products.
    pub precision: EncoderPrecision,
}

/// Writes the answers of a teacher that is not here beside embeddings of the same rows, without a head.
pub fn write_signals_of_answers(
    teacher: AbsentTeacher<'_>,
    data: &Dataset,
    folder: &Path,
    options: SignalsOptions<'_>,
) -> Result<SignalsFolder, SignalsRunError> {
    let AbsentTeacher { labels, logits, embeddings, hash, precision } = teacher;
    let (classes, width) = (labels.len(), embeddings.len() / data.rows());
    let hash = hash.to_owned();
    let who =
        Answering { head: None, classes, width, subclasses: NonZeroUsize::MIN, labels, hash, precision };
    write(&who, data, folder, options, &mut |rows| {
        Ok(HeadOutput {
            embeddings: embeddings[rows.start * width..rows.end * width].to_vec(),
            logits: logits[rows.start * classes..rows.end * classes].to_vec(),
            subclass_logits: None,
        })
    })
}

/// Who answers.
struct Answering<'a> {
    head: Option<&'a ClassifierHead>,
    classes: usize,
    width: usize,
    subclasses: NonZeroUsize,
    labels: &'a [String],
    hash: String,
    precision: EncoderPrecision,
}

impl<'a> Answering<'a> {
    fn of_head(
        head: &'a ClassifierHead,
        labels: &'a [String],
        hash: String,
        precision: EncoderPrecision,
    ) -> Self {
        let (classes, width, subclasses) = (head.classes(), head.embedding_width(), head.subclasses());
        Self { head: Some(head), classes, width, subclasses, labels, hash, precision }
    }
}

/// Writes the parts that `folder` lacks, of the answers to ranges of rows.
fn write(
    who: &Answering<'_>,
    data: &Dataset,
    folder: &Path,
    options: SignalsOptions<'_>,
    answers: &mut dyn FnMut(Range<usize>) -> Result<HeadOutput, PredictError>,
) -> Result<SignalsFolder, SignalsRunError> {
    let description = SignalsDescription {
        classes: who.classes,
        width: who.width,
        label_names: who.labels.to_vec(),
        teacher: Some(who.hash.clone()),
        data: Some(data.hash()),
        columns: data.column_hashes(),
        rows: data.rows() as u64,
        part_rows: options.part_rows,
        embeddings: options.precision,
        encoder_precision: (who.precision != EncoderPrecision::F32).then(|| who.precision.name().to_owned()),
        subclasses: who.subclasses,
    };
    let labels = data.signal_labels();
    let mut writer = SignalsWriter::open(folder, description, options.columns, options.existing)?;
    let unsound = |part: u64, source| SignalsRunError::Unsound { file: data.file().to_owned(), part, source };
    // With subclasses the last layer's rows are not those of classes: then the head is estimated from the logits.
    if let Some(head) = who.head.filter(|head| head.subclasses() == NonZeroUsize::MIN) {
        let output = head.output();
        let last = Head::new(output.weight(), output.bias(), output.inputs())
            .map_err(|source| unsound(0, source))?;
        writer.write_head(&last)?;
    }
    while let Some(rows) = writer.next_rows() {
        let range = rows.start as usize..rows.end as usize;
        let answers = answers(range.clone())?;
        let signals = Signals::new(SignalsParts {
            embeddings: Embeddings::F32(&answers.embeddings),
            width: who.width,
            logits: &answers.logits,
            classes: who.classes,
            labels: labels.as_deref().map(|labels| &labels[range]),
            first_row: rows.start,
        })
        .map_err(|source| unsound(rows.start / options.part_rows, source))?;
        match &answers.subclass_logits {
            None => writer.write(&signals)?,
            Some(logits) => writer.write_with_subclasses(&signals, logits)?,
        }
    }
    Ok(writer.finish()?)
}
