//! Numbers as words.

/// A share, as `.9578`.
pub(super) fn share(value: f64) -> String {
    let text = format!("{value:.4}");
    text.strip_prefix("0.").map_or_else(|| text.replacen("-0.", "-.", 1), |digits| format!(".{digits}"))
}

/// A share with half the width of its interval, as `.9578 ± .0031`, which no line breaks.
pub(super) fn share_with(value: f64, half_width: Option<f64>) -> String {
    half_width.map_or_else(|| share(value), |half| format!("{}\u{a0}±\u{a0}{}", share(value), share(half)))
}

/// A difference of shares in points of a hundred, as `+0.38`.
pub(super) fn points(difference: f64) -> String {
    format!("{:+.2}", 100.0 * difference)
}

/// A chance, to three digits.
pub(super) fn chance(p: f64) -> String {
    if p < 0.001 { "< .001".to_owned() } else { format!("{p:.3}").trim_start_matches('0').to_owned() }
}

/// Bytes, as `16.8 MB`.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// Microseconds, to three digits or so; nothing where they were not measured.
pub(super) fn microseconds(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// `1 row`, `2 rows`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// At most `limit` characters, the cut shown.
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
    fn numbers_read_as_in_the_readme() {
        assert_eq!(share(0.9578), ".9578");
        assert_eq!(share(1.0), "1.0000");
        assert_eq!(share(-0.5), "-.5000");
        assert_eq!(share_with(0.5, Some(0.01)), ".5000\u{a0}±\u{a0}.0100");
        assert_eq!(points(0.0038), "+0.38");
        assert_eq!([bytes(999), bytes(16_800_000)], ["999 B", "16.8 MB"]);
    }

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
