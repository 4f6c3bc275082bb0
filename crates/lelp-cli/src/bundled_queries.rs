//! The bundled queries of banking77 in two classes, see `data/banking77/ATTRIBUTION.md`.

use std::path::Path;

use lelp_data::storage::{self, FileError};

const FILES: [(&str, &[u8]); 4] = [
    ("train.parquet", include_bytes!("../data/banking77/train.parquet")),
    ("validation.parquet", include_bytes!("../data/banking77/validation.parquet")),
    ("test.parquet", include_bytes!("../data/banking77/test.parquet")),
    ("ATTRIBUTION.md", include_bytes!("../data/banking77/ATTRIBUTION.md")),
];

/// Unpacks the queries into `folder`.
pub(crate) fn unpack(folder: &Path) -> Result<(), FileError> {
    storage::create_folder(folder)?;
    FILES.iter().try_for_each(|(name, bytes)| storage::write(&folder.join(name), bytes))
}
