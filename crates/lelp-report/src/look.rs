//! What the teacher's embeddings of a data set look like, and how a split cuts them.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp::{
    ClassReport, FitError, FittedSplit, Perplexity, ShapeError, Temperature, largest, project_to_plane,
    softmax,
};
use lelp_data::{Dataset, FineColumn, SignalsFileError, SignalsFolder};
use lelp_train::distill::{SplitError, SplitSharpness, split_targets_at};
use thiserror::Error;

use crate::inspect::{InspectError, InspectSettings, Inspection, inspect};

/// Rows of a map at most: more are a blot on the eye, and slow to draw.
const MAPPED: usize = 1500;
/// Neighbours that a row of the map is held to (van der Maaten and Hinton 2008: 5 to 50).
/// Seed of the map.
const SEED: u64 = 0;

/// What signals look like.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
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
    /// Spectrum of each class, of directions alone.
    pub spectra: Vec<Spectrum>,
    /// Embeddings on a plane; none of a handful of rows.
    pub map: Option<Map>,
    /// What the subclasses are.
    pub inspection: Option<Inspection>,
}

/// Variance of a class along its principal directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Name of the class.
    pub class: String,
    /// Along each direction, decreasing, embedding units squared.
    pub variance: Vec<f64>,
    /// Directions that it spreads over.
    pub effective_rank: f64,
}

/// Some rows on a plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Rows that they were drawn from.
    pub rows: usize,
    /// The rows that were drawn.
    pub points: Vec<Point>,
}

/// A row on a plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its place in the data set.
    pub row: usize,
    /// The class that is most probable by the teacher.
    pub class: usize,
    /// The subclass with the largest share.
    pub subclass: Option<usize>,
    /// Probability of the class.
    pub confidence: f64,
    /// To the right.
    pub x: f32,
    /// Up.
    pub y: f32,
    /// Its text.
    pub text: String,
}

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Name of the data set.
    pub data: &'a str,
    /// Name of the teacher.
    pub teacher: &'a str,
    /// The teacher's signals.
    pub signals: &'a SignalsFolder,
    /// The texts that they were made of.
    pub texts: &'a Dataset,
    /// How classes are split, and how sharply.
    pub split: Option<(&'a FittedSplit, SplitSharpness)>,
    /// Fine labels, of an oracle.
    pub fine: Option<&'a FineColumn>,
}

/// Why signals could not be looked at.
#[derive(Debug, Error)]
pub enum LookError {
    /// The signals cannot be read, or are of other texts.
    #[error(transparent)]
    Signals(#[from] SignalsFileError),
    /// Split and signals do not fit together.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The subclasses could not be told.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The map could not be drawn.
    #[error(transparent)]
    Map(#[from] FitError),
    /// Logits of no whole rows.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl Look {
    /// The name of a subclass: its fine label, else its place among the columns of its class.
    #[must_use]
    pub fn subclass(&self, class: usize, subclass: usize) -> String {
        let inspected = self.inspection.as_ref().and_then(|found| found.classes.get(class));
        let name = inspected.and_then(|class| class.subclasses.get(subclass)?.name.clone());
        name.unwrap_or_else(|| subclass.to_string())
    }
}

/// Looks at signals; the same inputs give the same look at any number of threads.
///
/// # Errors
/// [`LookError`] if signals, texts and split do not fit together.
pub fn look(subject: Subject<'_>, threads: NonZeroUsize, cancelled: &AtomicBool) -> Result<Look, LookError> {
    let Subject { signals, texts, split, fine, .. } = subject;
    signals.check_data(texts)?;
    let inspected = |(fit, sharp): (&FittedSplit, SplitSharpness)| {
        let settings = InspectSettings { sharp, ..InspectSettings::default() };
        inspect(signals, fit, texts, fine, &settings, threads, cancelled)
    };
    let fit = split.map(|(fit, _)| fit);
    Ok(Look {
        data: subject.data.to_owned(),
        teacher: subject.teacher.to_owned(),
        labels: signals.description().label_names.clone(),
        split: fit.map(|fit| fit.settings().name().to_owned()),
        per_class: fit.map_or(1, |fit| fit.per_class()),
        spectra: fit.map_or_else(Vec::new, |fit| spectra(fit, &signals.description().label_names)),
        map: map(subject, threads)?,
        inspection: split.map(inspected).transpose()?,
    })
}

/// The spectra that a fit of directions found.
fn spectra(fit: &FittedSplit, labels: &[String]) -> Vec<Spectrum> {
    let reports = labels.iter().zip(fit.report().classes);
    let spectrum = |(class, report): (&String, ClassReport)| {
        let effective_rank = report.effective_rank?;
        Some(Spectrum { class: class.clone(), variance: report.spectrum, effective_rank })
    };
    reports.filter_map(spectrum).collect()
}

fn map(subject: Subject<'_>, threads: NonZeroUsize) -> Result<Option<Map>, LookError> {
    let Subject { signals, texts, split, fine, .. } = subject;
    let classes = signals.description().classes;
    let logits = signals.logits()?;
    let of_rows: Vec<usize> = logits.chunks_exact(classes).map(largest).collect();
    let rows = drawn(&of_rows, classes);
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
            largest(&targets[(row * classes + class) * per_class..][..*per_class])
        });
        let text = texts.text(row);
        let text = text.pair.map_or_else(|| text.text.to_owned(), |pair| format!("{} / {pair}", text.text));
        let confidence = f64::from(probabilities[class]);
        points.push(Point { row, class, subclass, confidence, x: place[0], y: place[1], text });
    }
    Ok(Some(Map { rows: of_rows.len(), points }))
}

/// Rows of a map, evenly spaced among those of each class: a quarter of them shared evenly by the classes, the rest
/// by their sizes.
fn drawn(of_rows: &[usize], classes: usize) -> Vec<usize> {
    let mut members = vec![Vec::new(); classes];
    of_rows.iter().enumerate().for_each(|(row, &class)| members[class].push(row));
    let even = MAPPED / (4 * classes);
    let share = |rows: usize| rows.min(even + (MAPPED - even * classes) * rows / of_rows.len().max(1));
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
    fn a_map_has_rows_of_every_class_and_never_too_many() {
        for (rows, classes, rare) in [(10, 2, 3), (100_000, 2, 1000), (5000, 77, 100), (3000, 1000, 2)] {
            let of_rows: Vec<usize> =
                (0..rows).map(|row| if row % rare == 0 { row / rare % classes } else { 0 }).collect();
            let drawn = drawn(&of_rows, classes);
            assert!(drawn.len() <= MAPPED && drawn.len() >= rows.min(MAPPED / 2), "{rows} {}", drawn.len());
            assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
            if classes < 100 {
                let seen = |class| drawn.iter().any(|&row| of_rows[row] == class);
                assert!((0..classes).all(|class| seen(class) || !of_rows.contains(&class)));
            }
        }
    }
}
