//! Pieces of HTML that the template macro does not cover: identifiers, JSON in a script element, control characters.
//!
//! Everything else is written with [`maud::html!`], which escapes every text that it inserts.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

/// A value as a `<script type="application/json">` element.
pub(super) fn json_script(value: &Value) -> Markup {
    // In a script element nothing is escaped, but `<` would end it early.
    let text = value
        .to_string()
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    html! { script type="application/json" { (PreEscaped(text)) } }
}

/// An `id` made of `words`: lower-case letters, digits and dashes.
pub(super) fn identifier(words: &str) -> String {
    let mut id = String::from("s");
    for character in words.chars() {
        match character.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') => id.push(letter),
            _ if id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    id
}

/// `text` with a replacement character for each control character: browsers reject them, and they could hide text.
pub(super) fn without_control_characters(text: &str) -> String {
    let hidden = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    text.replace(hidden, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_in_its_element_and_means_the_same() {
        let value = serde_json::json!({ "text": "</script><!--\u{2028}" });
        let script = json_script(&value).into_string();
        let inner = script.strip_prefix("<script type=\"application/json\">").unwrap();
        let inner = inner.strip_suffix("</script>").unwrap();
        assert!(!inner.contains('<') && !inner.contains('\u{2028}'), "{inner}");
        assert_eq!(serde_json::from_str::<Value>(inner).unwrap(), value);
    }

    #[test]
    fn identifiers_hold_nothing_that_ends_them() {
        assert_eq!(identifier("Reliability: kd + \"fitnet\""), "sreliability-kd-fitnet-");
    }

    #[test]
    fn control_characters_are_replaced_and_line_breaks_stay() {
        assert_eq!(without_control_characters("a\u{0}b\n\tc\u{7f}"), "a\u{fffd}b\n\tc\u{fffd}");
    }
}
