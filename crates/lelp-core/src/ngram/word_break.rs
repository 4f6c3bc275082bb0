//! Classes of word boundaries, for readers of texts in other languages.

/// Code points by their class, as JSON: the letter of a class, then first and last code point of each of its ranges.
///
/// | letter | class of UAX #29 |
/// |---|---|
/// | `A`, `H` | `ALetter`, `Hebrew_Letter` |
/// | `N`, `K`, `X` | `Numeric`, `Katakana`, `ExtendNumLet` |
/// | `M`, `L`, `U` | `MidLetter`, `MidNumLet`, `MidNum` |
/// | `Q`, `D` | `Single_Quote`, `Double_Quote` |
/// | `E`, `Z` | `Extend` and `Format`, `ZWJ` |
/// | `R`, `W`, `S` | `Regional_Indicator`, `WSegSpace`, `Newline` with `CR` and `LF` |
/// | `P` | `Extended_Pictographic`, whatever else the code point is |
///
/// All others are of no class. A test holds it against the word boundaries that [`Tokens`](super::Tokens) finds.
pub const WORD_BREAK: &str = include_str!("word_break.json");

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::collections::BTreeMap;

    use unicode_segmentation::UnicodeSegmentation;

    use super::*;

    /// Whether no word boundary is inside `parts` put together.
    fn joined(parts: &[&str]) -> bool {
        parts.concat().split_word_bounds().nth(1).is_none()
    }

    /// The class of a character, by what it joins.
    fn class(c: &str) -> Option<char> {
        if joined(&["!", c]) {
            return Some(if joined(&["!", c, "\u{1f6d1}"]) { 'Z' } else { 'E' });
        }
        if !joined(&[c, "\u{300}"]) {
            return Some('S');
        }
        let (letter, katakana) = (joined(&["a", c]), joined(&["\u{30ab}", c]));
        let between = |side: &str| joined(&[side, c, side]);
        match (letter, katakana) {
            (true, true) => Some('X'),
            (false, true) => Some('K'),
            (true, false) if joined(&["1,", c]) => Some('N'),
            (true, false) if joined(&[c, "'"]) => Some('H'),
            (true, false) => Some('A'),
            _ if joined(&["\u{1f1e6}", c]) => Some('R'),
            _ if joined(&[" ", c]) => Some('W'),
            _ if joined(&["\u{5d0}", c]) => Some('Q'),
            _ => match (between("a"), between("1"), between("\u{5d0}")) {
                (true, true, _) => Some('L'),
                (true, false, _) => Some('M'),
                (false, true, _) => Some('U'),
                (false, false, true) => Some('D'),
                _ => None,
            },
        }
    }

    fn probed() -> String {
        let mut ranges: BTreeMap<char, Vec<u32>> = BTreeMap::new();
        let mut add = |class: char, point: u32| {
            let own = ranges.entry(class).or_default();
            match own.last_mut() {
                Some(last) if *last + 1 == point => *last = point,
                _ => own.extend([point, point]),
            }
        };
        for character in '\0'..=char::MAX {
            let point = u32::from(character);
            let character = character.encode_utf8(&mut [0; 4]).to_owned();
            let class = class(&character);
            if let Some(class) = class {
                add(class, point);
            }
            if !matches!(class, Some('E' | 'Z')) && joined(&["!\u{200d}", &character]) {
                add('P', point);
            }
        }
        serde_json::to_string(&ranges).unwrap() + "\n"
    }

    /// With `LELP_WRITE_TABLES` set it writes the table anew.
    #[test]
    fn the_table_is_that_of_the_word_boundaries_we_find() {
        let probed = probed();
        if std::env::var_os("LELP_WRITE_TABLES").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ngram/word_break.json");
            std::fs::write(path, &probed).unwrap();
        }
        assert!(probed == WORD_BREAK, "set LELP_WRITE_TABLES, and look at what has changed");
    }
}
