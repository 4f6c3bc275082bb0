//! One part of a signals folder: a few thousand rows in a safetensors file.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::storage;
use half::f16;
use lelp::SignalsError;
use lelp::signals::{Embeddings, Signals, SignalsParts};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::description::{Precision, SignalsDescription};
use super::error::SignalsFileError;
use super::half_precision::halved;
use super::tensors::{TensorFile, Values};

/// A part, mapped into memory until it is dropped.
pub struct Part {
    file: TensorFile,
    embeddings: StoredEmbeddings,
    logits: Values<f32>,
    /// Those to give in their place.
    other_logits: Option<OtherLogits>,
    /// With their columns.
    subclass_logits: Option<(Values<f32>, usize)>,
    labels: Option<Values<i32>>,
    width: usize,
    classes: usize,
    rows: Range<u64>,
}

/// Logits and labels of another teacher's signals on the same rows.
#[derive(Debug, Clone)]
pub(super) struct OtherLogits {
    /// Those of all rows of the folder, `[rows, classes]`.
    pub(super) values: Arc<Vec<f32>>,
    /// Its labels, `[rows]`, -1 for none.
    pub(super) labels: Arc<Vec<i32>>,
    /// Columns of the logits that the parts hold.
    pub(super) stored_classes: usize,
}

enum StoredEmbeddings {
    F32(Values<f32>),
    F16(Values<f16>),
}

impl Part {
    /// Maps a part and checks its tensors, and that its rows are `rows`.
    pub(super) fn open(
        path: &Path,
        description: &SignalsDescription,
        rows: Range<u64>,
        other_logits: Option<OtherLogits>,
    ) -> Result<Self, SignalsFileError> {
        let file = TensorFile::open(path)?;
        let (width, classes) = (description.width, description.classes);
        let count = usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX);
        let embeddings = match description.embeddings {
            Precision::F32 => {
                StoredEmbeddings::F32(file.values("embeddings", Dtype::F32, &[count, width])?)
            }
            Precision::F16 => {
                StoredEmbeddings::F16(file.values("embeddings", Dtype::F16, &[count, width])?)
            }
        };
        let stored_classes = other_logits.as_ref().map_or(classes, |other| other.stored_classes);
        let logits = file.values("logits", Dtype::F32, &[count, stored_classes])?;
        let own_subclasses = description.subclass_columns().filter(|_| other_logits.is_none());
        let subclass_logits = own_subclasses.map(|columns| {
            let values = file.values("subclass_logits", Dtype::F32, &[count, columns])?;
            Ok::<_, SignalsFileError>((values, columns))
        });
        let subclass_logits = subclass_logits.transpose()?;
        let labels =
            if file.has("labels") { Some(file.values("labels", Dtype::I32, &[count])?) } else { None };
        let numbers = file.values::<u64>("row", Dtype::U64, &[count])?;
        for (place, (&found, wanted)) in numbers.get(&file).iter().zip(rows.clone()).enumerate() {
            if found != wanted {
                return Err(SignalsFileError::RowNumber { file: file.path, place, found, wanted });
            }
        }
        Ok(Self { file, embeddings, logits, other_logits, subclass_logits, labels, width, classes, rows })
    }

    /// The same part, where `rows` rows come before those of its folder.
    pub(super) fn behind(self, rows: u64) -> Self {
        Self { rows: self.rows.start + rows..self.rows.end + rows, ..self }
    }

    /// The rows of the data set that this part holds.
    #[must_use]
    pub fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// Copies the embedding of the row at `place` in this part into `embedding` `[width]`, unchecked.
    pub(super) fn read(&self, place: usize, embedding: &mut [f32]) {
        let values = place * self.width..(place + 1) * self.width;
        match &self.embeddings {
            StoredEmbeddings::F32(stored) => embedding.copy_from_slice(&stored.get(&self.file)[values]),
            StoredEmbeddings::F16(stored) => {
                let half = &stored.get(&self.file)[values];
                embedding.iter_mut().zip(half).for_each(|(value, half)| *value = half.to_f32());
            }
        }
    }

    /// The teacher's own subclass logits, `[rows, classes * subclasses]`, where it has any.
    ///
    /// # Errors
    /// [`SignalsFileError::Values`] with the part and the row of the first value that is not finite.
    pub fn subclass_logits(&self) -> Result<Option<&[f32]>, SignalsFileError> {
        let Some((values, columns)) = &self.subclass_logits else { return Ok(None) };
        let values = values.get(&self.file);
        let Some(place) = values.iter().position(|value| !value.is_finite()) else { return Ok(Some(values)) };
        let row = self.rows.start + (place / columns) as u64;
        let (column, value) = (place % columns, values[place]);
        let source = SignalsError::NotFinite { what: "subclass logit", row, column, value };
        Err(SignalsFileError::Values { file: self.file.path.clone(), source })
    }

    /// The labels to give.
    fn labels(&self) -> Option<&[i32]> {
        match &self.other_logits {
            None => self.labels.as_ref().map(|labels| labels.get(&self.file)),
            Some(other) => Some(&other.labels[self.rows.start as usize..self.rows.end as usize]),
        }
    }

    /// The logits to give, `[rows, classes]`.
    fn logits(&self) -> &[f32] {
        let Some(other) = &self.other_logits else { return self.logits.get(&self.file) };
        let place = |row: u64| row as usize * self.classes;
        &other.values[place(self.rows.start)..place(self.rows.end)]
    }

    /// The values, checked; borrowed from the map.
    ///
    /// # Errors
    /// [`SignalsFileError::Values`] with the part and the row of the first value that is not finite, or
    /// label that is no class.
    pub fn signals(&self) -> Result<Signals<'_>, SignalsFileError> {
        let embeddings = match &self.embeddings {
            StoredEmbeddings::F32(values) => Embeddings::F32(values.get(&self.file)),
            StoredEmbeddings::F16(values) => Embeddings::F16(values.get(&self.file)),
        };
        Signals::new(SignalsParts {
            embeddings,
            width: self.width,
            logits: self.logits(),
            classes: self.classes,
            labels: self.labels(),
            first_row: self.rows.start,
        })
        .map_err(|source| SignalsFileError::Values { file: self.file.path.clone(), source })
    }
}

/// Writes a block of signals as a part, whole or not at all, and gives the file's SHA-256.
pub(super) fn write(
    path: &Path,
    signals: &Signals<'_>,
    subclass_logits: Option<&[f32]>,
    precision: Precision,
) -> Result<String, SignalsFileError> {
    let rows = signals.rows();
    let numbers: Vec<u64> = (signals.first_row()..).take(rows).collect();
    let labels = signals.labels().map_or_else(|| vec![-1; rows], <[i32]>::to_vec);
    let single = signals.embedding_rows(0..rows);
    let half;
    let (embedding_type, embeddings): (_, &[u8]) = match precision {
        Precision::F32 => (Dtype::F32, bytemuck::cast_slice(&single)),
        Precision::F16 => {
            half = halved(path, signals, &single)?;
            (Dtype::F16, bytemuck::cast_slice(&half))
        }
    };
    let mut tensors = vec![
        ("row", Dtype::U64, vec![rows], bytemuck::cast_slice(&numbers)),
        ("embeddings", embedding_type, vec![rows, signals.width()], embeddings),
        ("logits", Dtype::F32, vec![rows, signals.classes()], bytemuck::cast_slice(signals.logits())),
        ("labels", Dtype::I32, vec![rows], bytemuck::cast_slice(&labels)),
    ];
    if let Some(logits) = subclass_logits {
        let columns = logits.len().checked_div(rows).unwrap_or(0);
        tensors.push(("subclass_logits", Dtype::F32, vec![rows, columns], bytemuck::cast_slice(logits)));
    }
    let views = tensors.into_iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(dtype, shape, bytes).expect("checked signals have the shape they say"))
    });
    let bytes = safetensors::serialize(views, None).expect("tensors with different names");
    storage::write(path, &bytes)?;
    Ok(storage::sha256(&bytes))
}
