//! Files that are of another sort than their names say, by how they begin.

use std::path::Path;

use super::Format;
use crate::error::DataError;
use crate::git_lfs;

/// How each sort of file begins that is not text, or not the text that it should be, and what to do with it.
const BEGINNINGS: [(&[u8], &str); 14] = [
    (b"PK\x03\x04", "a zip archive or a workbook: unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of Excel: save it as CSV"),
    (b"\xfd7zXZ\0", "packed with xz: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"\x1f\x8b", "packed with gzip: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard: unpack it first"),
    (b"PAR1", "Parquet: give its name the ending .parquet"),
    (b"ARROW1", "an Arrow file: give its name the ending .arrow"),
    (b"ORC", "an ORC file: write it as Parquet"),
    (b"Obj\x01", "an Avro file: write it as Parquet"),
    (b"\x89HDF", "an HDF5 file: write it as Parquet"),
    (b"SQLite format 3\0", "a database: write the rows as CSV"),
    (b"\xff\xfe", "UTF-16 text: save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text: save it as UTF-8"),
];

/// What a file named as text is that begins with `start`, if that is no text, or a page in its place.
pub(super) fn in_place_of_text(start: &[u8]) -> Option<&'static str> {
    // UTF-16 without a mark: every other byte of plain letters is zero.
    let zeros = |first: usize| start.len() >= 8 && (first..8).step_by(2).all(|place| start[place] == 0);
    by_beginning(start)
        .or_else(|| (zeros(0) || zeros(1)).then_some("UTF-16 text: save it as UTF-8"))
        .or_else(|| is_page(start).then_some("a web page: was the download refused?"))
}

fn by_beginning(start: &[u8]) -> Option<&'static str> {
    // A few plain letters may begin a text.
    let is = |(begin, _): &&(&[u8], &str)| start.starts_with(begin) && (begin.len() > 3 || !is_words(start));
    if git_lfs::is_pointer(start) {
        return Some("a pointer of Git LFS: fetch the file itself with `git lfs pull`");
    }
    // The mark, the size of its blocks, and the first digits of pi.
    if start.starts_with(b"BZh") && start.get(4..7) == Some(b"1AY") {
        return Some("packed with bzip2: unpack it first");
    }
    let is_tar = || (start.get(257..262) == Some(b"ustar")).then_some("a tar archive: unpack it first");
    BEGINNINGS.iter().find(is).map(|(_, what)| *what).or_else(is_tar)
}

/// What a file is that begins with `start` and ought to be of a format that is no text.
pub(super) fn in_place_of_binary(start: &[u8], format: &Format) -> Option<&'static str> {
    let own: &[u8] = if format.name() == "parquet" { b"PAR1" } else { b"ARROW1" };
    // Feather of version 1 has an error of its own.
    if start.is_empty() || start.starts_with(own) || start.starts_with(b"FEA1") {
        return None;
    }
    let is_text = || is_words(start).then_some("text: give its name the ending of what it holds");
    by_beginning(start).or_else(is_text)
}

/// What a delimited file is whose first line is `line`, if that is no header.
pub(super) fn in_place_of_header(line: &[u8]) -> Option<&'static str> {
    let line = line.trim_ascii_start();
    let is_json = line.starts_with(b"{\"") || line.starts_with(b"[{");
    let json = is_json.then_some("JSON: give its name the ending .jsonl");
    let label = line.starts_with(b"__label__").then_some("lines of fastText: give its name the ending .txt");
    json.or(label)
}

/// The error for a file whose name has an ending of no format, where that ending is a known one.
pub(super) fn by_ending(path: &Path) -> Option<DataError> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    let what = match ending.as_str() {
        "bz2" => "packed with bzip2: unpack it first, or pack it with gzip or Zstandard",
        "xz" | "lzma" => "packed with xz: unpack it first, or pack it with gzip or Zstandard",
        "zip" | "7z" | "rar" | "tar" | "tgz" => "an archive: unpack it first",
        "xlsx" | "xls" | "xlsm" | "ods" => "a workbook: save it as CSV (UTF-8)",
        "pkl" | "pickle" | "pt" | "pth" | "joblib" => {
            "Python's own format, which can run programs when it is read: write the rows as Parquet or JSON Lines"
        }
        "orc" | "avro" | "h5" | "hdf5" | "db" | "sqlite" => {
            "of a format that is not read: write the rows as Parquet or CSV"
        }
        _ => return None,
    };
    Some(DataError::Foreign { file: path.to_owned(), what })
}

fn is_words(start: &[u8]) -> bool {
    let shown = &start[..start.len().min(64)];
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    // A character may be cut in two at the end.
    let is_text = std::str::from_utf8(shown).map_or_else(|error| error.error_len().is_none(), |_| true);
    is_text && !shown.iter().any(is_control)
}

fn is_page(start: &[u8]) -> bool {
    let start = start.trim_ascii_start();
    let begins =
        |with: &str| start.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with.as_bytes()));
    ["<!doctype html", "<html", "<table"].into_iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_begin_as_other_files_do_are_text() {
        for text in ["ORCAS are whales\n", "BZh, label\n", "text,label\n", "versions,label\n", "<a>,b\n"] {
            assert_eq!(in_place_of_text(text.as_bytes()), None, "{text}");
        }
        assert!(in_place_of_text(b"ORC\x00\x01").is_some());
        assert!(in_place_of_text(b"BZh91AY&SY\x12\x81").is_some());
    }
}
