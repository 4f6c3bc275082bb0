//! Text from data files, made safe to print on a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text with a space for each character that would move the cursor, break the line or turn its direction around.
pub(crate) fn without_control_characters(text: &str) -> Cow<'_, str> {
    replaced(text, steers)
}

/// The same for text of several lines, whose breaks and tabs stay.
pub(crate) fn without_steering(text: &str) -> Cow<'_, str> {
    replaced(text, |c| steers(c) && !matches!(c, '\n' | '\t'))
}

fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn replaced(text: &str, unwanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.contains(&unwanted) { text.replace(unwanted, " ").into() } else { text.into() }
}

/// The text in one line, words separated by single spaces, without control characters.
pub(crate) fn single_line(text: &str) -> String {
    without_control_characters(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `width` columns of a terminal, the last an ellipsis where there was more.
pub(crate) fn truncate(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken < width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        assert_eq!(without_steering("a\u{1b}]0;b\u{7}\tc\nd"), "a ]0;b \tc\nd");
        assert_eq!(single_line("a\u{1b}[31m\n\tb\u{202e}c"), "a [31m b c");
        assert_eq!((truncate("abcd", 4), truncate("abcde", 4)), ("abcd".to_owned(), "abc…".to_owned()));
        assert_eq!((truncate("語語", 4), truncate("語語語", 4)), ("語語".to_owned(), "語…".to_owned()));
    }
}
