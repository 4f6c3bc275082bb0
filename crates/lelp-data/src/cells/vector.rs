//! Vectors.

use super::{Cell, ValueError, shortened};

/// A vector of at least one number, all finite.
pub(super) fn read(cell: Cell<'_>) -> Result<Vec<f32>, ValueError> {
    let numbers = match cell {
        Cell::Missing => return Err(ValueError::Missing),
        Cell::Untyped(field) => of_field(&field)?,
        Cell::Numbers(numbers) => numbers,
        other => return Err(ValueError::wrong_type(&other, NEEDED)),
    };
    check(&numbers)?;
    Ok(numbers)
}

const NEEDED: &str = "a list of numbers";

/// Refuses an empty vector, and one with a number that is not finite.
pub(crate) fn check(numbers: &[f32]) -> Result<(), ValueError> {
    if numbers.is_empty() {
        return Err(ValueError::Type { found: "a list of 0 numbers".to_owned(), needed: NEEDED });
    }
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(place) => Err(ValueError::VectorNotFinite { place, value: numbers[place] }),
        None => Ok(()),
    }
}

/// Numbers between commas, semicolons or spaces, with or without square brackets around them.
fn of_field(field: &str) -> Result<Vec<f32>, ValueError> {
    let inner = field.trim();
    if inner.is_empty() {
        return Err(ValueError::Missing);
    }
    let inner = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(inner);
    let numbers = inner.split([',', ';', ' ', '\t', '\n', '\r']).filter(|number| !number.is_empty());
    let parsed = numbers.map(|number| {
        let found = || format!("`{}` in a list", shortened(number));
        number.parse().map_err(|_| ValueError::Type { found: found(), needed: "a number" })
    });
    parsed.collect()
}
