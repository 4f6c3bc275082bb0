//! Durations, as seconds.

use super::ColumnTypeDefinition;
use crate::cells::{Cell, Value, ValueError, ValueKind};

pub(super) const DURATION: ColumnTypeDefinition = ColumnTypeDefinition {
    name: "duration",
    summary: "hours, minutes and seconds as 1:30:05, read as seconds",
    kind: ValueKind::Number,
    read,
};

/// Whole hours, two digits of minutes and two of seconds between colons; an empty field is missing.
#[allow(clippy::needless_pass_by_value, reason = "every type's reader has this signature")]
fn read(cell: Cell<'_>) -> Result<Value, ValueError> {
    let seconds = match &cell {
        Cell::Missing => None,
        Cell::Untyped(text) if text.trim().is_empty() => None,
        Cell::Untyped(text) | Cell::Text(text) => {
            Some(seconds_of(text.trim()).ok_or_else(|| ValueError::unreadable(text, NEEDED))?)
        }
        other => return Err(ValueError::wrong_type(other, NEEDED)),
    };
    Ok(Value::Number(seconds.map(f64::from)))
}

const NEEDED: &str = "a duration as 1:30:05";

fn seconds_of(text: &str) -> Option<u32> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let below_60 = |part: &str| part.parse::<u32>().ok().filter(|&number| part.len() == 2 && number < 60);
    let minutes = hours.parse::<u32>().ok()?.checked_mul(60)?.checked_add(below_60(minutes)?)?;
    minutes.checked_mul(60)?.checked_add(below_60(seconds)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        for (text, seconds) in [("0:00:00", 0.0), ("1:30:05", 5405.0), ("100:00:59", 360_059.0)] {
            assert_eq!(read(Cell::Text(text.into())), Ok(Value::Number(Some(seconds))));
        }
        for text in ["1:60:00", "1:1:1", "90", "1:30", "4000000000:00:00"] {
            assert!(read(Cell::Text(text.into())).is_err(), "{text}");
        }
    }
}
