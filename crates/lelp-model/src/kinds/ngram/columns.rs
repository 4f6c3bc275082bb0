//! The features of a table's rows.

use lelp_core::ngram::{
    ColumnFeatures, ColumnValue, FeatureScratch, FeatureSettings, NgramColumn, NgramConfigError,
};
use lelp_data::{ColumnKind, Field, Schema, Table, Text};

use crate::schema::ModelSchema;

/// Name and kind of a column.
fn field(column: &NgramColumn) -> Field {
    let kind = match column {
        NgramColumn::Text { .. } => ColumnKind::Text,
        NgramColumn::TextPair { .. } => ColumnKind::TextPair,
        NgramColumn::Number { .. } => ColumnKind::Number,
        NgramColumn::Category { .. } => ColumnKind::Category,
    };
    Field::new(column.name(), kind)
}

/// The features of a table's rows: [`ColumnFeatures`] of what stands in its columns.
#[derive(Debug, Clone)]
pub struct RowFeatures {
    schema: ModelSchema,
    features: ColumnFeatures,
}

impl RowFeatures {
    /// Features of `columns`; of a text, and a second text where there is one, if there are none.
    ///
    /// # Errors
    /// [`NgramConfigError`] names the setting that is out of its range, or the column.
    pub fn new(settings: &FeatureSettings, columns: &[NgramColumn]) -> Result<Self, NgramConfigError> {
        settings.check()?;
        let features = ColumnFeatures::new(settings, columns)?;
        let schema = if columns.is_empty() {
            ModelSchema::text_or_pair()
        } else {
            let schema = Schema::new(columns.iter().map(field).collect());
            ModelSchema::columns(schema.expect("names and kinds were checked"))
        };
        Ok(Self { schema, features })
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
        let value = |place, number| {
            if number {
                ColumnValue::Number(table.number(row, place))
            } else {
                ColumnValue::Category(table.category(row, place))
            }
        };
        self.features.extract(table.text(row).as_ref(), value, scratch, buckets);
    }

    /// As [`extract`](Self::extract) for a text alone: all other columns are without a value.
    pub fn extract_text(&self, text: &Text<'_>, scratch: &mut FeatureScratch, buckets: &mut Vec<u32>) {
        self.features.extract_text(text, scratch, buckets);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use lelp_core::ngram::NgramColumnsError;
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
            let NgramConfigError::Columns(NgramColumnsError::Order { place, .. }) = error else {
                panic!("{error}")
            };
            assert_eq!(place, wrong);
        }
        let edges = (0..2000).map(f64::from).collect();
        let column = NgramColumn::Number { name: "clicks".to_owned(), edges };
        let error = RowFeatures::new(&FeatureSettings::default(), &[column]).unwrap_err();
        let edges = NgramColumnsError::Edges { column: "clicks".to_owned(), edges: 2000 };
        assert_eq!(error, NgramConfigError::Columns(edges));
    }

    #[test]
    fn nothing_is_extracted_by_settings_out_of_their_range() {
        let settings = FeatureSettings { buckets: 3, ..FeatureSettings::default() };
        let error = RowFeatures::new(&settings, &[]).unwrap_err();
        assert!(matches!(error, NgramConfigError::Features(_)), "{error}");
    }
}
