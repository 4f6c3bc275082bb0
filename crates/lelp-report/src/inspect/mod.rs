//! What each pseudo-subclass of a split is, in words and numbers.
//!
//! ```text
//! signals, split ──> members of each class: scores, shares, confidence ──> share, typical rows, confidence by decile
//! texts, categories ─> words, pairs of words, values of each subclass ───> distinctive terms, by weighted log-odds
//! numbers ───────────> means of each subclass and of the rest ───────────> differences, in standard deviations
//! ```

mod class_inspection;
mod class_members;
mod confidence_by_decile;
mod distinctive_terms;
mod error;
#[cfg(test)]
mod laws;
mod number_differences;
mod row_content;
mod settings;
mod student_split;
mod typical_rows;
mod vocabulary;
mod weighted_log_odds;

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp::{FittedSplit, TargetSettings};
use lelp_data::{Dataset, FineColumn, SignalsFolder};
use lelp_train::distill::{self, SplitError};
use serde::{Deserialize, Serialize};

pub use error::InspectError;
pub use row_content::{CellValue, NamedValue, RowContent};
pub use settings::InspectSettings;
pub use student_split::{StudentSplit, StudentSplitError};

use class_inspection::inspect_class;
use class_members::members_of_classes;

/// What the subclasses of a split are in the rows of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Name of the split, such as `lelp` or `kmeans`.
    pub split: String,
    /// Temperature of the softmax over a class's subclasses.
    pub beta: f64,
    /// Mean entropy of the split of a row within its classes, in bits.
    pub entropy: f64,
    /// Number of rows of the data set.
    pub rows: usize,
    /// Each class.
    pub classes: Vec<ClassInspection>,
}

/// A class and its subclasses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassInspection {
    /// Its name.
    pub name: String,
    /// Number of rows whose most probable class it is by the teacher.
    pub members: usize,
    /// Variance along each principal direction, decreasing, embedding units squared; empty unless the split is by
    /// directions.
    pub spectrum: Vec<f64>,
    /// Effective number of directions that its variance is spread over; none unless the split is by directions.
    pub effective_rank: Option<f64>,
    /// Share of its variance that lies along the directions, or between the clusters.
    pub variance_kept: Option<f64>,
    /// Each subclass, in the order of the targets' columns.
    pub subclasses: Vec<SubclassInspection>,
}

/// A subclass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubclassInspection {
    /// Its fine label, where the split is by fine labels.
    pub name: Option<String>,
    /// Mean share of the class's members in it, 0 to 1; the shares of a class that has members add up to 1.
    pub share: f64,
    /// Variance along its direction, or around its centroid, embedding units squared.
    pub variance: Option<f64>,
    /// Mean probability of the class by the teacher in each decile of the class's members by score, lowest score first;
    /// members of equal score share their mean. With fewer than ten members, one entry a member.
    pub confidence: Vec<f64>,
    /// Members with the largest share in it, the largest first.
    pub typical_rows: Vec<TypicalRow>,
    /// Words, pairs of words and values of categories that are more frequent in it than in the rest of its class, the
    /// strongest first.
    pub distinctive_terms: Vec<DistinctiveTerm>,
    /// Columns of numbers by the difference of their means to the rest of the class, the largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub number_differences: Vec<NumberDifference>,
}

impl SubclassInspection {
    /// Its fine label, or else `number`, its number within its class.
    #[must_use]
    pub fn display_name(&self, number: usize) -> String {
        self.name.clone().unwrap_or_else(|| number.to_string())
    }
}

/// A row with a large share in a subclass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TypicalRow {
    /// Its index in the data set, from 0.
    pub row: usize,
    /// Its texts and the values of its other columns.
    #[serde(flatten)]
    pub content: RowContent,
    /// Its label, where it has one.
    pub label: Option<String>,
    /// Share of the subclass in it, given the class.
    pub share: f64,
    /// Probability of the class by the teacher.
    pub confidence: f64,
}

/// A word, a pair of words or a value of a category that is more frequent in a subclass than in the rest of its class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistinctiveTerm {
    /// The word, two words with a space between, or `column=value`.
    pub term: String,
    /// Weighted log-odds against the rest of the class, in standard deviations (Monroe, Colaresi and Quinn 2008).
    pub score: f64,
    /// Number of rows of the subclass that contain it.
    pub rows: usize,
}

/// A column of numbers, compared between a subclass and the rest of its class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberDifference {
    /// Name of the column.
    pub column: String,
    /// Mean in the subclass minus mean in the rest of the class, in standard deviations of the class.
    pub difference: f64,
    /// Mean in the subclass.
    pub mean: f64,
    /// Mean in the rest of the class.
    pub mean_of_rest: f64,
    /// Number of rows of the subclass that have a value.
    pub rows: usize,
}

/// Inspects the subclasses of `fit` in the rows of `data`.
///
/// A row is a member of the class with the highest logit by the teacher. Its share in a subclass is `t_cs / p_c`, of the
/// [targets](lelp::SubclassFit::targets). Words are counted in the members whose score is highest in the subclass.
///
/// # Memory
/// The parts of the signals are read one at a time. Two numbers for each member and subclass are kept, as many as
/// the targets have for one class; counts of words are bounded.
///
/// # Errors
/// [`InspectError::Split`] if data, fine labels, fit and signals do not belong together; [`InspectError::NotFinite`]
/// if a fit overflows on a row; [`InspectError::Cancelled`] soon after `cancelled` is set.
pub fn inspect(
    signals: &SignalsFolder,
    fit: &FittedSplit,
    data: &Dataset,
    fine: Option<&FineColumn>,
    settings: &InspectSettings,
    threads: NonZeroUsize,
    cancelled: &AtomicBool,
) -> Result<Inspection, InspectError> {
    for texts in std::iter::once(data).chain(fine.map(FineColumn::data)) {
        signals.check_data(texts).map_err(SplitError::from)?;
    }
    let InspectSettings { sharp, temperature, .. } = *settings;
    let beta = distill::split_beta(signals, fit, fine, sharp, temperature, threads)?;
    let members =
        members_of_classes(signals, fit, fine, TargetSettings { beta, temperature }, threads, cancelled)?;
    let names = signals.description().label_names.iter();
    let rows = names.zip(&members.classes).zip(fit.report().classes);
    let classes = rows.map(|((name, members), report)| {
        let found = inspect_class(members, data, fit.per_class(), settings, cancelled)?;
        Ok(found.with_report(name, report, fit.fine_names()))
    });
    Ok(Inspection {
        split: fit.settings().name().to_owned(),
        beta: beta.get(),
        entropy: members.entropy,
        rows: data.rows(),
        classes: classes.collect::<Result<_, InspectError>>()?,
    })
}
