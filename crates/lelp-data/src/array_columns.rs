//! Columns of vectors that stand in files of arrays beside the data file.

use std::path::{Path, PathBuf};

use crate::arrays::{Array, ArrayError, names_of_npz, read_npy, read_npz};
use crate::error::DataError;

/// A column of vectors in an array `[rows, width]`.
pub(crate) struct ArrayColumn {
    name: String,
    array: Array,
    width: usize,
}

impl ArrayColumn {
    /// Opens the array that the column `name` stands for beside `data`; see
    /// [`ColumnSettings`](crate::ColumnSettings) for the names.
    pub(crate) fn open(data: &Path, name: &str) -> Result<Self, DataError> {
        let failed = |source| DataError::Array {
            file: data.to_owned(),
            column: name.to_owned(),
            source: Box::new(source),
        };
        let array = read(data, name).map_err(failed)?;
        match array.shape[..] {
            [_, width] => Ok(Self { name: name.to_owned(), array, width }),
            _ => Err(failed(array.wrong_shape("[rows, width]"))),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn rows(&self) -> u64 {
        self.array.rows() as u64
    }

    /// The vector of a row.
    ///
    /// # Panics
    /// If the array ends before that row.
    pub(crate) fn vector(&self, row: u64) -> Vec<f32> {
        let row = usize::try_from(row).expect("rows of an array in memory are below its size");
        self.array.floats(row * self.width..(row + 1) * self.width)
    }
}

fn read(data: &Path, name: &str) -> Result<Array, ArrayError> {
    let Some((file, member)) = name.rsplit_once(':').filter(|_| !is_npy(name)) else {
        return read_npy(&beside(data, name), name);
    };
    let file = beside(data, file);
    let missing = |present| ArrayError::Missing { file: file.clone(), array: member.to_owned(), present };
    match read_npz(&file, |found| found == member)?.pop() {
        Some(array) => Ok(array),
        None => Err(missing(names_of_npz(&file)?)),
    }
}

fn is_npy(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "npy")
}

/// The file `name` beside `data`: that of its split where there is one, otherwise that of the folder.
fn beside(data: &Path, name: &str) -> PathBuf {
    let stem = data.file_stem().unwrap_or_default().to_string_lossy();
    let of_split = data.with_file_name(format!("{stem}.{name}"));
    if of_split.is_file() { of_split } else { data.with_file_name(name) }
}
