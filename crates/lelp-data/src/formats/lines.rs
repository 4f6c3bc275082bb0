//! Lines of a file.

use std::io::BufRead;
use std::path::Path;

use crate::error::DataError;

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
