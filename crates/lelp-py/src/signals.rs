//! Signals on disk: checking a folder, and writing one part by part.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lelp_data::{
    ColumnSettings, Existing, Precision, SignalsDescription, SignalsFolder, SignalsWriter as Writer,
};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::arrays::{EmbeddingArray, SignalArrays, head};
use crate::errors::Raised;
use crate::interrupt;

/// Opens a signals folder and checks every part and value.
#[pyfunction]
pub(crate) fn check_signals(py: Python<'_>, folder: PathBuf) -> PyResult<()> {
    let checked = interrupt::owned(py, move |cancel| {
        for part in SignalsFolder::open(&folder)?.parts() {
            if cancel.load(Ordering::Relaxed) {
                break;
            }
            part?.signals()?;
        }
        Ok::<_, Raised>(())
    })?;
    Ok(checked?)
}

/// Writes a signals folder part by part; what a stopped run has written whole stays.
#[pyclass(frozen, module = "lelp._lelp")]
pub(crate) struct SignalsWriter {
    folder: PathBuf,
    /// None once the folder is complete.
    writer: Mutex<Option<Writer>>,
}

#[pymethods]
impl SignalsWriter {
    /// Begins signals, or goes on with those of the same description. `teacher` and `data` are hashes, where they are known.
    #[new]
    #[pyo3(signature = (folder, label_names, width, rows, part_rows, half=false, teacher=None, data=None, overwrite=false))]
    #[allow(clippy::too_many_arguments, reason = "Python names them")]
    fn open(
        py: Python<'_>,
        folder: PathBuf,
        label_names: Vec<String>,
        width: usize,
        rows: u64,
        part_rows: u64,
        half: bool,
        teacher: Option<String>,
        data: Option<String>,
        overwrite: bool,
    ) -> PyResult<Self> {
        let description = SignalsDescription {
            classes: label_names.len(),
            width,
            label_names,
            teacher,
            data,
            columns: std::collections::BTreeMap::new(),
            rows,
            part_rows,
            embeddings: if half { Precision::F16 } else { Precision::F32 },
            encoder_precision: None,
            subclasses: std::num::NonZeroUsize::MIN,
        };
        let existing = if overwrite { Existing::Overwrite } else { Existing::Resume };
        let columns = ColumnSettings::default();
        let writer =
            py.detach(|| Writer::open(&folder, description, &columns, existing)).map_err(Raised::from)?;
        Ok(Self { folder, writer: Mutex::new(Some(writer)) })
    }

    /// First row of the next part, and the row behind its last; None when all parts are there.
    fn next_rows(&self) -> Option<(u64, u64)> {
        let rows = self.writer().as_ref()?.next_rows()?;
        Some((rows.start, rows.end))
    }

    /// Writes the next part, of exactly the rows of `next_rows`; `labels` hold -1 for none.
    #[pyo3(signature = (embeddings: "object", logits: "object", labels: "object | None"=None))]
    fn write(
        &self,
        py: Python<'_>,
        embeddings: &Bound<'_, PyAny>,
        logits: PyReadonlyArray2<'_, f32>,
        labels: Option<PyReadonlyArray1<'_, i32>>,
    ) -> PyResult<()> {
        let embeddings = EmbeddingArray::of(embeddings)?;
        let first_row = self.next_rows().map_or(0, |(first, _)| first);
        let arrays = SignalArrays::new(&embeddings, &logits, labels.as_ref(), first_row)?;
        let written = py.detach(|| {
            let signals = arrays.signals()?;
            let mut writer = self.writer();
            writer.as_mut().ok_or_else(|| self.complete())?.write(&signals)?;
            Ok::<_, Raised>(())
        });
        Ok(written?)
    }

    /// Writes the teacher's head: weight `[classes, width]`, bias `[classes]`.
    #[pyo3(signature = (weight: "object", bias: "object"))]
    fn write_head(&self, weight: PyReadonlyArray2<'_, f32>, bias: PyReadonlyArray1<'_, f32>) -> PyResult<()> {
        let head = head(&weight, &bias)?;
        let mut writer = self.writer();
        let writer = writer.as_mut().ok_or_else(|| self.complete())?;
        Ok(writer.write_head(&head).map_err(Raised::from)?)
    }

    /// Lets others write to the folder; what is written stays, and another writer goes on with it.
    fn close(&self) {
        drop(self.writer().take());
    }

    /// Marks the signals as complete; an error where parts are missing.
    fn finish(&self) -> PyResult<()> {
        let writer = self.writer().take().ok_or_else(|| self.complete())?;
        writer.finish().map_err(Raised::from)?;
        Ok(())
    }
}

impl SignalsWriter {
    fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complete(&self) -> Raised {
        Raised::input(format!(
            "the writer of the signals in `{}` is closed; nothing more can be written by it",
            self.folder.display()
        ))
    }
}
