//! Columns beside or in place of a text: numbers become bins, categories words, and all of them feature buckets.

use lelp_data::{ColumnKind, Field, Schema, SchemaError, Table, Text};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::features::{FeatureScratch, FeatureSettings};
use crate::kinds::fnv::hash_bytes;
use crate::schema::ModelSchema;

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
    /// Name and kind.
    #[must_use]
    pub fn field(&self) -> Field {
        match self {
            Self::Text { name } => Field::new(name, ColumnKind::Text),
            Self::TextPair { name } => Field::new(name, ColumnKind::TextPair),
            Self::Number { name, .. } => Field::new(name, ColumnKind::Number),
            Self::Category { name } => Field::new(name, ColumnKind::Category),
        }
    }
}

/// Why an n-gram student cannot read columns.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NgramColumnsError {
    /// Names or kinds do not fit together.
    #[error(transparent)]
    Schema(#[from] SchemaError),
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

/// The features of a table's rows: those of its text, and those of its numbers and categories.
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
pub struct RowFeatures {
    settings: FeatureSettings,
    schema: ModelSchema,
    reads_text: bool,
    columns: Vec<HashedColumn>,
}

#[derive(Debug, Clone)]
struct HashedColumn {
    /// Place in the schema.
    place: usize,
    name: String,
    hash: u64,
    /// Edges between bins, for a number.
    edges: Option<Vec<f64>>,
}

impl RowFeatures {
    /// Features of `columns`; of a text, and a second text where there is one, if there are none.
    ///
    /// # Errors
    /// [`NgramColumnsError`] names the column.
    pub fn new(settings: &FeatureSettings, columns: &[NgramColumn]) -> Result<Self, NgramColumnsError> {
        let schema = match columns {
            [] => ModelSchema::text_or_pair(),
            _ => ModelSchema::columns(Schema::new(columns.iter().map(NgramColumn::field).collect())?),
        };
        let mut hashed = Vec::new();
        for (place, column) in columns.iter().enumerate() {
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
        let reads_text = schema.needed().text().is_some();
        Ok(Self { settings: settings.clone(), schema, reads_text, columns: hashed })
    }

    /// The columns that are read.
    #[must_use]
    pub fn schema(&self) -> &ModelSchema {
        &self.schema
    }

    /// Appends the feature buckets of a row to `buckets`, repeats included, in a fixed order.
    ///
    /// # Panics
    /// If `table` was not [fitted](ModelSchema::fit) to the schema, or has no such row.
    pub fn extract(&self, table: &Table, row: usize, scratch: &mut FeatureScratch, buckets: &mut Vec<u32>) {
        if let Some(text) = table.text(row) {
            self.settings.extract(&text, scratch, buckets);
        }
        for column in &self.columns {
            let bucket = match &column.edges {
                None => self.category(column, table.category(row, column.place)),
                Some(edges) => self.number(column, edges, table.number(row, column.place)),
            };
            buckets.push(bucket);
        }
    }

    /// As [`extract`](Self::extract) for a text alone: all other columns are without a value.
    pub fn extract_text(&self, text: &Text<'_>, scratch: &mut FeatureScratch, buckets: &mut Vec<u32>) {
        if self.reads_text {
            self.settings.extract(text, scratch, buckets);
        }
        buckets.extend(self.columns.iter().map(|column| self.missing(column)));
    }

    fn category(&self, column: &HashedColumn, value: Option<&str>) -> u32 {
        let Some(value) = value else { return self.missing(column) };
        let word = column.name.bytes().chain([b'=']).chain(value.bytes());
        self.settings.bucket_of_one(CATEGORY, hash_bytes(word))
    }

    fn number(&self, column: &HashedColumn, edges: &[f64], value: Option<f64>) -> u32 {
        let Some(value) = value else { return self.missing(column) };
        let bin = edges.partition_point(|&edge| edge <= value);
        self.settings.bucket_of_two(BIN, column.hash, bin as u64)
    }

    fn missing(&self, column: &HashedColumn) -> u32 {
        self.settings.bucket_of_one(MISSING, column.hash)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use lelp_data::ColumnValues;

    use super::*;

    fn table(numbers: Vec<Option<f64>>, categories: Vec<Option<&str>>) -> Table {
        let categories = categories.into_iter().map(|word| word.map(str::to_owned)).collect();
        let columns =
            [("clicks", ColumnValues::Number(numbers)), ("country", ColumnValues::Category(categories))];
        Table::new(columns.map(|(name, values)| (name.to_owned(), values)).to_vec()).unwrap()
    }

    fn columns() -> Vec<NgramColumn> {
        vec![
            NgramColumn::Number { name: "clicks".to_owned(), edges: vec![0.0, 10.0] },
            NgramColumn::Category { name: "country".to_owned() },
        ]
    }

    fn features(columns: &[NgramColumn]) -> RowFeatures {
        RowFeatures::new(&FeatureSettings::default(), columns).unwrap()
    }

    fn extract(features: &RowFeatures, table: &Table) -> Vec<Vec<u32>> {
        let table = features.schema().fit(table).unwrap();
        let row = |row| {
            let mut buckets = Vec::new();
            features.extract(&table, row, &mut FeatureScratch::default(), &mut buckets);
            buckets
        };
        (0..table.rows()).map(row).collect()
    }

    /// Worked out by a few lines of Python from the definition alone.
    #[test]
    fn buckets_are_those_of_the_definition() {
        let settings = FeatureSettings { buckets: 1 << 16, ..FeatureSettings::default() };
        let features = RowFeatures::new(&settings, &columns()).unwrap();
        let rows = extract(&features, &table(vec![Some(3.0), None], vec![Some("de"), None]));
        assert_eq!(rows, GOLDEN);
    }

    const GOLDEN: [[u32; 2]; 2] = [[43577, 8440], [21347, 63762]];

    #[test]
    fn numbers_of_one_bin_are_one_feature_and_an_edge_begins_a_bin() {
        let numbers = vec![Some(-1e300), Some(-0.5), Some(0.0), Some(9.9), Some(10.0), Some(1e300), None];
        let rows = extract(&features(&columns()), &table(numbers, vec![None; 7]));
        let bins: Vec<u32> = rows.iter().map(|row| row[0]).collect();
        assert_eq!((bins[0], bins[2], bins[4]), (bins[1], bins[3], bins[5]));
        let mut different = vec![bins[0], bins[2], bins[4], bins[6]];
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 4);
    }

    #[test]
    fn a_category_is_its_own_word_in_its_own_column() {
        let two = |first: &str, second: &str| {
            let column = |word: &str| ColumnValues::Category(vec![Some(word.to_owned())]);
            let columns = vec![("a".to_owned(), column(first)), ("b".to_owned(), column(second))];
            let read = ["a", "b"].map(|name| NgramColumn::Category { name: name.to_owned() });
            extract(&features(&read), &Table::new(columns).unwrap()).concat()
        };
        let (same, swapped) = (two("x", "x"), two("y", "x"));
        assert_ne!(same[0], same[1]);
        assert_eq!(same[1], swapped[1]);
        assert_ne!(same[0], swapped[0]);
        // The case of a category matters, as that of a word in a text does not.
        assert_ne!(two("X", "x")[0], same[0]);
    }

    #[test]
    fn beside_a_text_its_features_come_first_and_unchanged() {
        let settings = FeatureSettings::default();
        let (text, mut alone) = ("where is my card", Vec::new());
        settings.extract(&text.into(), &mut FeatureScratch::default(), &mut alone);
        let mut read = columns();
        read.insert(1, NgramColumn::Text { name: "query".to_owned() });
        let features = features(&read);
        let table = Table::new(vec![
            ("query".to_owned(), ColumnValues::Text(vec![text.to_owned()])),
            ("country".to_owned(), ColumnValues::Category(vec![None])),
            ("clicks".to_owned(), ColumnValues::Number(vec![None])),
        ]);
        let rows = extract(&features, &table.unwrap());
        assert_eq!(rows[0][..alone.len()], alone);
        assert_eq!(rows[0].len(), alone.len() + 2);
        let mut by_text = Vec::new();
        features.extract_text(&text.into(), &mut FeatureScratch::default(), &mut by_text);
        assert_eq!(by_text, rows[0]);
    }

    #[test]
    fn edges_out_of_order_are_refused_by_place() {
        for (edges, wrong) in [
            (vec![1.0, 1.0], 1),
            (vec![f64::NAN], 0),
            (vec![0.0, f64::INFINITY], 1),
            (vec![2.0, 3.0, 1.0], 2),
        ] {
            let column = NgramColumn::Number { name: "clicks".to_owned(), edges };
            let error = RowFeatures::new(&FeatureSettings::default(), &[column]).unwrap_err();
            assert!(matches!(error, NgramColumnsError::Order { place, .. } if place == wrong), "{error}");
        }
        let edges = (0..2000).map(f64::from).collect();
        let column = NgramColumn::Number { name: "clicks".to_owned(), edges };
        let error = RowFeatures::new(&FeatureSettings::default(), &[column]).unwrap_err();
        assert_eq!(error, NgramColumnsError::Edges { column: "clicks".to_owned(), edges: 2000 });
    }
}
