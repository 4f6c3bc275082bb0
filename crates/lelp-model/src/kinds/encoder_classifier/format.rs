//! The version that each description of a model's folder starts with.

use serde::de::{DeserializeOwned, Error};

/// Version of the descriptions; no other is known.
pub(super) const FORMAT: u32 = 1;

/// Reads a description whose version, as `format` gives it, is known.
pub(super) fn parse<T: DeserializeOwned>(
    bytes: &[u8],
    format: impl FnOnce(&T) -> u32,
) -> Result<T, serde_json::Error> {
    let description = serde_json::from_slice(bytes)?;
    match format(&description) {
        FORMAT => Ok(description),
        other => Err(Error::custom(format!("format {other} is not known, this version reads {FORMAT}"))),
    }
}
