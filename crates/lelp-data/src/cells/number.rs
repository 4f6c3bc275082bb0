//! Numbers.

use super::{Cell, ValueError};

/// A finite number; `true` is 1 and `false` is 0; an empty field is missing.
pub(super) fn read(cell: &Cell<'_>) -> Result<Option<f64>, ValueError> {
    let number = match cell {
        Cell::Missing => return Ok(None),
        Cell::Untyped(field) if field.trim().is_empty() => return Ok(None),
        Cell::Untyped(field) => of_field(field.trim()).ok_or_else(|| wrong(cell))?,
        Cell::Boolean(truth) => f64::from(u8::from(*truth)),
        Cell::Integer(whole) => *whole as f64,
        Cell::Float(number) => *number,
        other => return Err(wrong(other)),
    };
    if number.is_finite() { Ok(Some(number)) } else { Err(ValueError::NotFinite { value: number }) }
}

fn of_field(field: &str) -> Option<f64> {
    if field.eq_ignore_ascii_case("true") {
        return Some(1.0);
    }
    if field.eq_ignore_ascii_case("false") {
        return Some(0.0);
    }
    field.parse().ok()
}

fn wrong(cell: &Cell<'_>) -> ValueError {
    ValueError::wrong_type(cell, "a number")
}
