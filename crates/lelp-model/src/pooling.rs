//! Hidden vectors of a text's tokens to one embedding.

/// How the hidden vectors of a text's tokens become one embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Mean over all tokens, special ones included.
    Mean,
    /// The first token's vector (`[CLS]`), without the pooler layer.
    Cls,
    /// Maximum over all tokens, in each dimension.
    Max,
}

impl Pooling {
    /// Pools `hidden` `[tokens, width]` into `embedding` `[width]`.
    ///
    /// # Panics
    /// If `hidden` is empty.
    pub(crate) fn pool(self, hidden: &[f32], embedding: &mut [f32]) {
        let mut rows = hidden.chunks_exact(embedding.len());
        embedding.copy_from_slice(rows.next().expect("every text has at least one token"));
        match self {
            Self::Cls => {}
            Self::Mean => {
                let count = (rows.len() + 1) as f32;
                for row in rows {
                    for (sum, value) in embedding.iter_mut().zip(row) {
                        *sum += value;
                    }
                }
                for value in embedding {
                    *value /= count;
                }
            }
            Self::Max => {
                for row in rows {
                    for (best, value) in embedding.iter_mut().zip(row) {
                        *best = best.max(*value);
                    }
                }
            }
        }
    }
}

/// Scales `embedding` to length 1; one of length 0 stays.
///
/// The length is clamped at 1e-12, as in `torch.nn.functional.normalize`.
pub(crate) fn normalize(embedding: &mut [f32]) {
    let length = embedding.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    let scale = length.max(1e-12).recip() as f32;
    for value in embedding {
        *value *= scale;
    }
}
