//! What a model reads, and how a table is held against it.

use std::borrow::Cow;

use lelp_data::{ColumnKind, Field, Schema, SchemaError, Table};

/// Columns that a model reads.
///
/// A text and a second text are found by their kind, all other columns by name and kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSchema {
    needed: Schema,
    optional_pair: bool,
}

impl ModelSchema {
    /// A text, and a second text where the table has one: what models of text read whose folder says nothing else.
    #[must_use]
    pub fn text_or_pair() -> Self {
        Self { needed: Schema::of_text(), optional_pair: true }
    }

    /// These columns; a table may have others, which are not read.
    #[must_use]
    pub fn columns(needed: Schema) -> Self {
        Self { needed, optional_pair: false }
    }

    /// Columns that must be there.
    #[must_use]
    pub fn needed(&self) -> &Schema {
        &self.needed
    }

    /// Whether a second text is read where there is one, though it need not be there.
    #[must_use]
    pub fn reads_optional_pair(&self) -> bool {
        self.optional_pair
    }

    /// The columns of `table` that are read, in the order of [`needed`](Self::needed), an optional second text last.
    ///
    /// # Errors
    /// [`SchemaError`] for the first column that is absent or of another kind.
    pub fn fit<'t>(&self, table: &'t Table) -> Result<Cow<'t, Table>, SchemaError> {
        let found = table.schema();
        let places = found.places_of(&self.needed)?;
        let pair = found.pair().filter(|_| self.optional_pair);
        let read = places.len() + usize::from(pair.is_some());
        if read == found.fields().len() && places.iter().copied().chain(pair).eq(0..read) {
            return Ok(Cow::Borrowed(table));
        }
        let optional = pair.map(|place| Field::new(&found.fields()[place].name, ColumnKind::TextPair));
        let Some(optional) = optional else { return Ok(Cow::Owned(table.conform(&self.needed)?)) };
        let fields = self.needed.fields().iter().cloned().chain([optional]).collect();
        Ok(Cow::Owned(table.conform(&Schema::new(fields)?)?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use lelp_data::{ColumnValues, Text};

    use super::*;

    fn table(columns: Vec<(&str, ColumnValues)>) -> Table {
        Table::new(columns.into_iter().map(|(name, values)| (name.to_owned(), values)).collect()).unwrap()
    }

    fn texts(values: [&str; 2]) -> Vec<String> {
        values.map(str::to_owned).to_vec()
    }

    #[test]
    fn texts_are_found_by_kind_and_a_pair_is_read_where_there_is_one() {
        let schema = ModelSchema::text_or_pair();
        let single = table(vec![("query", ColumnValues::Text(texts(["a", "b"])))]);
        assert!(matches!(schema.fit(&single).unwrap(), Cow::Borrowed(_)));
        let pair = table(vec![
            ("text", ColumnValues::TextPair(texts(["c", "d"]))),
            ("clicks", ColumnValues::Number(vec![None, Some(1.0)])),
            ("query", ColumnValues::Text(texts(["a", "b"]))),
        ]);
        let error = schema.fit(&pair).unwrap_err();
        assert!(error.to_string().contains("`text`"), "{error}");
        let pair = table(vec![
            ("ad", ColumnValues::TextPair(texts(["c", "d"]))),
            ("clicks", ColumnValues::Number(vec![None, Some(1.0)])),
            ("query", ColumnValues::Text(texts(["a", "b"]))),
        ]);
        let fitted = schema.fit(&pair).unwrap();
        assert_eq!(fitted.schema().fields().len(), 2);
        assert_eq!(fitted.text(1), Some(Text { text: "b", pair: Some("d") }));
    }

    #[test]
    fn a_column_that_is_absent_or_of_another_kind_is_named_with_both() {
        let needed = vec![
            Field::new("vector", ColumnKind::Vector { width: 2 }),
            Field::new("clicks", ColumnKind::Number),
        ];
        let schema = ModelSchema::columns(Schema::new(needed).unwrap());
        let narrow = ColumnValues::Vector { width: 1, values: vec![0.0; 2] };
        let other = table(vec![("clicks", ColumnValues::Number(vec![None; 2])), ("vector", narrow)]);
        let error = schema.fit(&other).unwrap_err().to_string();
        assert!(error.contains("vector of 1") && error.contains("vector of 2"), "{error}");
        let absent = table(vec![("vector", ColumnValues::Vector { width: 2, values: vec![0.0; 4] })]);
        let error = schema.fit(&absent).unwrap_err().to_string();
        assert!(error.contains("`clicks`") && error.contains("a number"), "{error}");
    }
}
