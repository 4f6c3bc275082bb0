//! Names of columns, as settings and recipes have them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bounded_json::{BoundedJsonError, read_json_if_there};
use crate::column_types::ColumnType;
use crate::columns::{ColumnRequest, Columns};
use crate::storage::{FileError, pretty_json, remove, write};
use crate::table::{ColumnKind, Schema};

/// Names of the columns to read, and of the classes.
///
/// # Columns beside texts
/// A name in `vectors` that ends in `.npy`, or in `.npz:` and the name of an array, is no column of the data file but an
/// array `[rows, width]` of floats in a file beside it: `embedding.npy` is looked for as `train.embedding.npy` beside
/// `train.csv`, so that each split can have its own, and then as `embedding.npy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnSettings {
    /// Column of the text; `text` by default, which a file need not have if other columns are named.
    pub text: Option<String>,
    /// Column of the second text; `text_pair`, where there is one, by default.
    pub pair: Option<String>,
    /// Columns of vectors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vectors: Vec<String>,
    /// Columns of numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
    /// Columns of categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Columns of other [types](ColumnType), by their names: `{ day = "date" }`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, ColumnType>,
    /// Column of the label; `label`, where there is one, by default.
    pub label: Option<String>,
    /// Column of fine labels, for a split that knows the truth.
    pub fine: Option<String>,
    /// Names of the classes, in order; by default as the training file has them.
    pub labels: Option<Vec<String>>,
    /// Labels that count as none, beside an empty one; by default -1, `NA`, `NULL`, `None`, `nan` and their like. A name
    /// of a class in `labels` never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_labels: Option<Vec<String>>,
}

impl ColumnSettings {
    /// In folders of models and signals: the columns that they were made of, where they have other names than by default.
    pub(crate) const FILE: &str = "columns.json";

    /// Puts the names beside a model or signals that were made of these columns; names of classes they carry themselves.
    pub fn remember(&self, folder: &Path) -> Result<(), FileError> {
        let (path, columns) = (folder.join(Self::FILE), Self { labels: None, ..self.clone() });
        if columns != Self::default() {
            return write(&path, &pretty_json(&columns));
        }
        remove(&path)
    }

    /// These names, with that of the second text of `schema`: what was made of pairs is not asked single texts unawares.
    #[must_use]
    pub fn with_pair_of(&self, schema: &Schema) -> Self {
        let pair = schema.pair().map(|place| schema.fields()[place].name.clone());
        Self { pair: self.pair.clone().or(pair), ..self.clone() }
    }

    /// The names that stand beside a model or signals; the default ones where none do.
    pub fn remembered(folder: &Path) -> Result<Self, BoundedJsonError> {
        Ok(read_json_if_there(&folder.join(Self::FILE))?.unwrap_or_default())
    }

    /// These names, and those of `other` where there are none here.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let names = |here: Vec<String>, there| if here.is_empty() { there } else { here };
        Self {
            text: self.text.or(other.text),
            pair: self.pair.or(other.pair),
            vectors: names(self.vectors, other.vectors),
            numbers: names(self.numbers, other.numbers),
            categories: names(self.categories, other.categories),
            types: if self.types.is_empty() { other.types } else { self.types },
            label: self.label.or(other.label),
            fine: self.fine.or(other.fine),
            labels: self.labels.or(other.labels),
            missing_labels: self.missing_labels.or(other.missing_labels),
        }
    }

    /// As [`or`](Self::or), but who names vectors, numbers or categories reads no others of them: a student may read fewer
    /// columns than its teacher.
    #[must_use]
    pub fn or_all(self, other: Self) -> Self {
        if self.are_texts() {
            return self.or(other);
        }
        let own = self.clone();
        self.or(other).with_table_columns_of(own)
    }

    /// These names, with the vectors, numbers, categories and columns of other types of `other`.
    #[must_use]
    pub fn with_table_columns_of(self, other: Self) -> Self {
        let Self { vectors, numbers, categories, types, .. } = other;
        Self { vectors, numbers, categories, types, ..self }
    }

    /// Names of the columns of a table, by their kinds.
    #[must_use]
    pub fn of_schema(schema: &Schema) -> Self {
        let mut columns = Self::default();
        for field in schema.fields() {
            let name = field.name.clone();
            match field.kind {
                ColumnKind::Text => columns.text = Some(name),
                ColumnKind::TextPair => columns.pair = Some(name),
                ColumnKind::Vector { .. } => columns.vectors.push(name),
                ColumnKind::Number => columns.numbers.push(name),
                ColumnKind::Category => columns.categories.push(name),
            }
        }
        columns
    }

    /// Whether no column is named but those of texts and labels.
    #[must_use]
    pub fn are_texts(&self) -> bool {
        let lists = [&self.vectors, &self.numbers, &self.categories];
        lists.iter().all(|names| names.is_empty()) && self.types.is_empty()
    }

    /// The columns as readers take them.
    ///
    /// A column that is named is required. Names of numbered labels (`label_name`) belong to the default label; another
    /// label column brings its own.
    #[must_use]
    pub fn columns(&self) -> Columns {
        let default = Columns::default();
        let if_present = ColumnRequest::IfPresent("text".to_owned());
        let default_text = if self.are_texts() { default.text } else { if_present };
        let classes = self.labels.iter().flatten().map(|name| name.trim()).collect::<Vec<_>>();
        let missing_labels = self.missing_labels.clone().unwrap_or(default.missing_labels);
        let required = |name: &Option<String>| name.clone().map(ColumnRequest::Required);
        Columns {
            text: required(&self.text).unwrap_or(default_text),
            pair: required(&self.pair).unwrap_or(default.pair),
            vectors: self.vectors.clone(),
            numbers: self.numbers.clone(),
            categories: self.categories.clone(),
            types: self.types.clone(),
            label: required(&self.label).unwrap_or(default.label),
            label_name: if self.label.is_some() { ColumnRequest::No } else { default.label_name },
            missing_labels: missing_labels
                .into_iter()
                .filter(|mark| !classes.contains(&mark.as_str()))
                .collect(),
            carried: Vec::new(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn who_names_columns_of_the_table_reads_no_others() {
        let list = |name: &str| vec![name.to_owned()];
        let teacher = ColumnSettings {
            text: Some("query".into()),
            vectors: list("v"),
            numbers: list("n"),
            ..ColumnSettings::default()
        };
        let none = ColumnSettings { label: Some("class".into()), ..ColumnSettings::default() };
        let all = none.clone().or_all(teacher.clone());
        assert_eq!((all.vectors, all.numbers, all.label), (list("v"), list("n"), Some("class".into())));
        let fewer = ColumnSettings { numbers: list("m"), ..none }.or_all(teacher);
        assert_eq!((fewer.vectors, fewer.numbers, fewer.text), (vec![], list("m"), Some("query".into())));
    }

    #[test]
    fn names_are_remembered_but_not_those_of_classes_and_forgotten_with_the_next_ones() {
        let folder = tempfile::tempdir().unwrap();
        let names = ColumnSettings { text: Some("query".into()), ..ColumnSettings::default() };
        let labels = Some(vec!["a".to_owned(), "b".to_owned()]);
        ColumnSettings { labels, ..names.clone() }.remember(folder.path()).unwrap();
        assert_eq!(ColumnSettings::remembered(folder.path()).unwrap(), names);
        ColumnSettings::default().remember(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(ColumnSettings::remembered(folder.path()).unwrap(), ColumnSettings::default());
        fs::write(folder.path().join(ColumnSettings::FILE), "{\"txt\": 1}").unwrap();
        assert!(
            ColumnSettings::remembered(folder.path()).unwrap_err().to_string().contains(ColumnSettings::FILE)
        );
    }
}
