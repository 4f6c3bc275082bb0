//! Columns beside or in place of a text: numbers become bins, categories words, and all of them feature buckets.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::features::{FeatureScratch, FeatureSettings};
use crate::Text;
use crate::fnv::hash_bytes;

/// Kinds of features of columns; those of texts end below.
const CATEGORY: u64 = 48;
const BIN: u64 = 49;
const MISSING: u64 = 50;

/// Most edges between the bins of a number.
const MOST_EDGES: usize = 1 << 10;

/// A column that an n-gram student reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NgramColumn {
    /// The text.
    Text {
        /// The column's name.
        name: String,
    },
    /// The second text of a pair.
    TextPair {
        /// The column's name.
        name: String,
    },
    /// A number, known by the bin that it falls into.
    Number {
        /// The column's name.
        name: String,
        /// Finite and increasing; bin `b` holds the numbers from edge `b - 1`, included, to edge `b`, excluded.
        edges: Vec<f64>,
    },
    /// A category, known by its own word.
    Category {
        /// The column's name.
        name: String,
    },
}

impl NgramColumn {
    /// The column's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Text { name }
            | Self::TextPair { name }
            | Self::Number { name, .. }
            | Self::Category { name } => name,
        }
    }
}

/// Why an n-gram student cannot read columns.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NgramColumnsError {
    /// Two columns have one name.
    #[error("two columns are called `{column}`; each needs a name of its own")]
    SameName {
        /// The name.
        column: String,
    },
    /// Two texts, or two second texts.
    #[error("columns `{first}` and `{second}` are both {kind}; at most 1 can be")]
    TwoOfKind {
        /// What they are.
        kind: &'static str,
        /// One column.
        first: String,
        /// The other.
        second: String,
    },
    /// A second text without a first.
    #[error("column `{column}` is the second text of a pair, but there is no first")]
    PairAlone {
        /// The second text's column.
        column: String,
    },
    /// A number with too many bins.
    #[error("number `{column}` has {edges} edges between bins: use {MOST_EDGES} or fewer")]
    Edges {
        /// The column.
        column: String,
        /// Edges given.
        edges: usize,
    },
    /// Bins that are not in order.
    #[error("number `{column}`: edge {place} is {edge}, but edges must be finite and increasing")]
    Order {
        /// The column.
        column: String,
        /// Place of the first edge out of order.
        place: usize,
        /// The edge.
        edge: f64,
    },
}

/// A value of a column beside the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColumnValue<'a> {
    /// None where it is missing.
    Number(Option<f64>),
    /// None where it is missing.
    Category(Option<&'a str>),
}

/// The features of rows: those of a text, and those of numbers and categories.
///
/// # Definition
/// In the terms of [`FeatureSettings::extract`], with `n` the FNV-1a hash of the UTF-8 of a column's name:
///
/// | kind | feature | when |
/// |---|---|---|
/// | 48 | `f(48, FNV-1a of "name=value")` | a category with a value |
/// | 49 | `f(49, n, b)`, `b` the number of edges at or below the number | a number with a value |
/// | 50 | `f(50, n)` | either without a value |
///
/// The text's features come first, then one feature for each other column, in the order of the columns.
#[derive(Debug, Clone)]
pub struct ColumnFeatures {
    settings: FeatureSettings,
    reads_text: bool,
    columns: Vec<HashedColumn>,
}

#[derive(Debug, Clone)]
struct HashedColumn {
    /// Place among all columns.
    place: usize,
    name: String,
    hash: u64,
    /// Edges between bins, for a number.
    edges: Option<Vec<f64>>,
}

impl ColumnFeatures {
    /// Features of `columns`; of a text, and a second text where there is one, if there are none.
    ///
    /// # Errors
    /// [`NgramColumnsError`] names the column.
    pub fn new(settings: &FeatureSettings, columns: &[NgramColumn]) -> Result<Self, NgramColumnsError> {
        check_texts(columns)?;
        let mut hashed = Vec::new();
        for (place, column) in columns.iter().enumerate() {
            if columns[..place].iter().any(|other| other.name() == column.name()) {
                return Err(NgramColumnsError::SameName { column: column.name().to_owned() });
            }
            let (name, edges) = match column {
                NgramColumn::Text { .. } | NgramColumn::TextPair { .. } => continue,
                NgramColumn::Category { name } => (name, None),
                NgramColumn::Number { name, edges } => {
                    check_edges(name, edges)?;
                    (name, Some(edges.clone()))
                }
            };
            hashed.push(HashedColumn { place, name: name.clone(), hash: hash_bytes(name.bytes()), edges });
        }
        let is_text = |column: &NgramColumn| matches!(column, NgramColumn::Text { .. });
        let reads_text = columns.is_empty() || columns.iter().any(is_text);
        Ok(Self { settings: settings.clone(), reads_text, columns: hashed })
    }

    /// Appends the feature buckets of a row to `buckets`, repeats included, in a fixed order; `value` gives what a row has in
    /// the column at a place, where it is a number (of which `true` tells) or a category.
    ///
    /// # Panics
    /// If `value` gives a number for a category, or the other way round.
    pub fn extract<'v>(
        &self,
        text: Option<&Text<'_>>,
        value: impl Fn(usize, bool) -> ColumnValue<'v>,
        scratch: &mut FeatureScratch,
        buckets: &mut Vec<u32>,
    ) {
        if let Some(text) = text.filter(|_| self.reads_text) {
            self.settings.extract(text, scratch, buckets);
        }
        for column in &self.columns {
            let bucket = match (&column.edges, value(column.place, column.edges.is_some())) {
                (None, ColumnValue::Category(Some(value))) => self.category(column, value),
                (Some(edges), ColumnValue::Number(Some(value))) => self.number(column, edges, value),
                (None, ColumnValue::Category(None)) | (Some(_), ColumnValue::Number(None)) => {
                    self.settings.bucket_of_one(MISSING, column.hash)
                }
                _ => panic!("column `{}` holds another kind of value", column.name),
            };
            buckets.push(bucket);
        }
    }

    /// As [`extract`](Self::extract) for a text alone: all other columns are without a value.
    pub fn extract_text(&self, text: &Text<'_>, scratch: &mut FeatureScratch, buckets: &mut Vec<u32>) {
        let missing =
            |_, number| if number { ColumnValue::Number(None) } else { ColumnValue::Category(None) };
        self.extract(Some(text), missing, scratch, buckets);
    }

    fn category(&self, column: &HashedColumn, value: &str) -> u32 {
        let word = column.name.bytes().chain([b'=']).chain(value.bytes());
        self.settings.bucket_of_one(CATEGORY, hash_bytes(word))
    }

    fn number(&self, column: &HashedColumn, edges: &[f64], value: f64) -> u32 {
        let bin = edges.partition_point(|&edge| edge <= value);
        self.settings.bucket_of_two(BIN, column.hash, bin as u64)
    }
}

/// Refuses two texts, two second texts, and a second text alone.
fn check_texts(columns: &[NgramColumn]) -> Result<(), NgramColumnsError> {
    let of = |wanted: fn(&NgramColumn) -> bool, kind| {
        let mut found = columns.iter().filter(|column| wanted(column)).map(NgramColumn::name);
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => {
                let (first, second) = (first.to_owned(), second.to_owned());
                Err(NgramColumnsError::TwoOfKind { kind, first, second })
            }
            (first, _) => Ok(first),
        }
    };
    let text = of(|column| matches!(column, NgramColumn::Text { .. }), "a text")?;
    let pair = of(|column| matches!(column, NgramColumn::TextPair { .. }), "the second text of a pair")?;
    match pair {
        Some(column) if text.is_none() => Err(NgramColumnsError::PairAlone { column: column.to_owned() }),
        _ => Ok(()),
    }
}

fn check_edges(column: &str, edges: &[f64]) -> Result<(), NgramColumnsError> {
    if edges.len() > MOST_EDGES {
        return Err(NgramColumnsError::Edges { column: column.to_owned(), edges: edges.len() });
    }
    let below = std::iter::once(f64::NEG_INFINITY).chain(edges.iter().copied());
    let wrong = edges.iter().zip(below).position(|(&edge, below)| !(edge.is_finite() && edge > below));
    match wrong {
        None => Ok(()),
        Some(place) => Err(NgramColumnsError::Order { column: column.to_owned(), place, edge: edges[place] }),
    }
}
