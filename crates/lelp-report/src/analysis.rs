//! Analysis of a teacher's embeddings of a data set: spectra of the classes, a two-dimensional projection, and what
//! each subclass of a split is.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp::{
    ClassReport, FitError, FittedSplit, Perplexity, ShapeError, Temperature, argmax, project_to_plane,
    softmax,
};
use lelp_data::{Dataset, FineColumn, SignalsFileError, SignalsFolder};
use lelp_train::distill::{SplitError, SplitSharpness, split_targets_at};
use thiserror::Error;

use crate::inspect::{InspectError, InspectSettings, Inspection, RowContent, inspect};

/// Most rows of a projection: more overlap so much that nothing is seen, and are slow to draw.
const MOST_PROJECTED_ROWS: usize = 1500;
/// Seed of t-SNE.
const SEED: u64 = 0;

/// What the embeddings of one data set by one teacher look like.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingAnalysis {
    /// Name of the data set.
    pub data: String,
    /// Name of the teacher.
    pub teacher: String,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// Name of the split.
    pub split: Option<String>,
    /// Subclasses of each class; 1 without a split.
    pub per_class: usize,
    /// Spectrum of each class; empty unless the split is by directions.
    pub spectra: Vec<Spectrum>,
    /// Two-dimensional projection of the embeddings; none where there are too few rows.
    pub projection: Option<Projection>,
    /// What each subclass is; none without a split.
    pub inspection: Option<Inspection>,
}

/// Variance of a class along its principal directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Name of the class.
    pub class: String,
    /// Variance along each direction, decreasing, embedding units squared.
    pub variance: Vec<f64>,
    /// Effective number of directions that the variance is spread over.
    pub effective_rank: f64,
}

/// Two-dimensional projection of the embeddings, for plotting.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Number of rows that the projected ones were chosen from.
    pub rows: usize,
    /// The projected rows.
    pub points: Vec<ProjectedRow>,
}

/// A row of a [`Projection`].
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectedRow {
    /// Its index in the data set, from 0.
    pub row: usize,
    /// Class with the highest probability by the teacher.
    pub class: usize,
    /// Subclass of that class with the largest share of the row.
    pub subclass: Option<usize>,
    /// Probability of the class.
    pub confidence: f64,
    /// Horizontal coordinate.
    pub x: f32,
    /// Vertical coordinate.
    pub y: f32,
    /// Its texts and the values of its other columns.
    pub text: String,
}

/// What [`analyse`] reads.
#[derive(Debug, Clone, Copy)]
pub struct AnalysisInput<'a> {
    /// Name of the data set.
    pub data_name: &'a str,
    /// Name of the teacher.
    pub teacher_name: &'a str,
    /// The teacher's signals.
    pub signals: &'a SignalsFolder,
    /// The rows that the signals were made of.
    pub data: &'a Dataset,
    /// The split of the classes, and how sharp it is.
    pub split: Option<(&'a FittedSplit, SplitSharpness)>,
    /// Fine labels, for a split by them.
    pub fine: Option<&'a FineColumn>,
}

/// Why signals could not be analysed.
#[derive(Debug, Error)]
pub enum AnalysisError {
    /// The signals cannot be read, or were made of other rows.
    #[error(transparent)]
    Signals(#[from] SignalsFileError),
    /// Split and signals do not fit together.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The subclasses could not be inspected.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The projection could not be computed.
    #[error(transparent)]
    Projection(#[from] FitError),
    /// The number of logits is no multiple of the number of classes.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl EmbeddingAnalysis {
    /// The name of a subclass: its fine label, or else its number within its class.
    #[must_use]
    pub fn subclass_name(&self, class: usize, subclass: usize) -> String {
        let inspected = self.inspection.as_ref().and_then(|found| found.classes.get(class));
        let found = inspected.and_then(|class| class.subclasses.get(subclass));
        found.map_or_else(|| subclass.to_string(), |found| found.display_name(subclass))
    }
}

/// Analyses the signals of a teacher; the result does not depend on the number of threads.
///
/// # Errors
/// [`AnalysisError`] if signals, rows and split do not fit together.
pub fn analyse(
    input: AnalysisInput<'_>,
    threads: NonZeroUsize,
    cancelled: &AtomicBool,
) -> Result<EmbeddingAnalysis, AnalysisError> {
    let AnalysisInput { signals, data, split, fine, .. } = input;
    signals.check_data(data)?;
    let inspected = |(fit, sharp): (&FittedSplit, SplitSharpness)| {
        let settings = InspectSettings { sharp, ..InspectSettings::default() };
        inspect(signals, fit, data, fine, &settings, threads, cancelled)
    };
    let fit = split.map(|(fit, _)| fit);
    Ok(EmbeddingAnalysis {
        data: input.data_name.to_owned(),
        teacher: input.teacher_name.to_owned(),
        labels: signals.description().label_names.clone(),
        split: fit.map(|fit| fit.settings().name().to_owned()),
        per_class: fit.map_or(1, |fit| fit.per_class()),
        spectra: fit.map_or_else(Vec::new, |fit| spectra(fit, &signals.description().label_names)),
        projection: projection(input, threads)?,
        inspection: split.map(inspected).transpose()?,
    })
}

/// The spectra of a fit by directions; none of any other fit.
fn spectra(fit: &FittedSplit, labels: &[String]) -> Vec<Spectrum> {
    let reports = labels.iter().zip(fit.report().classes);
    let spectrum = |(class, report): (&String, ClassReport)| {
        let effective_rank = report.effective_rank?;
        Some(Spectrum { class: class.clone(), variance: report.spectrum, effective_rank })
    };
    reports.filter_map(spectrum).collect()
}

fn projection(input: AnalysisInput<'_>, threads: NonZeroUsize) -> Result<Option<Projection>, AnalysisError> {
    let AnalysisInput { signals, data, split, fine, .. } = input;
    let classes = signals.description().classes;
    let logits = signals.logits()?;
    let of_rows: Vec<usize> = logits.chunks_exact(classes).map(argmax).collect();
    let rows = projected_rows(&of_rows, classes);
    let stored = signals.embeddings()?;
    let mut embeddings = vec![0.0; rows.len() * stored.width()];
    for (row, embedding) in rows.iter().zip(embeddings.chunks_exact_mut(stored.width())) {
        stored.read(*row, embedding);
    }
    let Some(plane) = project_to_plane(embeddings, stored.width(), Perplexity::default(), SEED)? else {
        return Ok(None);
    };
    let targets = match split {
        Some((fit, sharp)) => {
            let temperature = Temperature::default();
            Some((split_targets_at(signals, fit, fine, sharp, temperature, threads)?.0, fit.per_class()))
        }
        None => None,
    };
    let mut points = Vec::with_capacity(rows.len());
    for (&row, place) in rows.iter().zip(plane.chunks_exact(2)) {
        let class = of_rows[row];
        let probabilities = softmax(&logits[row * classes..][..classes], classes)?;
        let subclass = targets.as_ref().map(|(targets, per_class)| {
            argmax(&targets[(row * classes + class) * per_class..][..*per_class])
        });
        let text = RowContent::of(data.table(), row).to_text(" / ");
        let confidence = f64::from(probabilities[class]);
        points.push(ProjectedRow { row, class, subclass, confidence, x: place[0], y: place[1], text });
    }
    Ok(Some(Projection { rows: of_rows.len(), points }))
}

/// Rows of a projection, evenly spaced among those of each class: a quarter of them is shared evenly by the classes, the
/// rest is in proportion to their sizes.
fn projected_rows(of_rows: &[usize], classes: usize) -> Vec<usize> {
    let mut members = vec![Vec::new(); classes];
    of_rows.iter().enumerate().for_each(|(row, &class)| members[class].push(row));
    let even = MOST_PROJECTED_ROWS / (4 * classes);
    let share =
        |rows: usize| rows.min(even + (MOST_PROJECTED_ROWS - even * classes) * rows / of_rows.len().max(1));
    let evenly = |rows: &Vec<usize>| {
        let count = share(rows.len());
        (0..count).map(|place| rows[place * rows.len() / count]).collect::<Vec<_>>()
    };
    let mut drawn: Vec<usize> = members.iter().flat_map(evenly).collect();
    drawn.sort_unstable();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_has_rows_of_every_class_and_never_too_many() {
        for (rows, classes, rare) in [(10, 2, 3), (100_000, 2, 1000), (5000, 77, 100), (3000, 1000, 2)] {
            let of_rows: Vec<usize> =
                (0..rows).map(|row| if row % rare == 0 { row / rare % classes } else { 0 }).collect();
            let drawn = projected_rows(&of_rows, classes);
            assert!(
                drawn.len() <= MOST_PROJECTED_ROWS && drawn.len() >= rows.min(MOST_PROJECTED_ROWS / 2),
                "{rows} {}",
                drawn.len()
            );
            assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
            if classes < 100 {
                let seen = |class| drawn.iter().any(|&row| of_rows[row] == class);
                assert!((0..classes).all(|class| seen(class) || !of_rows.contains(&class)));
            }
        }
    }
}
