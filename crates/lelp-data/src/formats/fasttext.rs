//! Lines as fastText has them: a label behind `__label__`, and the text.

use std::borrow::Cow;
use std::path::Path;

use crate::error::DataError;

/// What stands before a label.
const LABEL: &str = "__label__";

/// Whether one of the first lines, which `start` holds, begins or ends with a label.
pub(super) fn is_labelled(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The buffer may end inside of a character.
        Err(error) => std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default(),
    };
    let is_label = |word: Option<&str>| word.and_then(label).is_some();
    text.lines().any(|line| {
        let mut words = line.split([' ', '\t', '\u{feff}']).filter(|word| !word.is_empty());
        is_label(words.next()) || is_label(words.next_back())
    })
}

/// The label that a word is.
fn label(word: &str) -> Option<&str> {
    word.strip_prefix(LABEL).filter(|label| !label.is_empty())
}

/// The label of a line, wherever it stands in it, and its text; a line without one is unlabelled.
pub(super) fn fields<'a>(
    line: &'a str,
    file: &Path,
    number: u64,
) -> Result<(Option<&'a str>, Cow<'a, str>), DataError> {
    let line = line.trim_start();
    let mut found: Option<&str> = None;
    for word in line.split([' ', '\t']) {
        let Some(label) = label(word) else { continue };
        match found.filter(|first| *first != label) {
            None => found = Some(label),
            Some(first) => {
                let (file, first, second) = (file.to_owned(), first.to_owned(), label.to_owned());
                return Err(DataError::TwoLabels { file, line: number, first, second });
            }
        }
    }
    let Some(found) = found else { return Ok((None, line.into())) };
    let rest =
        line.strip_prefix(LABEL).and_then(|rest| rest.strip_prefix(found)).unwrap_or(line).trim_start();
    if !rest.contains(LABEL) {
        return Ok((Some(found), rest.into()));
    }
    let words = rest.split([' ', '\t']).filter(|word| label(word).is_none());
    Ok((Some(found), words.collect::<Vec<_>>().join(" ").into()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_wherever_it_stands() {
        let of = |line: &str| {
            let (label, text) = fields(line, Path::new("d.txt"), 3).unwrap();
            (label.map(str::to_owned), text.into_owned())
        };
        let good = |text: &str| (Some("good".to_owned()), text.to_owned());
        assert_eq!(of("__label__good well  made"), good("well  made"));
        assert_eq!(of("  __label__good\twell made"), good("well made"));
        assert_eq!(of("well made __label__good"), good("well made"));
        assert_eq!(of("__label__good well __label__good made"), good("well made"));
        assert_eq!(of("__label__good"), good(""));
        assert_eq!(of("what is __label__ for"), (None, "what is __label__ for".to_owned()));
        let two = fields("well __label__good made __label__bad", Path::new("d.txt"), 3).unwrap_err();
        assert_eq!(two.to_string(), "`d.txt`, line 3: two labels, `good` and `bad`; a row has one class");
    }

    #[test]
    fn labels_are_looked_for_at_both_ends_of_the_first_lines() {
        for labelled in
            ["__label__a b\n", "\u{feff}__label__a b\n", "plain\n __label__a b\n", "b c __label__a\nd\n"]
        {
            assert!(is_labelled(labelled.as_bytes()), "{labelled}");
        }
        for plain in ["what does __label__x mean\n", "__label__ is a mark\n", "text\n"] {
            assert!(!is_labelled(plain.as_bytes()), "{plain}");
        }
    }
}
