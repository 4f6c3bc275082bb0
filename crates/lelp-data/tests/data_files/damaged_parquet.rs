//! Parquet that was cut, changed, or made to unpack without end.

use std::fs;

use lelp_data::{Columns, DataError, Dataset};
use parquet::basic::{Compression, ZstdLevel};

use crate::parquet_files;

fn small(compression: Compression) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    let rows = [(Some("first text"), Some(1)), (Some("second"), None), (Some("third"), Some(0))];
    parquet_files::write(&path, &rows, 2, compression);
    fs::read(path).unwrap()
}

fn open(bytes: &[u8]) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    fs::write(&path, bytes).unwrap();
    Dataset::open(&path, &Columns::default())
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = small(Compression::ZSTD(ZstdLevel::default()));
    for length in 0..whole.len() {
        assert!(open(&whole[..length]).is_err(), "cut at {length} of {}", whole.len());
    }
}

/// Not every change can be noticed, but none may panic or allocate what the file does not hold.
#[test]
fn a_changed_byte_is_refused_or_read() {
    let whole = small(Compression::UNCOMPRESSED);
    for place in 0..whole.len() {
        for value in [0x00, 0x7f, 0xff, whole[place] ^ 1, whole[place].wrapping_add(1)] {
            let mut changed = whole.clone();
            changed[place] = value;
            if let Ok(data) = open(&changed) {
                assert!(data.rows() <= 3, "byte {place} set to {value}");
            }
        }
    }
}
