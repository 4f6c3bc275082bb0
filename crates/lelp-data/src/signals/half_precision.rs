//! Embeddings in half precision.

use std::path::Path;

use half::f16;
use lelp::Signals;

use super::error::SignalsFileError;

/// Embeddings in half precision, unless one is too large for it.
pub(super) fn halved(
    path: &Path,
    signals: &Signals<'_>,
    single: &[f32],
) -> Result<Vec<f16>, SignalsFileError> {
    let half: Vec<f16> = single.iter().copied().map(f16::from_f32).collect();
    match half.iter().position(|value| value.is_infinite()) {
        None => Ok(half),
        Some(place) => Err(SignalsFileError::HalfOverflow {
            file: path.to_owned(),
            row: signals.first_row() + (place / signals.width()) as u64,
            column: place % signals.width(),
            value: single[place],
        }),
    }
}
