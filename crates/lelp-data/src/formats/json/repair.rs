//! JSON that other programs write although it is none.

/// What was mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Repaired {
    /// Half of a surrogate pair became U+FFFD: Python writes it for a text cut inside of an emoji.
    pub(super) surrogates: bool,
    /// `NaN` or an infinity became null.
    pub(super) numbers: bool,
}

/// The text with half surrogate pairs and numbers that are none replaced; `None` where there are neither.
pub(super) fn repair(text: &str) -> Option<(String, Repaired)> {
    let mut repaired = Repaired::default();
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut in_string) = (text, false);
    while let Some(first) = rest.chars().next() {
        let (taken, put) = match first {
            '\\' if in_string => match escaped_unit(rest) {
                Some(0xd800..=0xdbff) => match rest.get(6..).and_then(escaped_unit) {
                    Some(0xdc00..=0xdfff) => (12, None),
                    _ => half(&mut repaired),
                },
                Some(0xdc00..=0xdfff) => half(&mut repaired),
                // An escaped character, whichever it is: a quotation mark does not end the string.
                _ => (1 + rest.chars().nth(1).map_or(0, char::len_utf8), None),
            },
            '"' => {
                in_string = !in_string;
                (1, None)
            }
            'N' | 'I' | '-' if !in_string => {
                let word =
                    ["NaN", "Infinity", "-Infinity", "-NaN"].into_iter().find(|word| rest.starts_with(word));
                match word {
                    Some(word) => {
                        repaired.numbers = true;
                        (word.len(), Some("null"))
                    }
                    None => (1, None),
                }
            }
            other => (other.len_utf8(), None),
        };
        out.push_str(put.unwrap_or(&rest[..taken]));
        rest = &rest[taken..];
    }
    (repaired != Repaired::default()).then_some((out, repaired))
}

fn half(repaired: &mut Repaired) -> (usize, Option<&'static str>) {
    repaired.surrogates = true;
    (6, Some("\\ufffd"))
}

/// The number of an escape `\uXXXX` at the start of `text`.
fn escaped_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_are_kept() {
        let repaired = |text: &str| repair(text).map(|(text, _)| text);
        assert_eq!(repaired(r#"{"a":"x \ud83d"}"#).unwrap(), r#"{"a":"x \ufffd"}"#);
        assert_eq!(
            repaired(r#"{"a":"\ude00 \ud83d\ud83d\ude00é"}"#).unwrap(),
            r#"{"a":"\ufffd \ufffd\ud83d\ude00é"}"#
        );
        // A backslash before the backslash: no escape.
        assert_eq!(repaired(r#"{"a":"\\ud83d","b":"\"NaN"}"#), None);
        assert_eq!(repaired(r#"{"a":"\ud83d\ude00"}"#), None);
    }

    #[test]
    fn numbers_that_are_none_become_null_outside_of_strings() {
        let (text, repaired) = repair(r#"{"NaN": NaN, "b": [-Infinity, -1, Infinity]}"#).unwrap();
        assert_eq!(text, r#"{"NaN": null, "b": [null, -1, null]}"#);
        assert_eq!(repaired, Repaired { surrogates: false, numbers: true });
    }
}
