//! Embeddings of a data set by a frozen encoder.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::Text;
use lelp_model::PredictError;
use lelp_model::encoder::Encoder;

use lelp_data::Dataset;

/// A frozen encoder and the folder that it was loaded from.
#[derive(Debug, Clone, Copy)]
pub struct FrozenEncoder<'a> {
    /// The encoder.
    pub encoder: &'a Encoder,
    /// Its folder.
    pub folder: &'a Path,
}

/// Rows whose tokens are held at once.
const CHUNK: usize = 8192;

/// Embeddings of all rows of `data`, `[rows, encoder.width()]`; `progress` is called with the number of rows that are done.
///
/// # Errors
/// [`PredictError::Schema`] if the rows have no text; [`PredictError::Cancelled`] soon after `cancel` is set.
pub fn embed(
    encoder: &Encoder,
    data: &Dataset,
    progress: &mut dyn FnMut(usize),
    cancel: &AtomicBool,
) -> Result<Vec<f32>, PredictError> {
    let texts: Vec<Text<'_>> = data.texts()?.collect();
    let mut embeddings = Vec::with_capacity(texts.len() * encoder.width());
    for (chunk, texts) in texts.chunks(CHUNK).enumerate() {
        embeddings.extend(encoder.embed_with_progress(
            texts,
            &mut |done| progress(chunk * CHUNK + done),
            cancel,
        )?);
    }
    Ok(embeddings)
}
