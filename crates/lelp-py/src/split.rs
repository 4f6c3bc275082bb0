//! Splits: statistics of signals, fits, and targets.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lelp::artifact::Targets;
use lelp::{
    Beta, ClassMoments, FitError, FittedSplit, MakerSettings, Members, SplitStatistics,
    SplitStatisticsBuilder, TargetSettings, Temperature,
};
use numpy::{PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Map, Value, json};

use crate::arrays::{EmbeddingArray, SignalArrays, head, matrix, threads};
use crate::errors::Raised;
use crate::freed_memory::give_back;
use crate::interrupt;

/// Rows that are gathered, or scored, between two looks for Ctrl-C: some milliseconds of either.
const GATHERED_ROWS: usize = 2048;
const SCORED_ROWS: usize = 16384;
/// From so many rows on the memory that adding them took is given back: it costs milliseconds.
const LARGE_ROWS: u64 = 16384;

/// Statistics of signals, gathered in any number of calls.
#[pyclass(frozen, module = "lelp._lelp")]
pub(crate) struct Statistics {
    settings: MakerSettings,
    members: Members,
    threads: NonZeroUsize,
    gathered: Mutex<Gathered>,
}

struct Gathered {
    /// What was merged, if anything was.
    merged: Option<SplitStatistics>,
    builder: SplitStatisticsBuilder,
    rows: u64,
}

impl Gathered {
    /// All of it.
    fn all(&self) -> Result<SplitStatistics, FitError> {
        let added = self.builder.clone().finish();
        let Some(mut all) = self.merged.clone() else { return Ok(added) };
        all.merge(&added)?;
        Ok(all)
    }
}

#[pymethods]
impl Statistics {
    /// Statistics of no rows, for the split `split` with its `settings`, a JSON object.
    #[new]
    #[pyo3(signature = (split, settings, seed, classes, width, members_by_label=false, threads=None))]
    fn new(
        split: &str,
        settings: &str,
        seed: u64,
        classes: NonZeroUsize,
        width: NonZeroUsize,
        members_by_label: bool,
        threads: Option<NonZeroUsize>,
    ) -> PyResult<Self> {
        let given: Map<String, Value> =
            serde_json::from_str(settings).map_err(|error| Raised::input(error.to_string()))?;
        let settings = MakerSettings::with_parameters(split, given).map_err(Raised::from)?.with_seed(seed);
        if settings.requirements().fine_labels {
            return Err(Raised::input(format!(
                "split `{split}` needs fine labels, which are not taken here"
            ))
            .into());
        }
        let threads = self::threads(threads);
        let members = if members_by_label { Members::Label } else { Members::Teacher };
        let builder =
            SplitStatisticsBuilder::new(settings.requirements(), classes.get(), width.get(), threads);
        let gathered = Mutex::new(Gathered { merged: None, builder, rows: 0 });
        Ok(Self { settings, members, threads, gathered })
    }

    /// Adds rows; `labels` hold -1 for none. Nothing is added where a row is refused.
    #[pyo3(signature = (embeddings: "object", logits: "object", labels: "object | None"=None))]
    fn add(
        &self,
        py: Python<'_>,
        embeddings: &Bound<'_, PyAny>,
        logits: PyReadonlyArray2<'_, f32>,
        labels: Option<PyReadonlyArray1<'_, i32>>,
    ) -> PyResult<()> {
        let embeddings = EmbeddingArray::of(embeddings)?;
        let arrays = SignalArrays::new(&embeddings, &logits, labels.as_ref(), 0)?;
        let work = |cancel: &AtomicBool| self.add_blocks(arrays, cancel);
        Ok(interrupt::borrowed(py, work)??)
    }

    /// Adds the rows of other statistics of the same split.
    fn merge(&self, py: Python<'_>, other: &Self) -> PyResult<()> {
        let merged = py.detach(|| {
            let (other_rows, other) = {
                let other = other.gathered();
                (other.rows, other.all()?)
            };
            self.merge_rows(&other, other_rows)
        });
        Ok(merged.map_err(Raised::from)?)
    }

    /// Rows that were added or merged.
    #[getter]
    fn rows(&self, py: Python<'_>) -> u64 {
        // Another thread may be adding rows for seconds.
        py.detach(|| self.gathered().rows)
    }

    /// The moments as the bytes of a file.
    fn moments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| Ok::<_, FitError>(self.gathered().all()?.moments()?.to_bytes()));
        Ok(PyBytes::new(py, &bytes.map_err(Raised::from)?))
    }

    /// Adds the rows of moments, the bytes of a file.
    fn merge_moments(&self, py: Python<'_>, moments: &[u8], rows: u64) -> PyResult<()> {
        let merged: Result<(), Raised> = py.detach(|| {
            let more = SplitStatistics::from(ClassMoments::from_bytes(moments)?);
            Ok(self.merge_rows(&more, rows)?)
        });
        Ok(merged?)
    }

    /// The fit of the rows so far; without a head it is estimated.
    #[pyo3(signature = (head_weight: "object | None"=None, head_bias: "object | None"=None))]
    fn fit(
        &self,
        py: Python<'_>,
        head_weight: Option<PyReadonlyArray2<'_, f32>>,
        head_bias: Option<PyReadonlyArray1<'_, f32>>,
    ) -> PyResult<Fit> {
        let head = match (&head_weight, &head_bias) {
            (Some(weight), Some(bias)) => Some(head(weight, bias)?),
            _ => None,
        };
        let gathered = py.detach(|| {
            let own = self.gathered();
            Ok::<_, FitError>((own.all()?, own.rows))
        });
        let (all, rows) = gathered.map_err(Raised::from)?;
        let (settings, threads) = (self.settings.clone(), self.threads);
        let fit = interrupt::owned(py, move |_| {
            let fit = settings.fit(&all, head.as_ref(), threads);
            drop(all);
            if rows > LARGE_ROWS {
                give_back();
            }
            fit
        })?;
        Ok(Fit(Arc::new(FittedSplit::from(fit.map_err(Raised::from)?))))
    }
}

impl Statistics {
    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the statistics `more` of `rows` rows.
    fn merge_rows(&self, more: &SplitStatistics, rows: u64) -> Result<(), FitError> {
        let mut own = self.gathered();
        let mut all = own.all()?;
        all.merge(more)?;
        let builder = SplitStatisticsBuilder::new(
            self.settings.requirements(),
            all.classes(),
            all.width(),
            self.threads,
        );
        *own = Gathered { merged: Some(all), builder, rows: own.rows + rows };
        Ok(())
    }

    fn add_blocks(&self, arrays: SignalArrays<'_>, cancel: &AtomicBool) -> Result<(), Raised> {
        let mut own = self.gathered();
        let arrays = SignalArrays { first_row: own.rows, ..arrays };
        // What stands again where a later row is refused.
        let before = own.builder.clone();
        let mut rows = 0;
        for block in arrays.blocks(GATHERED_ROWS)? {
            let added = block.signals().map_err(Raised::from).and_then(|signals| {
                rows += signals.rows() as u64;
                Ok(own.builder.add(&signals, self.members, None)?)
            });
            if added.is_err() || cancel.load(Ordering::Relaxed) {
                own.builder = before;
                return added;
            }
        }
        own.rows += rows;
        if rows > LARGE_ROWS {
            own.builder.release();
            drop(before);
            give_back();
        }
        Ok(())
    }
}

/// A fitted split.
#[pyclass(frozen, module = "lelp._lelp")]
pub(crate) struct Fit(Arc<FittedSplit>);

#[pymethods]
impl Fit {
    /// Reads the bytes of a file of `lelp fit`.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(FittedSplit::from_bytes(bytes).map_err(Raised::from)?)))
    }

    /// The bytes of such a file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// The same with names of the classes.
    fn with_label_names(&self, names: Vec<String>) -> PyResult<Self> {
        let named = FittedSplit::clone(&self.0).with_label_names(names).map_err(Raised::from)?;
        Ok(Self(Arc::new(named)))
    }

    /// Names of the classes, where it has them.
    #[getter]
    fn label_names(&self) -> Option<Vec<String>> {
        self.0.label_names().map(<[String]>::to_vec)
    }

    /// Number of classes.
    #[getter]
    fn classes(&self) -> usize {
        self.0.classes()
    }

    /// Subclasses of each class.
    #[getter]
    fn per_class(&self) -> usize {
        self.0.per_class()
    }

    /// Settings and what was found in each class, as JSON.
    fn report(&self) -> String {
        let report = self.0.report();
        json!({ "settings": self.0.settings(), "head": report.head, "classes": report.classes }).to_string()
    }

    /// Scores `[rows, classes * per_class]`: coordinates along directions, in the unit of each class.
    #[pyo3(signature = (embeddings: "object", threads=None))]
    fn scores<'py>(
        &self,
        py: Python<'py>,
        embeddings: &Bound<'py, PyAny>,
        threads: Option<NonZeroUsize>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let embeddings = EmbeddingArray::of(embeddings)?;
        let (width, classes) = (embeddings.width(), self.0.classes());
        let rows = embeddings.get()?.len() / width.max(1);
        let logits = vec![0.0; rows * classes];
        let embeddings = embeddings.get()?;
        let arrays = SignalArrays { embeddings, width, logits: &logits, classes, labels: None, first_row: 0 };
        let threads = self::threads(threads);
        let fit = &self.0;
        let scores = interrupt::borrowed(py, |cancel| {
            collect(arrays, fit.outputs(), cancel, |signals| Ok(fit.scores(signals, None, threads)?))
        })?;
        matrix(py, scores?, fit.outputs())
    }

    /// Targets `[rows, classes * per_class]`.
    #[pyo3(signature = (embeddings: "object", logits: "object", beta, temperature, threads=None))]
    fn targets<'py>(
        &self,
        py: Python<'py>,
        embeddings: &Bound<'py, PyAny>,
        logits: PyReadonlyArray2<'py, f32>,
        beta: f64,
        temperature: f64,
        threads: Option<NonZeroUsize>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let settings = target_settings(beta, temperature)?;
        let embeddings = EmbeddingArray::of(embeddings)?;
        let arrays = SignalArrays::new(&embeddings, &logits, None, 0)?;
        let threads = self::threads(threads);
        let fit = &self.0;
        let targets = interrupt::borrowed(py, |cancel| {
            collect(arrays, fit.outputs(), cancel, |signals| {
                Ok(fit.targets(signals, None, settings, threads)?)
            })
        })?;
        matrix(py, targets?, fit.outputs())
    }
}

/// What `of` makes of each block of rows, `outputs` values a row, one behind the other.
fn collect(
    arrays: SignalArrays<'_>,
    outputs: usize,
    cancel: &AtomicBool,
    of: impl Fn(&lelp::Signals<'_>) -> Result<Vec<f32>, Raised>,
) -> Result<Vec<f32>, Raised> {
    let rows = arrays.logits.len() / arrays.classes.max(1);
    let mut all = Vec::with_capacity(rows * outputs);
    for block in arrays.blocks(SCORED_ROWS)? {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        all.extend(of(&block.signals()?)?);
    }
    Ok(all)
}

fn target_settings(beta: f64, temperature: f64) -> Result<TargetSettings, Raised> {
    Ok(TargetSettings { beta: Beta::new(beta)?, temperature: Temperature::new(temperature)? })
}

/// Log-sum-exp over the subclasses of each class: outputs `[rows, classes * per_class]` to logits `[rows, classes]`.
#[pyfunction]
#[pyo3(signature = (outputs: "object", classes, per_class))]
pub(crate) fn collapse<'py>(
    py: Python<'py>,
    outputs: PyReadonlyArray2<'py, f32>,
    classes: usize,
    per_class: usize,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let outputs = outputs.as_slice()?;
    let logits = py.detach(|| lelp::collapse(outputs, classes, per_class)).map_err(Raised::from)?;
    matrix(py, logits, classes)
}

/// Targets as the bytes of a file of `lelp targets`.
#[pyfunction]
#[pyo3(signature = (targets: "object", classes, per_class, beta, temperature))]
pub(crate) fn write_targets<'py>(
    py: Python<'py>,
    targets: PyReadonlyArray2<'py, f32>,
    classes: usize,
    per_class: usize,
    beta: f64,
    temperature: f64,
) -> PyResult<Bound<'py, PyBytes>> {
    let settings = target_settings(beta, temperature)?;
    let values = targets.as_slice()?.to_vec();
    let targets = Targets::new(values, classes, per_class, settings).map_err(Raised::from)?;
    Ok(PyBytes::new(py, &targets.to_bytes()))
}

/// What such bytes hold: targets, classes, subclasses of each, beta and temperature.
#[pyfunction]
#[allow(clippy::type_complexity, reason = "a tuple is what Python unpacks")]
#[pyo3(signature = (bytes) -> "tuple[object, int, int, float, float]")]
pub(crate) fn read_targets<'py>(
    py: Python<'py>,
    bytes: &[u8],
) -> PyResult<(Bound<'py, PyArray2<f32>>, usize, usize, f64, f64)> {
    let targets = Targets::from_bytes(bytes).map_err(Raised::from)?;
    let (classes, per_class) = (targets.classes(), targets.per_class());
    let TargetSettings { beta, temperature } = targets.settings();
    let values = matrix(py, targets.values().to_vec(), classes * per_class)?;
    Ok((values, classes, per_class, beta.get(), temperature.get()))
}
