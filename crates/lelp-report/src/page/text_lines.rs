//! Shortening texts and breaking them into lines.

/// At most `limit` characters, ending in an ellipsis where text was cut off.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}

/// Lines of about `width` characters, broken between words, or inside a word that is longer.
pub(super) fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let pieces: Vec<char> = word.chars().collect();
        for (place, piece) in pieces.chunks(width).enumerate() {
            let gap = usize::from(place == 0 && length > 0);
            if length > 0 && length + gap + piece.len() > width {
                lines.push(String::new());
                length = 0;
            } else if gap > 0 {
                lines.last_mut().expect("there is a first line").push(' ');
                length += 1;
            }
            lines.last_mut().expect("there is a first line").extend(piece);
            length += piece.len();
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_every_letter_and_no_line_is_too_long() {
        for text in ["", "a", "where is my card please", "abcdefghijklmnopq r", "ééééééééééééé"]
        {
            let broken = lines(text, 6);
            assert!(broken.iter().all(|line| line.chars().count() <= 6), "{broken:?}");
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(letters(&broken.concat()), letters(text));
        }
    }

    #[test]
    fn a_short_text_stays_and_a_long_one_shows_its_cut() {
        assert_eq!(shortened("card", 4), "card");
        assert_eq!(shortened("cards", 4), "car…");
    }
}
