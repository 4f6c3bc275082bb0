//! Embeddings of a frozen encoder, kept as signals that classes are split by.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp::{Embeddings, Signals, SignalsError, SignalsParts};
use lelp_data::signals::PART_ROWS;
use lelp_data::storage::{self, sha256};
use lelp_data::{Dataset, Precision, SignalsDescription, SignalsFileError, SignalsFolder, SignalsWriter};
use lelp_model::encoder::{Encoder, EncoderError, EncoderLoadOptions};
use thiserror::Error;

use crate::teachers::{EmbedError, EmbeddingCache};

/// Why a frozen encoder gave no embeddings to split by.
#[derive(Debug, Error)]
pub enum SplitEncoderError {
    /// The encoder cannot be read.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder could not answer.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The teacher's signals are of other texts, or the encoder's cannot be written.
    #[error(transparent)]
    Signals(#[from] SignalsFileError),
    /// The encoder's embeddings are not finite.
    #[error("the embeddings of `{}` by the encoder are unsound", file.display())]
    Unsound {
        /// The data set's file.
        file: std::path::PathBuf,
        /// What is wrong.
        source: SignalsError,
    },
}

/// Where embeddings and signals of frozen encoders are kept, and threads.
#[derive(Debug, Clone, Copy)]
pub struct SplitEncoder<'a> {
    /// Folder of the encoder.
    pub encoder: &'a Path,
    /// Embeddings that encoders have computed.
    pub cache: &'a EmbeddingCache,
    /// Folder that the signals are kept in, each called by what they are of.
    pub kept: &'a Path,
    /// Threads.
    pub threads: NonZeroUsize,
}

impl SplitEncoder<'_> {
    /// Signals of `data`, a whole training file: the encoder's embeddings, and the logits of `teacher`. Those of an
    /// earlier call are read again.
    ///
    /// # Errors
    /// [`SplitEncoderError::Signals`] if `teacher` is of other texts.
    pub fn signals(
        &self,
        teacher: &SignalsFolder,
        data: &Dataset,
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<SignalsFolder, SplitEncoderError> {
        teacher.check_data(data)?;
        let encoder = Encoder::load(self.encoder, &EncoderLoadOptions::new(self.threads))?;
        let SignalsDescription { classes, label_names, teacher: teacher_hash, .. } =
            teacher.description().clone();
        let logits = teacher.logits()?;
        let answers = sha256(bytemuck::cast_slice(&logits));
        let identity = encoder.identity(self.encoder)?;
        let all =
            serde_json::json!(["split signals 3", identity, data.hash(), teacher_hash, label_names, answers]);
        let description = SignalsDescription {
            classes,
            width: encoder.width(),
            label_names,
            teacher: teacher_hash,
            data: Some(data.hash()),
            columns: data.column_hashes(),
            rows: data.rows() as u64,
            part_rows: PART_ROWS,
            embeddings: Precision::F32,
            encoder_precision: None,
            subclasses: NonZeroUsize::MIN,
        };
        let folder = self.kept.join(&sha256(all.to_string().as_bytes())[..16]);
        let mut writer = SignalsWriter::open_when_free(&folder, &description, cancel)?;
        if writer.next_rows().is_some() {
            let embeddings = self.cache.embed(&encoder, self.encoder, data, progress, cancel)?;
            write(&mut writer, &embeddings, &logits, data)?;
        }
        let signals = writer.finish()?;
        // No other process removes it while this one reads.
        storage::use_cache_entry(&folder);
        Ok(signals)
    }
}

/// Writes all parts that are missing, of `embeddings` `[rows, width]` and `logits` `[rows, classes]`.
fn write(
    writer: &mut SignalsWriter,
    embeddings: &[f32],
    logits: &[f32],
    data: &Dataset,
) -> Result<(), SplitEncoderError> {
    let SignalsDescription { classes, width, .. } = *writer.description();
    while let Some(rows) = writer.next_rows() {
        let range = rows.start as usize..rows.end as usize;
        let signals = Signals::new(SignalsParts {
            embeddings: Embeddings::F32(&embeddings[range.start * width..range.end * width]),
            width,
            logits: &logits[range.start * classes..range.end * classes],
            classes,
            labels: None,
            first_row: rows.start,
        })
        .map_err(|source| SplitEncoderError::Unsound { file: data.file().to_owned(), source })?;
        writer.write(&signals)?;
    }
    Ok(())
}
