//! Columns that no model reads, such as an id, carried from a row to its answer.

use super::{Cell, ValueError};

/// What is there, as text.
pub(super) fn read(cell: Cell<'_>) -> Result<Option<String>, ValueError> {
    Ok(Some(match cell {
        Cell::Missing => return Ok(None),
        Cell::Untyped(text) | Cell::Text(text) => text.into_owned(),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Integer(whole) => whole.to_string(),
        Cell::Float(number) => number.to_string(),
        other => return Err(ValueError::wrong_type(&other, "a string, a number or a boolean")),
    }))
}
