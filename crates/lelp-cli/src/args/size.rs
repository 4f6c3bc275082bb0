//! Numbers of bytes with a unit.

/// Reads a number of bytes, as `1.6MB`, `800kB` or `1MiB`; at least 1.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..end].trim(), &text[end..]);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => return Err(format!("`{unit}` is no unit: use kB, MB, GB, KiB, MiB or GiB")),
    };
    let number: f64 = number.parse().map_err(|_| format!("`{number}` is no number"))?;
    let bytes = number * factor;
    #[allow(clippy::cast_sign_loss, reason = "it is in the range")]
    if (1.0..1e15).contains(&bytes) { Ok(bytes as u64) } else { Err("use 1 byte to 1000 TB".to_owned()) }
}

/// A number of bytes in megabytes, for people.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("1.6MB"), Ok(1_600_000));
        assert_eq!(size("800 kB"), Ok(800_000));
        assert_eq!(size("1MiB"), Ok(1_048_576));
        assert_eq!(size("4096"), Ok(4096));
        for wrong in ["", "MB", "1 parsec", "-1MB", "nan", "1e30GB", "0"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
