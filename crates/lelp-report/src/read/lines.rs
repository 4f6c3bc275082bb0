//! Files of JSON, whole or line by line, of a length that fits a run.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use lelp_data::storage::FileError;
use serde::de::DeserializeOwned;

use super::ReadError;

/// Bytes of a line, or of a file of one value, at most: the largest record has the bits of a million test rows.
const LIMIT: u64 = 64 << 20;

/// The value of a JSON file.
pub(super) fn value<T: DeserializeOwned>(file: &Path) -> Result<T, ReadError> {
    let mut bytes = Vec::new();
    open(file)?.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|source| unreadable(file, source))?;
    check(file, bytes.len() as u64)?;
    serde_json::from_slice(&bytes).map_err(|source| ReadError::Damaged { file: file.to_owned(), source })
}

/// The values of a file of one a line, empty lines left out; `take` is given each as it comes.
///
/// A last line without its end is what a run that was stopped leaves behind, and is left out where it does not read.
pub(super) fn each<T: DeserializeOwned>(file: &Path, mut take: impl FnMut(T)) -> Result<(), ReadError> {
    let mut reader = open(file)?;
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let mut limited = reader.by_ref().take(LIMIT + 1);
        let read = limited.read_until(b'\n', &mut bytes).map_err(|source| unreadable(file, source))?;
        check(file, read as u64)?;
        if read == 0 {
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&bytes) {
            Ok(value) => take(value),
            Err(error) if error.is_eof() && !bytes.ends_with(b"\n") => break,
            Err(source) => return Err(ReadError::DamagedLine { file: file.to_owned(), line, source }),
        }
    }
    Ok(())
}

fn open(file: &Path) -> Result<BufReader<File>, ReadError> {
    Ok(BufReader::new(File::open(file).map_err(|source| unreadable(file, source))?))
}

fn unreadable(file: &Path, source: std::io::Error) -> ReadError {
    FileError::Read { path: file.to_owned(), source }.into()
}

fn check(file: &Path, found: u64) -> Result<(), ReadError> {
    if found <= LIMIT {
        Ok(())
    } else {
        Err(ReadError::TooLong { file: file.to_owned(), found, limit: LIMIT })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_line_is_named_and_a_cut_last_one_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lines.jsonl");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let mut values = Vec::new();
            each(&file, |value: Vec<u32>| values.push(value)).map(|()| values)
        };
        assert_eq!(read("[1]\n\n[2, 3]").unwrap(), [vec![1], vec![2, 3]]);
        assert_eq!(read("[1]\n[2, ").unwrap(), [vec![1]]);
        let said = read("[1]\n[2, \n[3]\n").unwrap_err().to_string();
        assert!(said.starts_with("line 2 of ") && said.contains("lines.jsonl"), "{said}");
        assert!(read("[1]\n[\"x\"]").unwrap_err().to_string().starts_with("line 2"));
    }
}
