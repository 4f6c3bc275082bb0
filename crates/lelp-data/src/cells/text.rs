//! Texts.

use super::{Cell, ValueError};

/// A text that must be there; it may be empty where the format can tell that from none.
pub(super) fn first(cell: Cell<'_>) -> Result<String, ValueError> {
    second(cell)?.ok_or(ValueError::Missing)
}

/// A second text; whether there must be one depends on the other rows.
pub(super) fn second(cell: Cell<'_>) -> Result<Option<String>, ValueError> {
    match cell {
        Cell::Missing => Ok(None),
        Cell::Untyped(text) | Cell::Text(text) => Ok(Some(text.into_owned())),
        other => Err(ValueError::wrong_type(&other, "a string")),
    }
}
