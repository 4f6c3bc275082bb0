//! The arrays of one teacher, checked against each other.

use std::ops::Range;
use std::path::Path;

use crate::storage::hex;
use lelp::SignalsError;
use lelp::signals::{Head, logits_of_probabilities, logits_of_sigmoid};
use sha2::{Digest, Sha256};

use super::error::ImportError;
use crate::arrays::{Array, Element};

pub(super) struct TeacherArrays {
    embeddings: Array,
    outputs: Outputs,
    labels: Option<Array>,
    head: Option<(Array, Array)>,
    width: usize,
    classes: usize,
}

/// What the teacher says about the classes.
enum Outputs {
    Logits(Array),
    Probabilities(Array),
}

impl Outputs {
    fn array(&self) -> &Array {
        match self {
            Self::Logits(array) | Self::Probabilities(array) => array,
        }
    }
}

impl TeacherArrays {
    /// Takes arrays that hold `embeddings`, and `logits` or `probabilities` (logits where both are there).
    ///
    /// All have the same number of rows, floats where floats belong, and the head fits.
    pub(super) fn new(mut arrays: Vec<Array>) -> Result<Self, ImportError> {
        let mut take = |name: &str| {
            let place = arrays.iter().position(|array| array.name == name);
            place.map(|place| arrays.swap_remove(place))
        };
        let embeddings = take("embeddings").expect("it is checked when the arrays are gathered");
        let outputs = match (take("logits"), take("probabilities")) {
            (Some(logits), _) => Outputs::Logits(logits),
            (None, given) => {
                Outputs::Probabilities(given.expect("one of the two is checked when arrays are gathered"))
            }
        };
        let labels = take("labels");
        let head = match (take("weight"), take("bias")) {
            (None, None) => None,
            (Some(weight), Some(bias)) => Some((weight, bias)),
            (Some(weight), None) => return Err(half_head(&weight, "bias")),
            (None, Some(bias)) => return Err(half_head(&bias, "weight")),
        };
        let [_, width] = embeddings.shape[..] else {
            return Err(embeddings.wrong_shape("[rows, width]").into());
        };
        let classes = outputs.array().columns()?.max(2); // one column: a sigmoid, read as two classes
        let teacher = Self { embeddings, outputs, labels, head, width, classes };
        teacher.check_types()?;
        teacher.check_shapes()?;
        Ok(teacher)
    }

    fn check_types(&self) -> Result<(), ImportError> {
        let head = self.head.iter().flat_map(|(weight, bias)| [weight, bias]);
        for array in [&self.embeddings, self.outputs.array()].into_iter().chain(head) {
            if !array.element.is_float() {
                return Err(array.wrong_type("f16, bf16, f32 or f64").into());
            }
        }
        match &self.labels {
            Some(labels) if labels.element.is_float() => {
                Err(labels.wrong_type("a type of whole numbers").into())
            }
            _ => Ok(()),
        }
    }

    fn check_shapes(&self) -> Result<(), ImportError> {
        let same = |array: &Array, what, found: usize, other: &Array, wanted: usize| {
            if found == wanted { Ok(()) } else { Err(counts(array, what, found, other, wanted)) }
        };
        let outputs = self.outputs.array();
        same(outputs, "rows", outputs.rows(), &self.embeddings, self.rows())?;
        if let Some(labels) = &self.labels {
            if labels.columns()? != 1 {
                return Err(labels.wrong_shape("[rows]").into());
            }
            same(labels, "rows", labels.rows(), &self.embeddings, self.rows())?;
        }
        if let Some((weight, bias)) = &self.head {
            let [rows, width] = weight.shape[..] else {
                return Err(weight.wrong_shape("[classes, width]").into());
            };
            same(weight, "columns", width, &self.embeddings, self.width)?;
            if bias.columns()? != 1 {
                return Err(bias.wrong_shape("[classes]").into());
            }
            same(bias, "rows", bias.rows(), weight, rows)?;
            let one_logit = rows == 1 && self.classes == 2;
            if !one_logit {
                same(weight, "rows", rows, outputs, self.classes)?;
            }
        }
        Ok(())
    }

    pub(super) fn rows(&self) -> usize {
        self.embeddings.rows()
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn classes(&self) -> usize {
        self.classes
    }

    pub(super) fn embedding_element(&self) -> Element {
        self.embeddings.element
    }

    /// The file that holds the embeddings.
    pub(super) fn file(&self) -> &Path {
        &self.embeddings.file
    }

    /// `[rows, width]` of some rows.
    pub(super) fn embeddings(&self, rows: Range<usize>) -> Vec<f32> {
        self.embeddings.floats(rows.start * self.width..rows.end * self.width)
    }

    /// `[rows, classes]` of some rows.
    pub(super) fn logits(&self, rows: Range<usize>) -> Result<Vec<f32>, ImportError> {
        let columns = self.outputs.array().columns()?;
        let values = self.outputs.array().floats(rows.start * columns..rows.end * columns);
        match &self.outputs {
            Outputs::Logits(_) if columns == 1 => Ok(logits_of_sigmoid(&values)),
            Outputs::Logits(_) => Ok(values),
            Outputs::Probabilities(array) => {
                let pairs = || values.iter().flat_map(|&p| [1.0 - p, p]).collect();
                let values = if columns == 1 { pairs() } else { values };
                let failed = |source| ImportError::Values {
                    file: array.file.clone(),
                    source: in_data_set(source, rows.start),
                };
                logits_of_probabilities(&values, self.classes).map_err(failed)
            }
        }
    }

    /// `[rows]` of some rows, -1 for none.
    pub(super) fn labels(&self, rows: Range<usize>) -> Result<Option<Vec<i32>>, ImportError> {
        let Some(array) = &self.labels else { return Ok(None) };
        let is_class = |label: i64| usize::try_from(label).is_ok_and(|label| label < self.classes);
        let label = |(row, label): (usize, i64)| match i32::try_from(label) {
            Ok(signed) if signed == -1 || is_class(label) => Ok(signed),
            _ => Err(ImportError::Label { file: array.file.clone(), row, label, classes: self.classes }),
        };
        (rows.start..).zip(array.integers(rows)).map(label).collect::<Result<_, _>>().map(Some)
    }

    /// The teacher's head.
    pub(super) fn head(&self) -> Result<Option<Head>, ImportError> {
        let Some((weight, bias)) = &self.head else { return Ok(None) };
        let values = |array: &Array| array.floats(0..array.shape.iter().product());
        Head::new(&values(weight), &values(bias), self.width)
            .map(Some)
            .map_err(|source| ImportError::Values { file: weight.file.clone(), source })
    }

    /// SHA-256 of the arrays: tells whether a run that was cut off goes on with the same ones.
    pub(super) fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let head = self.head.iter().flat_map(|(weight, bias)| [weight, bias]);
        let arrays = [&self.embeddings, self.outputs.array()].into_iter().chain(&self.labels).chain(head);
        for array in arrays {
            hash.update(format!("{} {:?} {:?}\n", array.name, array.shape, array.element));
            hash.update(array.all_bytes());
        }
        hex(&hash.finalize())
    }
}

fn half_head(present: &Array, missing: &'static str) -> ImportError {
    ImportError::HalfHead { file: present.file.clone(), present: present.name.clone(), missing }
}

fn counts(array: &Array, what: &'static str, found: usize, other: &Array, wanted: usize) -> ImportError {
    ImportError::Counts {
        file: array.file.clone(),
        array: array.name.clone(),
        what,
        found,
        other: other.name.clone(),
        wanted,
    }
}

/// The error of a block that begins at `first_row`, with the row of the data set.
fn in_data_set(error: SignalsError, first_row: usize) -> SignalsError {
    match error {
        SignalsError::NotAProbability { row, class, value } => {
            SignalsError::NotAProbability { row: first_row + row, class, value }
        }
        SignalsError::NotNormalised { row, sum } => SignalsError::NotNormalised { row: first_row + row, sum },
        other => other,
    }
}
