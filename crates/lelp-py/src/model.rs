//! A model that answers.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lelp::softmax;
use lelp_data::{ColumnSettings, Table, Text};
use lelp_model::{Pairs, PredictError, Predictor, load_model};
use numpy::PyArray2;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::arrays::{matrix, threads};
use crate::errors::Raised;
use crate::inputs;
use crate::interrupt;

/// Rows that are answered between two looks for Ctrl-C.
const BLOCK_ROWS: usize = 256;

/// A model of any kind, loaded from its folder.
#[pyclass(frozen, module = "lelp._lelp")]
pub(crate) struct Model {
    predictor: Arc<dyn Predictor>,
    pairs: Pairs,
    /// The columns that it was made of, where they have other names, or are written otherwise, than by default.
    made_of: ColumnSettings,
}

#[pymethods]
impl Model {
    /// Loads the model in `folder`.
    #[new]
    #[pyo3(signature = (folder, threads=None))]
    fn load(py: Python<'_>, folder: PathBuf, threads: Option<NonZeroUsize>) -> PyResult<Self> {
        let threads = self::threads(threads);
        let made_of = ColumnSettings::remembered(&folder).map_err(Raised::from)?;
        let loaded = interrupt::owned(py, move |_| {
            let predictor = load_model(&folder, threads).map_err(Raised::from)?;
            let pairs = Pairs::of(&folder, predictor.schema())?;
            Ok::<_, Raised>((predictor, pairs))
        });
        let (predictor, pairs) = loaded??;
        Ok(Self { predictor: Arc::from(predictor), pairs, made_of })
    }

    /// Name of the kind of model.
    #[getter]
    fn kind(&self) -> &'static str {
        self.predictor.kind()
    }

    /// Names of the classes, in the order of the logits.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.predictor.labels().to_vec()
    }

    /// Names and kinds of the columns that the model reads, and the width of each that is a vector.
    #[getter]
    fn columns(&self) -> Vec<(String, &'static str, Option<usize>)> {
        inputs::describe(self.predictor.schema(), &self.made_of)
    }

    /// Logits `[rows, classes]` of texts, or of pairs of texts; probabilities where these are asked for.
    #[pyo3(signature = (texts: "list[str] | list[tuple[str, str]]", probabilities=false))]
    fn answer_texts<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyList>,
        probabilities: bool,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        if texts.len() == 1
            && let Ok(text) = texts.get_item(0)?.cast::<PyString>()
        {
            // The text is not copied, and no thread is started.
            self.check_pair(false)?;
            let text = inputs::utf8(text, 0)?;
            let logits = py.detach(|| self.predictor.logits_of_texts(&[Text::from(&*text)]));
            return self.answer(py, logits.map_err(Raised::from)?, probabilities);
        }
        let table = inputs::table_of_texts(texts)?;
        self.answer_table(py, table, probabilities)
    }

    /// As `answer_texts`, of columns `(name, values)`: lists, or an array `[rows, width]` of float32 for vectors.
    #[pyo3(signature = (columns: "list[tuple[str, object]]", probabilities=false))]
    fn answer_columns<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<(String, Bound<'py, PyAny>)>,
        probabilities: bool,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let table = inputs::table_of_columns(self.predictor.schema(), &self.made_of, &columns)?;
        self.answer_table(py, table, probabilities)
    }

    /// As `answer_texts`, of an Arrow stream: what `__arrow_c_stream__` gives.
    #[pyo3(signature = (stream: "object", probabilities=false))]
    fn answer_arrow<'py>(
        &self,
        py: Python<'py>,
        stream: &Bound<'py, PyAny>,
        probabilities: bool,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let table = inputs::table_of_stream(self.predictor.schema(), &self.made_of, stream)?;
        self.answer_table(py, table, probabilities)
    }

    fn __repr__(&self) -> String {
        let classes = self.predictor.labels().len();
        format!("<lelp model: {}, {classes} classes>", self.predictor.kind())
    }
}

impl Model {
    fn answer_table<'py>(
        &self,
        py: Python<'py>,
        table: Option<Table>,
        probabilities: bool,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let Some(table) = table else { return self.answer(py, Vec::new(), probabilities) };
        self.check_pair(table.schema().pair().is_some())?;
        let predictor = Arc::clone(&self.predictor);
        let logits = interrupt::owned(py, move |cancel| all_logits(&*predictor, &table, cancel))?;
        self.answer(py, logits.map_err(Raised::from)?, probabilities)
    }

    /// Refuses rows with a second text for a model of single ones, and rows without for a model of pairs.
    fn check_pair(&self, given: bool) -> Result<(), Raised> {
        let reads = self.pairs.describe();
        match (self.pairs, given) {
            (Pairs::Never, true) => Err(Raised::input(format!(
                "the rows have a second text, but the model was made of {reads}; leave it out"
            ))),
            (Pairs::Always, false) => Err(Raised::input(format!(
                "the rows have no second text (column `text_pair`), but the model was made of {reads}"
            ))),
            _ => Ok(()),
        }
    }

    fn answer<'py>(
        &self,
        py: Python<'py>,
        mut values: Vec<f32>,
        probabilities: bool,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let classes = self.predictor.labels().len();
        if probabilities {
            values = softmax(&values, classes).map_err(Raised::from)?;
        }
        matrix(py, values, classes)
    }
}

fn all_logits(
    predictor: &dyn Predictor,
    table: &Table,
    cancel: &AtomicBool,
) -> Result<Vec<f32>, PredictError> {
    let rows = table.rows();
    let mut logits = Vec::with_capacity(rows * predictor.labels().len());
    for first in (0..rows).step_by(BLOCK_ROWS) {
        if cancel.load(Ordering::Relaxed) {
            return Err(PredictError::Cancelled { done: first, rows });
        }
        let block: Vec<usize> = (first..rows.min(first + BLOCK_ROWS)).collect();
        logits.extend(predictor.logits(&table.select(&block))?);
    }
    Ok(logits)
}
