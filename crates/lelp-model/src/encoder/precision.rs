//! In which precision an encoder's dense layers multiply.

use lelp_data::storage;
use serde::{Deserialize, Serialize};

/// Precision of the products of an encoder's dense layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderPrecision {
    /// Single precision: what the encoder was trained in, or close to it.
    #[default]
    F32,
    /// Weights and inputs in 8 bits, exact sums; embeddings, attention, normalisation and activation in f32.
    ///
    /// A column of weights has a scale of its own, and so has every token's input, found as it comes: an embedding depends
    /// on the text alone, and has the same bits on every processor. Those without AVX-512 VNNI are slower than in f32.
    Int8,
}

impl EncoderPrecision {
    /// `f32` or `int8`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        }
    }

    /// Whether this processor has fast products in this precision.
    #[must_use]
    pub fn is_fast(self) -> bool {
        self == Self::F32 || crate::int8::is_fast()
    }

    /// A hash of what answers, in f32, as that of the same in this precision.
    pub(crate) fn tell_apart(self, hash: String) -> String {
        match self {
            Self::F32 => hash,
            Self::Int8 => storage::sha256(format!("{hash}\nint8 1\n").as_bytes()),
        }
    }
}
