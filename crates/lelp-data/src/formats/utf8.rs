//! Text out of bytes.

use std::path::Path;

use crate::error::{DataError, Location};

/// `bytes` as text, or an error that names the row.
pub(super) fn utf8<'a>(bytes: &'a [u8], file: &Path, location: Location) -> Result<&'a str, DataError> {
    std::str::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
        file: file.to_owned(),
        location,
        column: None,
        valid: error.valid_up_to(),
    })
}
