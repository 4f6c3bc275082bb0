//! Signals: a teacher's embeddings and logits of a data set, checked once on entry.

use std::borrow::Cow;
use std::ops::Range;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::collapse::check_rows;
use crate::error::{ShapeError, SignalsError};

/// Embeddings `[rows, width]`, row after row, in the precision they were stored in.
#[derive(Debug, Clone, Copy)]
pub enum Embeddings<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Half precision.
    F16(&'a [f16]),
}

impl<'a> Embeddings<'a> {
    /// Number of values: rows times width.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
        }
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the values of `range` into `target`, which has the length of `range`.
    fn copy(&self, range: Range<usize>, target: &mut [f32]) {
        match self {
            Self::F32(values) => target.copy_from_slice(&values[range]),
            Self::F16(values) => values[range].convert_to_f32_slice(target),
        }
    }

    /// The values of `range` in single precision, without a copy where they are.
    fn single(&self, range: Range<usize>) -> Cow<'a, [f32]> {
        match self {
            Self::F32(values) => Cow::Borrowed(&values[range]),
            Self::F16(values) => Cow::Owned(values[range].to_f32_vec()),
        }
    }

    /// Place of the first infinite or not-a-number value.
    fn first_not_finite(&self) -> Option<(usize, f32)> {
        match self {
            Self::F32(values) => first_not_finite(values),
            Self::F16(values) => {
                let place = values.iter().position(|x| !x.is_finite())?;
                Some((place, values[place].to_f32()))
            }
        }
    }
}

/// The arrays of [`Signals`], before they are checked.
#[derive(Debug, Clone, Copy)]
pub struct SignalsParts<'a> {
    /// `[rows, width]`.
    pub embeddings: Embeddings<'a>,
    /// Columns of an embedding.
    pub width: usize,
    /// `[rows, classes]`.
    pub logits: &'a [f32],
    /// Columns of the logits.
    pub classes: usize,
    /// `[rows]`, each in `0..classes`, or -1 for none.
    pub labels: Option<&'a [i32]>,
    /// Place of the first row in the data set, for errors that name a row.
    pub first_row: u64,
}

/// A checked, borrowed block of rows of a teacher's signals: shapes fit, values are finite, labels in range.
#[derive(Debug, Clone, Copy)]
pub struct Signals<'a> {
    parts: SignalsParts<'a>,
    rows: usize,
}

impl<'a> Signals<'a> {
    /// Checks the arrays, once.
    ///
    /// # Errors
    /// [`SignalsError`] names the first row that is wrong, counted from `first_row`.
    pub fn new(parts: SignalsParts<'a>) -> Result<Self, SignalsError> {
        if parts.width == 0 {
            return Err(SignalsError::NoWidth);
        }
        if parts.classes < 2 {
            return Err(SignalsError::TooFewClasses { classes: parts.classes });
        }
        check_rows("values of the logits", parts.logits.len(), parts.classes)?;
        let rows = parts.logits.len() / parts.classes;
        let values = rows.saturating_mul(parts.width);
        ShapeError::check("values of the embeddings", parts.embeddings.len(), values)?;
        check_finite("embedding", parts.embeddings.first_not_finite(), parts.width, parts.first_row)?;
        check_finite("logit", first_not_finite(parts.logits), parts.classes, parts.first_row)?;
        if let Some(labels) = parts.labels {
            ShapeError::check("labels", labels.len(), rows)?;
            check_labels(labels, parts.classes, parts.first_row)?;
        }
        Ok(Self { parts, rows })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.parts.width
    }

    /// Columns of the logits.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.parts.classes
    }

    /// Place of the first row in the data set.
    #[must_use]
    pub fn first_row(&self) -> u64 {
        self.parts.first_row
    }

    /// `[rows, width]`.
    #[must_use]
    pub fn embeddings(&self) -> Embeddings<'a> {
        self.parts.embeddings
    }

    /// `[rows, classes]`.
    #[must_use]
    pub fn logits(&self) -> &'a [f32] {
        self.parts.logits
    }

    /// `[rows]`, -1 for none.
    #[must_use]
    pub fn labels(&self) -> Option<&'a [i32]> {
        self.parts.labels
    }

    /// Writes one embedding into `target`, `[width]`.
    ///
    /// # Panics
    /// If there is no such row or `target` has another length.
    pub fn copy_embedding(&self, row: usize, target: &mut [f32]) {
        self.parts.embeddings.copy(self.values_of(row..row + 1), target);
    }

    /// The embeddings of consecutive rows, `[rows, width]`; copied only where they are `f16`.
    ///
    /// # Panics
    /// If `rows` ends behind the last row.
    #[must_use]
    pub fn embedding_rows(&self, rows: Range<usize>) -> Cow<'a, [f32]> {
        self.parts.embeddings.single(self.values_of(rows))
    }

    fn values_of(&self, rows: Range<usize>) -> Range<usize> {
        rows.start * self.parts.width..rows.end * self.parts.width
    }
}

/// Place and value of the first infinite or not-a-number value.
///
/// The common case, all finite, is a pass without branches that the compiler vectorises.
fn first_not_finite(values: &[f32]) -> Option<(usize, f32)> {
    const EXPONENT: u32 = 0x7f80_0000; // all ones: infinite or not a number
    const BLOCK: usize = 4096;
    let bad = |x: &f32| x.to_bits() & EXPONENT == EXPONENT;
    let block = values.chunks(BLOCK).position(|block| block.iter().fold(false, |any, x| any | bad(x)))?;
    let place = block * BLOCK + values[block * BLOCK..].iter().position(bad)?;
    Some((place, values[place]))
}

fn check_finite(
    what: &'static str,
    found: Option<(usize, f32)>,
    columns: usize,
    first_row: u64,
) -> Result<(), SignalsError> {
    let Some((place, value)) = found else { return Ok(()) };
    let row = first_row.saturating_add((place / columns) as u64);
    Err(SignalsError::NotFinite { what, row, column: place % columns, value })
}

fn check_labels(labels: &[i32], classes: usize, first_row: u64) -> Result<(), SignalsError> {
    let valid = |label: i32| label == -1 || usize::try_from(label).is_ok_and(|label| label < classes);
    match labels.iter().position(|&label| !valid(label)) {
        None => Ok(()),
        Some(place) => {
            let row = first_row.saturating_add(place as u64);
            Err(SignalsError::LabelOutOfRange { row, label: labels[place], classes })
        }
    }
}

/// Logits of a teacher with one output (a sigmoid): `z` is read as `[0, z]`.
///
/// # Shapes
/// `outputs`: `[rows]`; result: `[rows, 2]`.
#[must_use]
pub fn logits_of_sigmoid(outputs: &[f32]) -> Vec<f32> {
    outputs.iter().flat_map(|&z| [0.0, z]).collect()
}

/// Logits of a teacher that gives only probabilities: `ln p`, its mean over classes taken away.
///
/// `softmax` of the result is `p` again. A probability of 0 is read as the smallest normal `f32`,
/// 1e-38, so that its logarithm is finite.
///
/// # Shapes
/// `probabilities` and result: `[rows, classes]`.
///
/// # Errors
/// [`SignalsError`] if the shape is wrong, a value is outside 0..=1, or a row does not sum to 1 within 0.01.
pub fn logits_of_probabilities(probabilities: &[f32], classes: usize) -> Result<Vec<f32>, SignalsError> {
    if classes < 2 {
        return Err(SignalsError::TooFewClasses { classes });
    }
    check_rows("probabilities", probabilities.len(), classes)?;
    let mut logits = Vec::with_capacity(probabilities.len());
    for (row, p) in probabilities.chunks_exact(classes).enumerate() {
        if let Some(class) = p.iter().position(|x| !(0.0..=1.0).contains(x)) {
            return Err(SignalsError::NotAProbability { row, class, value: p[class] });
        }
        let sum: f64 = p.iter().map(|&x| f64::from(x)).sum();
        if (sum - 1.0).abs() > 0.01 {
            return Err(SignalsError::NotNormalised { row, sum });
        }
        let logarithm = |x: &f32| f64::from(x.max(f32::MIN_POSITIVE)).ln();
        let mean = p.iter().map(logarithm).sum::<f64>() / classes as f64;
        logits.extend(p.iter().map(|x| (logarithm(x) - mean) as f32));
    }
    Ok(logits)
}

/// A teacher's classifier head: `logits = embeddings weight^T + bias`.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    weight: Vec<f32>,
    bias: Vec<f32>,
    width: usize,
}

impl Head {
    /// Checks and takes a head; one with a single row (a sigmoid teacher) is read as `[0; w]`.
    ///
    /// # Shapes
    /// `weight`: `[classes, width]`; `bias`: `[classes]`.
    ///
    /// # Errors
    /// [`SignalsError`] if lengths do not fit together, there are no values, or one is not finite.
    pub fn new(weight: &[f32], bias: &[f32], width: usize) -> Result<Self, SignalsError> {
        if width == 0 {
            return Err(SignalsError::NoWidth);
        }
        if bias.is_empty() {
            return Err(SignalsError::TooFewClasses { classes: 0 });
        }
        ShapeError::check("values of the head's weight", weight.len(), bias.len().saturating_mul(width))?;
        check_finite("head weight", first_not_finite(weight), width, 0)?;
        check_finite("head bias", first_not_finite(bias), 1, 0)?;
        let zero_row = usize::from(bias.len() == 1);
        let padded = |values: &[f32], zeros: usize| [&vec![0.0; zeros], values].concat();
        Ok(Self { weight: padded(weight, zero_row * width), bias: padded(bias, zero_row), width })
    }

    /// `[classes, width]`.
    #[must_use]
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// `[classes]`.
    #[must_use]
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Columns of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of the weight.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.bias.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(embeddings: &'a [f32], logits: &'a [f32], labels: Option<&'a [i32]>) -> SignalsParts<'a> {
        let embeddings = Embeddings::F32(embeddings);
        SignalsParts { embeddings, width: 2, logits, classes: 2, labels, first_row: 100 }
    }

    fn refusal(parts: SignalsParts) -> String {
        Signals::new(parts).unwrap_err().to_string()
    }

    #[test]
    fn the_first_bad_row_is_named_as_the_data_set_counts_it() {
        let nan = refusal(parts(&[0.0, 0.0, 0.0, f32::NAN], &[0.0; 4], None));
        assert_eq!(
            nan,
            "embedding row 101, column 1 is NaN, but must be finite; drop the row or mend the teacher"
        );
        let infinite = refusal(parts(&[0.0; 4], &[0.0, 0.0, f32::INFINITY, f32::NAN], None));
        assert!(infinite.starts_with("logit row 101, column 0 is inf"), "{infinite}");
        let label = refusal(parts(&[0.0; 4], &[0.0; 4], Some(&[-1, 2])));
        assert_eq!(label, "label of row 101 is 2, but must be in 0..2, or -1 for none");
        assert!(refusal(parts(&[0.0; 4], &[0.0; 4], Some(&[-2, 0]))).contains("row 100 is -2"));
    }

    #[test]
    fn a_bad_value_is_found_in_any_block_and_in_half_precision() {
        let mut values = vec![0.0; 10_000];
        values[9_001] = f32::NEG_INFINITY;
        assert_eq!(first_not_finite(&values), Some((9_001, f32::NEG_INFINITY)));
        assert_eq!(first_not_finite(&[f32::MAX, f32::MIN, -0.0, 1e-45]), None);
        let embeddings = Embeddings::F16(&[f16::ZERO, f16::INFINITY]);
        let refused = Signals::new(SignalsParts { embeddings, ..parts(&[], &[0.0; 2], None) }).unwrap_err();
        let expected =
            SignalsError::NotFinite { what: "embedding", row: 100, column: 1, value: f32::INFINITY };
        assert_eq!(refused, expected);
    }

    #[test]
    fn lengths_that_disagree_are_named_with_both_numbers() {
        let embeddings = refusal(parts(&[0.0; 6], &[0.0; 4], None));
        assert_eq!(embeddings, "values of the embeddings: found 6, expected 4");
        assert_eq!(refusal(parts(&[0.0; 4], &[0.0; 3], None)), "values of the logits: found 3, expected 2");
        assert_eq!(refusal(parts(&[0.0; 4], &[0.0; 4], Some(&[0]))), "labels: found 1, expected 2");
        assert!(Signals::new(SignalsParts { width: 0, ..parts(&[], &[], None) }).is_err());
        assert!(Signals::new(SignalsParts { classes: 1, ..parts(&[], &[], None) }).is_err());
        assert_eq!(Signals::new(parts(&[], &[], None)).unwrap().rows(), 0);
    }

    #[test]
    fn probabilities_come_back_from_their_logits() {
        let p = [0.25, 0.75, 1.0, 0.0];
        let logits = logits_of_probabilities(&p, 2).unwrap();
        assert!((logits[0] + logits[1]).abs() < 1e-6 && logits.iter().all(|z| z.is_finite()));
        for (p, back) in p.iter().zip(crate::softmax(&logits, 2).unwrap()) {
            assert!((p - back).abs() < 1e-6, "{p} {back}");
        }
        assert!(matches!(
            logits_of_probabilities(&[2.0, -1.0], 2),
            Err(SignalsError::NotAProbability { .. })
        ));
        assert!(matches!(logits_of_probabilities(&[0.2, 0.2], 2), Err(SignalsError::NotNormalised { .. })));
        assert!(logits_of_probabilities(&[f32::NAN, 0.5], 2).is_err());
    }

    #[test]
    fn a_head_of_one_row_is_read_as_zero_and_the_row() {
        let head = Head::new(&[1.0, 2.0], &[3.0], 2).unwrap();
        assert_eq!(
            (head.weight(), head.bias(), head.classes()),
            (&[0.0, 0.0, 1.0, 2.0][..], &[0.0, 3.0][..], 2)
        );
        assert!(Head::new(&[1.0], &[3.0], 2).is_err());
        assert!(Head::new(&[], &[], 2).is_err());
        assert!(Head::new(&[f32::NAN, 0.0], &[3.0], 2).is_err());
    }
}
