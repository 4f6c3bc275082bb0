//! What the pseudo-subclasses of a split are, in words and numbers.

use serde::{Deserialize, Serialize};

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
    /// Mean share of the class's members that is its own, 0 to 1; they add up to 1 over a class.
    pub share: f64,
    /// Variance along its direction, or around its centroid, embedding units squared.
    pub variance: Option<f64>,
    /// Mean probability that the teacher gives the class, over the tenths of its members by score, lowest score first.
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
