//! Which rows a student answers correctly, one bit each.

use lelp::{Classified, ErrorKind};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Right and wrong answers, one bit a row: hexadecimal, the first row in the highest bit of the first digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PackedRows", into = "PackedRows")]
pub struct CorrectRows(pub Vec<bool>);

/// Why digits do not say which rows are correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CorrectRowsError {
    /// There are more or fewer digits than the rows take.
    #[error("{rows} rows take {} digits, but found {digits}", rows.div_ceil(4))]
    Length {
        /// The rows.
        rows: usize,
        /// The digits.
        digits: usize,
    },
    /// A character that is not a digit.
    #[error("`{0}` is not a hexadecimal digit")]
    Digit(char),
}

impl Classified for CorrectRowsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

/// [`CorrectRows`] as a line holds them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PackedRows {
    rows: usize,
    bits: String,
}

impl From<CorrectRows> for PackedRows {
    fn from(CorrectRows(correct): CorrectRows) -> Self {
        let digit = |four: &[bool]| {
            let value =
                four.iter().enumerate().fold(0, |value, (place, &bit)| value | u32::from(bit) << (3 - place));
            char::from_digit(value, 16).expect("four bits are one digit")
        };
        Self { rows: correct.len(), bits: correct.chunks(4).map(digit).collect() }
    }
}

impl TryFrom<PackedRows> for CorrectRows {
    type Error = CorrectRowsError;

    fn try_from(PackedRows { rows, bits }: PackedRows) -> Result<Self, Self::Error> {
        if bits.len() != rows.div_ceil(4) {
            return Err(CorrectRowsError::Length { rows, digits: bits.len() });
        }
        let mut correct = Vec::with_capacity(rows);
        for digit in bits.chars() {
            let value = digit.to_digit(16).ok_or(CorrectRowsError::Digit(digit))?;
            correct.extend((0..4).map(|place| value >> (3 - place) & 1 == 1));
        }
        correct.truncate(rows);
        Ok(Self(correct))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn correct_rows_come_back_from_their_digits() {
        for rows in 0..10 {
            let correct = CorrectRows((0..rows).map(|row| row % 3 == 0).collect());
            let text = serde_json::to_string(&correct).unwrap();
            assert_eq!(serde_json::from_str::<CorrectRows>(&text).unwrap(), correct, "{text}");
        }
        assert_eq!(
            serde_json::to_string(&CorrectRows(vec![true, false, false, true, true])).unwrap(),
            r#"{"rows":5,"bits":"98"}"#
        );
    }

    #[test]
    fn digits_that_do_not_fit_the_rows_are_refused() {
        for text in [
            r#"{"rows":5,"bits":"9"}"#,
            r#"{"rows":4,"bits":"x"}"#,
            r#"{"rows":18446744073709551615,"bits":"9"}"#,
        ] {
            assert!(serde_json::from_str::<CorrectRows>(text).is_err(), "{text}");
        }
    }
}
