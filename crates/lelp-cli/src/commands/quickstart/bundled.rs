//! The bundled queries of banking77 in two classes, see `data/banking77/ATTRIBUTION.md`.

use std::fs;
use std::path::Path;

use lelp_data::storage::{self, FileError};

const FILES: [(&str, &[u8]); 4] = [
    ("train.parquet", include_bytes!("../../../data/banking77/train.parquet")),
    ("validation.parquet", include_bytes!("../../../data/banking77/validation.parquet")),
    ("test.parquet", include_bytes!("../../../data/banking77/test.parquet")),
    ("ATTRIBUTION.md", include_bytes!("../../../data/banking77/ATTRIBUTION.md")),
];

/// Unpacks the queries into `folder`.
pub(crate) fn unpack(folder: &Path) -> Result<(), FileError> {
    fs::create_dir_all(folder).map_err(|source| FileError::Write { path: folder.to_owned(), source })?;
    FILES.iter().try_for_each(|(name, bytes)| storage::write(&folder.join(name), bytes))
}
