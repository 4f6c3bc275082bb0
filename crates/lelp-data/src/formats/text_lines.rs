//! One text a line; every line counts, so that answers stay beside their lines.

use std::io::BufRead;
use std::path::Path;

use crate::error::{DataError, Place};
use crate::examples::{Example, utf8};

pub(crate) fn rows<R: BufRead>(
    reader: R,
    file: &Path,
) -> impl Iterator<Item = Result<Example, DataError>> + use<R> {
    let file = file.to_owned();
    lines(reader, &file).map(move |line| {
        let (number, bytes) = line?;
        let text = utf8(&bytes, &file, Place::Line(number))?.to_owned();
        Ok(Example { text, pair: None, label: None, label_name: None })
    })
}

/// Lines with their numbers from 1, without `\n` or `\r\n`, and the first without a byte order mark.
pub(super) fn lines<R: BufRead>(
    mut reader: R,
    file: &Path,
) -> impl Iterator<Item = Result<(u64, Vec<u8>), DataError>> + use<R> {
    let file = file.to_owned();
    let mut number = 0;
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line) {
            Err(source) => return Some(Err(DataError::Read { file: file.clone(), source })),
            Ok(0) => return None,
            Ok(_) => {}
        }
        for ending in [b'\n', b'\r'] {
            line.pop_if(|last| *last == ending);
        }
        if number == 0 && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
        }
        number += 1;
        Some(Ok((number, line)))
    })
}
