//! Embeddings of a data set by a frozen encoder.

use std::sync::atomic::AtomicBool;

use lelp_data::Text;
use lelp_model::PredictError;
use lelp_model::encoder::Encoder;

use lelp_data::Dataset;

/// Rows whose tokens are held at once.
const CHUNK: usize = 8192;

/// Embeddings of all rows of `data`, `[rows, encoder.width()]`; `progress` is told how many are done.
///
/// # Errors
/// [`PredictError::Cancelled`] soon after `cancel` is set.
pub fn embed(
    encoder: &Encoder,
    data: &Dataset,
    progress: &mut dyn FnMut(usize),
    cancel: &AtomicBool,
) -> Result<Vec<f32>, PredictError> {
    let texts: Vec<Text<'_>> = data.iter().collect();
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
