//! What the pseudo-subclasses of a split are, in words and numbers.
//!
//! ```text
//! signals, split ──> members of each class: scores, shares, confidence ──> share, typical rows, confidence along it
//! texts ─────────────> words and pairs of words of each subclass ────────> marks, by weighted log-odds
//! ```

mod class;
mod confidence;
mod error;
#[cfg(test)]
mod laws;
mod log_odds;
mod marks;
mod members;
mod ngrams;
mod settings;
mod student;
mod typical;

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp::{FittedSplit, TargetSettings};
use lelp_data::{Dataset, FineColumn, SignalsFolder};
use lelp_train::distill::{self, SplitError};
use serde::{Deserialize, Serialize};

pub use error::InspectError;
pub use settings::InspectSettings;
pub use student::{StudentSplit, StudentSplitError};

use class::inspect_class;
use members::gather;

/// What a split found in the rows of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Name of the split, as `lelp`, `kmeans`.
    pub split: String,
    /// Width of the softmax over a class's subclasses.
    pub beta: f64,
    /// Mean entropy of the split of a row, in bits.
    pub entropy: f64,
    /// Rows that were looked at.
    pub rows: usize,
    /// Each class.
    pub classes: Vec<ClassInspection>,
}

/// A class and its subclasses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassInspection {
    /// Its name.
    pub name: String,
    /// Rows whose most probable class it is, by the teacher.
    pub members: usize,
    /// Variance along each principal direction, decreasing, embedding units squared; of directions alone.
    pub spectrum: Vec<f64>,
    /// How many directions its variance spreads over; of directions alone.
    pub effective_rank: Option<f64>,
    /// Share of its variance that lies along the directions, or between the clusters.
    pub variance_kept: Option<f64>,
    /// Each subclass, in the order of the targets' columns.
    pub subclasses: Vec<SubclassInspection>,
}

/// A subclass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubclassInspection {
    /// The fine label, of an oracle.
    pub name: Option<String>,
    /// Mean share of the class's members that is its own, 0 to 1; they add up to 1 over a class that has members.
    pub share: f64,
    /// Variance along its direction, or around its centroid, embedding units squared.
    pub variance: Option<f64>,
    /// Mean probability that the teacher gives the class, over the tenths of the class's members by score, lowest
    /// first; members of one score share their mean. With fewer than ten members, one entry a member.
    pub confidence: Vec<f64>,
    /// Rows that are most its own, the first first.
    pub typical: Vec<TypicalRow>,
    /// Words and pairs of words that mark it among the class's members, the strongest first.
    pub marks: Vec<Mark>,
}

/// A row that is most of a subclass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TypicalRow {
    /// Its place in the data set, from 0.
    pub row: usize,
    /// Its text.
    pub text: String,
    /// Its second text.
    pub pair: Option<String>,
    /// Its label, where it has one.
    pub label: Option<String>,
    /// Share of it that is the subclass's, given the class.
    pub share: f64,
    /// Probability that the teacher gives the class.
    pub confidence: f64,
}

/// A word or a pair of words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The word, or two with a space between.
    pub ngram: String,
    /// Weighted log-odds against the rest of the class, in deviations (Monroe, Colaresi and Quinn 2008).
    pub score: f64,
    /// Rows of the subclass that hold it.
    pub rows: usize,
}

/// What the subclasses of `fit` are in the rows of `data`.
///
/// A row is a member of the class that the teacher's logits say. Its share in a subclass is `t_cs / p_c`, of the
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
    let gathered = gather(signals, fit, fine, TargetSettings { beta, temperature }, threads, cancelled)?;
    let names = signals.description().label_names.iter();
    let rows = names.zip(&gathered.classes).zip(fit.report().classes);
    let classes = rows.map(|((name, members), report)| {
        let found = inspect_class(members, data, fit.per_class(), settings, cancelled)?;
        Ok(found.with_report(name, report, fit.fine_names()))
    });
    Ok(Inspection {
        split: fit.settings().name().to_owned(),
        beta: beta.get(),
        entropy: gathered.entropy,
        rows: data.rows(),
        classes: classes.collect::<Result<_, InspectError>>()?,
    })
}
