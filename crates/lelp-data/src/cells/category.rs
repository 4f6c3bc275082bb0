//! Categories.

use super::{Cell, ValueError};

/// A category, as text; an empty one is missing, whatever the format.
///
/// Fractions are no categories: two files could write one of them differently.
pub(super) fn read(cell: Cell<'_>) -> Result<Option<String>, ValueError> {
    let category = match cell {
        Cell::Missing => return Ok(None),
        Cell::Untyped(text) | Cell::Text(text) => text.into_owned(),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Integer(whole) => whole.to_string(),
        Cell::Float(_) => return Err(wrong("a fraction".to_owned())),
        other => return Err(wrong(other.describe())),
    };
    Ok(Some(category).filter(|category| !category.is_empty()))
}

fn wrong(found: String) -> ValueError {
    ValueError::Type { found, needed: "a category (a string, a whole number or a boolean)" }
}
