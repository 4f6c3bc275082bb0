//! Numbers as text.

/// A share, as `.9578`.
pub(super) fn share(value: f64) -> String {
    let text = format!("{value:.4}");
    text.strip_prefix("0.").map_or_else(|| text.replacen("-0.", "-.", 1), |digits| format!(".{digits}"))
}

/// A share with half the width of its interval, as `.9578 ± .0031`, without a place to break the line.
pub(super) fn share_with(value: f64, half_width: Option<f64>) -> String {
    half_width.map_or_else(|| share(value), |half| format!("{}\u{a0}±\u{a0}{}", share(value), share(half)))
}

/// A difference of shares in percentage points, as `+0.38`.
pub(super) fn points(difference: f64) -> String {
    format!("{:+.2}", 100.0 * difference)
}

/// A p-value, to three digits.
pub(super) fn p_value(p: f64) -> String {
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

/// Microseconds, to about three digits; empty where they were not measured.
pub(super) fn microseconds(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
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
}
