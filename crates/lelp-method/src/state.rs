//! What a method has learned so far, as named arrays that a checkpoint can hold.

use lelp::{Classified, ErrorKind};
use thiserror::Error;

/// A variable, an optimizer's memory or a buffer, under a name like `fitnet.regressor.0`.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    /// Its name, unlike that of any other array of the method.
    pub name: String,
    /// Its values, `[rows, columns]` laid out row by row where it has rows.
    pub values: Vec<f32>,
}

/// Arrays that are not those of a method.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StateError {
    /// An array is not there.
    #[error("the state holds no array `{name}`: it was saved under other settings")]
    Missing {
        /// The array.
        name: String,
    },
    /// An array has another length.
    #[error(
        "array `{name}` of the state holds {found} values, but this method has {wanted}: it was saved under other settings"
    )]
    Length {
        /// The array.
        name: String,
        /// Values it holds.
        found: usize,
        /// Values needed.
        wanted: usize,
    },
}

impl Classified for StateError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl NamedArray {
    /// A copy of `values` under `name`.
    #[must_use]
    pub fn new(name: impl Into<String>, values: &[f32]) -> Self {
        Self { name: name.into(), values: values.to_vec() }
    }

    /// A count, as four digits of 16 bits, which `f32` holds exactly.
    #[must_use]
    pub fn count(name: impl Into<String>, count: u64) -> Self {
        let digit = |place: u32| f32::from((count >> (16 * place)) as u16);
        Self { name: name.into(), values: (0..4).map(digit).collect() }
    }
}

/// Copies the array `name` of `state` into `values`.
pub fn copy_array(state: &[NamedArray], name: &str, values: &mut [f32]) -> Result<(), StateError> {
    let missing = || StateError::Missing { name: name.to_owned() };
    let found = &state.iter().find(|array| array.name == name).ok_or_else(missing)?.values;
    if found.len() != values.len() {
        let (found, wanted) = (found.len(), values.len());
        return Err(StateError::Length { name: name.to_owned(), found, wanted });
    }
    values.copy_from_slice(found);
    Ok(())
}

/// The count that [`NamedArray::count`] wrote.
pub fn read_count(state: &[NamedArray], name: &str) -> Result<u64, StateError> {
    let mut digits = [0.0; 4];
    copy_array(state, name, &mut digits)?;
    #[allow(clippy::cast_sign_loss, reason = "the digits of a count are not negative, and others become 0")]
    let digit = |digit: f32| u64::from(digit as u16);
    Ok(digits.into_iter().rev().fold(0, |count, value| count << 16 | digit(value)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back_whole() {
        for count in [0, 1, 65_535, 65_536, 1 << 40, u64::MAX] {
            assert_eq!(read_count(&[NamedArray::count("steps", count)], "steps").unwrap(), count);
        }
    }

    #[test]
    fn arrays_of_other_settings_are_refused_by_name() {
        let state = [NamedArray::new("a", &[1.0, 2.0])];
        let missing = copy_array(&state, "b", &mut [0.0]).unwrap_err();
        assert_eq!(missing, StateError::Missing { name: "b".into() });
        let length = copy_array(&state, "a", &mut [0.0; 3]).unwrap_err();
        assert_eq!(length, StateError::Length { name: "a".into(), found: 2, wanted: 3 });
    }
}
