//! The parts that were written since `signals.json` was, a line each: it would be written as often as there are parts, and
//! be as long.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::read_json_lines;
use crate::storage::{self, FileError, FileHashes, OutputFile};

/// In a folder of signals that is being written.
pub(super) const FILE: &str = "parts.jsonl";

/// A part that is whole.
#[derive(Serialize, Deserialize)]
struct Line {
    file: String,
    sha256: String,
}

/// The file, open at its end.
#[derive(Debug)]
pub(super) struct PartsJournal {
    file: OutputFile,
    /// Bytes of the whole lines.
    whole: u64,
}

impl PartsJournal {
    /// A journal of no part yet; what an earlier run noted must be in `signals.json` by now.
    pub(super) fn begin(folder: &Path) -> Result<Self, FileError> {
        remove(folder)?;
        Ok(Self { file: OutputFile::append(&path(folder))?, whole: 0 })
    }

    /// Notes a part that stands in its place.
    pub(super) fn add(&mut self, file: &str, sha256: &str) -> Result<(), FileError> {
        let line = Line { file: file.to_owned(), sha256: sha256.to_owned() };
        let line = serde_json::to_string(&line).expect("two words are JSON") + "\n";
        if let Err(source) = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync()) {
            // The next line must not run into the half of this one.
            self.file.truncate(self.whole).map_err(|source| self.file.error(source))?;
            return Err(self.file.error(source));
        }
        self.whole += line.len() as u64;
        Ok(())
    }
}

/// Adds to `files` what the journal in `folder` notes; a line that was cut off, or is damaged, ends it.
pub(super) fn read(folder: &Path, files: &mut FileHashes) {
    let _ = read_json_lines(&path(folder), |Line { file, sha256 }| files.insert(&file, sha256));
}

/// Removes it, where there is one.
pub(super) fn remove(folder: &Path) -> Result<(), FileError> {
    storage::remove(&path(folder))
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_count_and_one_that_was_cut_off_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = PartsJournal::begin(folder.path()).unwrap();
        journal.add("part-00000.safetensors", "a").unwrap();
        journal.add("part-00001.safetensors", "b").unwrap();
        let text = std::fs::read_to_string(path(folder.path())).unwrap();
        for (kept, expected) in [(text.len(), 2), (text.len() - 2, 1), (0, 0)] {
            std::fs::write(path(folder.path()), &text[..kept]).unwrap();
            let mut files = FileHashes::default();
            read(folder.path(), &mut files);
            assert_eq!(files.len(), expected, "{kept} bytes");
        }
        drop(PartsJournal::begin(folder.path()).unwrap());
        assert_eq!(std::fs::metadata(path(folder.path())).unwrap().len(), 0);
    }
}
