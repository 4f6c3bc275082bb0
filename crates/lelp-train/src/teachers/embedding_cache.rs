//! Embeddings of a data set by a frozen encoder, kept on disk: they are the slow part, and many runs want the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_data::storage::{self, FileError, sha256};
use lelp_model::PredictError;
use lelp_model::encoder::{Encoder, EncoderError};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use thiserror::Error;

use super::embed::{FrozenEncoder, embed};
use lelp_data::Dataset;

/// Key of the SHA-256 of the embeddings in a file's metadata.
const CHECKSUM: &str = "sha256";

/// A folder of embeddings, each file called by what was embedded and how.
#[derive(Debug, Clone)]
pub struct EmbeddingCache {
    folder: PathBuf,
}

/// Why there are no embeddings.
#[derive(Debug, Error)]
pub enum EmbedError {
    /// The encoder's files cannot be read, to tell it from others.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder could not answer.
    #[error(transparent)]
    Answer(#[from] PredictError),
}

impl EmbeddingCache {
    /// Embeddings in `folder`, which is made with the first of them.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Embeddings of all rows of `data`, `[rows, encoder.width()]`: those that are kept, or else the encoder's.
    ///
    /// `encoder` was loaded from `encoder_folder`. A file that is damaged is written again; where none can be written, the
    /// embeddings are given all the same.
    pub fn embed(
        &self,
        encoder: &Encoder,
        encoder_folder: &Path,
        data: &Dataset,
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<Vec<f32>, EmbedError> {
        let file = self.file(encoder, encoder_folder, data)?;
        let shape = [data.rows(), encoder.width()];
        if let Some(cached) = read(&file, shape) {
            progress(data.rows());
            return Ok(cached);
        }
        let embeddings = embed(encoder, data, progress, cancel)?;
        // A cache that cannot be written, as on a read-only disk, costs time later and nothing else.
        let _ = self.store(&file, &embeddings, shape);
        Ok(embeddings)
    }

    fn store(&self, file: &Path, embeddings: &[f32], shape: [usize; 2]) -> Result<(), FileError> {
        storage::create_folder(&self.folder)?;
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytemuck::cast_slice(embeddings))
            .expect("an encoder gives rows of its width");
        let checksum = HashMap::from([(CHECKSUM.to_owned(), sha256(bytemuck::cast_slice(embeddings)))]);
        let bytes =
            safetensors::serialize([("embeddings", view)], Some(checksum)).expect("one tensor has one name");
        storage::write(file, &bytes)
    }

    /// Embeddings of all rows of `data`, `[rows, encoder.width()]`, where they are kept.
    ///
    /// `encoder` was loaded from `encoder_folder`.
    pub fn find(
        &self,
        encoder: &Encoder,
        encoder_folder: &Path,
        data: &Dataset,
    ) -> Result<Option<Vec<f32>>, EncoderError> {
        Ok(read(&self.file(encoder, encoder_folder, data)?, [data.rows(), encoder.width()]))
    }

    fn file(
        &self,
        encoder: &Encoder,
        encoder_folder: &Path,
        data: &Dataset,
    ) -> Result<PathBuf, EncoderError> {
        let all = format!("embeddings 3\n{}\n{}\n", encoder.identity(encoder_folder)?, data.hash());
        Ok(self.folder.join(format!("{}.safetensors", sha256(all.as_bytes()))))
    }
}

/// Embeddings of all rows of `data`, `[rows, encoder width]`: those that `cache` keeps, where there is one that does, or
/// else the encoder's.
pub fn embed_cached(
    cache: Option<&EmbeddingCache>,
    encoder: FrozenEncoder<'_>,
    data: &Dataset,
    progress: &mut dyn FnMut(usize),
    cancel: &AtomicBool,
) -> Result<Vec<f32>, EmbedError> {
    let FrozenEncoder { encoder, folder } = encoder;
    match cache {
        None => Ok(embed(encoder, data, progress, cancel)?),
        Some(cache) => cache.embed(encoder, folder, data, progress, cancel),
    }
}

/// The embeddings of `file`, where it holds some of this shape, undamaged.
fn read(file: &Path, shape: [usize; 2]) -> Option<Vec<f32>> {
    let mapped = storage::map(file).ok()?;
    let (_, header) = SafeTensors::read_metadata(&mapped).ok()?;
    let checksum = header.metadata().as_ref()?.get(CHECKSUM)?;
    let tensors = SafeTensors::deserialize(&mapped).ok()?;
    let tensor = tensors.tensor("embeddings").ok()?;
    let fits = tensor.dtype() == Dtype::F32 && tensor.shape() == shape && sha256(tensor.data()) == *checksum;
    if fits {
        storage::use_cache_entry(file);
    }
    fits.then(|| bytemuck::pod_collect_to_vec(tensor.data()))
}
