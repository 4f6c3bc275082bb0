//! Points of accuracy.

/// Reads points of accuracy, 0 to 100.
pub(crate) fn points(text: &str) -> Result<f64, String> {
    let points: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.0..=100.0).contains(&points) { Ok(points) } else { Err("use 0 to 100 points".to_owned()) }
}
