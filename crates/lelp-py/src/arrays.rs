//! Arrays of Python as signals, and results as such arrays.

use std::num::NonZeroUsize;

use half::f16;
use lelp::{Embeddings, Head, Signals, SignalsError, SignalsParts};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::errors::Raised;

/// Embeddings `[rows, width]`, without a copy, in the precision that they have.
pub(crate) enum EmbeddingArray<'py> {
    Single(PyReadonlyArray2<'py, f32>),
    Half(PyReadonlyArray2<'py, f16>),
}

impl<'py> EmbeddingArray<'py> {
    pub(crate) fn of(array: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = array.extract() {
            return Ok(Self::Single(array));
        }
        if let Ok(array) = array.extract() {
            return Ok(Self::Half(array));
        }
        let found = array.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "embeddings are {found}, but an array [rows, width] of float32 or float16 is needed"
        )))
    }

    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Single(array) => array.shape()[1],
            Self::Half(array) => array.shape()[1],
        }
    }

    pub(crate) fn get(&self) -> PyResult<Embeddings<'_>> {
        Ok(match self {
            Self::Single(array) => Embeddings::F32(array.as_slice()?),
            Self::Half(array) => Embeddings::F16(array.as_slice()?),
        })
    }
}

/// Embeddings with logits and perhaps labels: signals, before they are checked.
#[derive(Clone, Copy)]
pub(crate) struct SignalArrays<'a> {
    pub(crate) embeddings: Embeddings<'a>,
    pub(crate) width: usize,
    pub(crate) logits: &'a [f32],
    pub(crate) classes: usize,
    pub(crate) labels: Option<&'a [i32]>,
    pub(crate) first_row: u64,
}

impl<'a> SignalArrays<'a> {
    pub(crate) fn new(
        embeddings: &'a EmbeddingArray<'_>,
        logits: &'a PyReadonlyArray2<'_, f32>,
        labels: Option<&'a PyReadonlyArray1<'_, i32>>,
        first_row: u64,
    ) -> PyResult<Self> {
        let labels = labels.map(|labels| labels.as_slice()).transpose()?;
        let (width, classes) = (embeddings.width(), logits.shape()[1]);
        let embeddings = embeddings.get()?;
        Ok(Self { embeddings, width, logits: logits.as_slice()?, classes, labels, first_row })
    }

    /// All rows, checked.
    pub(crate) fn signals(&self) -> Result<Signals<'a>, SignalsError> {
        Signals::new(SignalsParts {
            embeddings: self.embeddings,
            width: self.width,
            logits: self.logits,
            classes: self.classes,
            labels: self.labels,
            first_row: self.first_row,
        })
    }

    /// Blocks of `block` rows one after the other; the shapes of the whole fit together.
    pub(crate) fn blocks(self, block: usize) -> Result<impl Iterator<Item = Self>, Raised> {
        let rows = self.logits.len() / self.classes.max(1);
        let lengths = [Some(self.embeddings.len() / self.width.max(1)), self.labels.map(<[i32]>::len)];
        if let Some(other) = lengths.into_iter().flatten().find(|length| *length != rows) {
            return Err(Raised::input(format!("{other} rows beside logits of {rows} rows")));
        }
        Ok((0..rows).step_by(block).map(move |first| {
            let last = rows.min(first + block);
            let values = first * self.width..last * self.width;
            Self {
                embeddings: match self.embeddings {
                    Embeddings::F32(all) => Embeddings::F32(&all[values]),
                    Embeddings::F16(all) => Embeddings::F16(&all[values]),
                },
                logits: &self.logits[first * self.classes..last * self.classes],
                labels: self.labels.map(|labels| &labels[first..last]),
                first_row: self.first_row + first as u64,
                ..self
            }
        }))
    }
}

/// A classifier head: weight `[classes, width]`, bias `[classes]`.
pub(crate) fn head(weight: &PyReadonlyArray2<'_, f32>, bias: &PyReadonlyArray1<'_, f32>) -> PyResult<Head> {
    Ok(Head::new(weight.as_slice()?, bias.as_slice()?, weight.shape()[1]).map_err(Raised::from)?)
}

/// `[rows, columns]` as an array, without a copy.
pub(crate) fn matrix(py: Python<'_>, values: Vec<f32>, columns: usize) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let rows = values.len() / columns.max(1);
    PyArray1::from_vec(py, values).reshape([rows, columns])
}

/// Threads to work on: as many as asked for, or as there are.
pub(crate) fn threads(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
}
