//! Which columns of a file are read, and as what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cells::{Cell, Value, ValueError, ValueKind};
use crate::column_types::ColumnType;
use crate::error::{DataError, Location};
use crate::labels;
use crate::notices::{NoticeKind, NoticeLog};

/// A column that a file may or must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnRequest {
    /// Not read, even where the file has one.
    No,
    /// Read where the file has it.
    IfPresent(String),
    /// A file without it is an error.
    Required(String),
}

impl ColumnRequest {
    /// The column's name, unless it is not read.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::No => None,
            Self::IfPresent(name) | Self::Required(name) => Some(name),
        }
    }
}

/// Names of the columns to read; those in lists are required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The text.
    pub text: ColumnRequest,
    /// The second text of a pair; not read without a text.
    pub pair: ColumnRequest,
    /// Vectors, in the file or beside it; see [`ColumnSettings`](crate::ColumnSettings).
    pub vectors: Vec<String>,
    /// Numbers.
    pub numbers: Vec<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// Columns of other types.
    pub types: BTreeMap<String, ColumnType>,
    /// The label: a name, or a number.
    pub label: ColumnRequest,
    /// Names for labels that are numbers.
    pub label_name: ColumnRequest,
    /// Labels that count as none; an empty one always does.
    pub missing_labels: Vec<String>,
    /// Columns that no model reads, kept as they are beside the others.
    pub carried: Vec<String>,
}

/// Labels that count as none unless others are named: -1, and what R, SQL, Python and pandas write for nothing.
pub(crate) const MISSING_LABELS: [&str; 16] = [
    "-1", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "null", "None", "nan", "NaN", "NAN", "-nan",
    "-NaN", "NaT",
];

impl Default for Columns {
    /// `text`, and `text_pair`, `label` and `label_name` where they are present; -1, `NA` and their like are no labels.
    fn default() -> Self {
        let if_present = |name: &str| ColumnRequest::IfPresent(name.to_owned());
        Self {
            text: ColumnRequest::Required("text".to_owned()),
            pair: if_present("text_pair"),
            vectors: Vec::new(),
            numbers: Vec::new(),
            categories: Vec::new(),
            types: BTreeMap::new(),
            label: if_present("label"),
            label_name: if_present("label_name"),
            missing_labels: MISSING_LABELS.map(str::to_owned).to_vec(),
            carried: Vec::new(),
        }
    }
}

/// A column of a table, before the width of its vectors is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueColumn {
    pub(crate) name: String,
    pub(crate) kind: ValueKind,
    /// How its values are written, where that is otherwise than the kind's are.
    column_type: Option<ColumnType>,
}

impl ValueColumn {
    /// A column whose values are written as those of its kind are.
    pub(crate) fn new(name: impl Into<String>, kind: ValueKind) -> Self {
        Self { name: name.into(), kind, column_type: None }
    }

    /// A column of this type.
    pub(crate) fn of_type(name: &str, column_type: ColumnType) -> Self {
        Self { name: name.to_owned(), kind: column_type.kind(), column_type: Some(column_type) }
    }

    /// What the column makes of a cell.
    pub(crate) fn read(&self, cell: Cell<'_>) -> Result<Value, ValueError> {
        match self.column_type {
            Some(column_type) => column_type.read(cell),
            None => self.kind.read(cell),
        }
    }
}

/// A row of a file.
#[derive(Debug)]
pub(crate) struct Row {
    /// Where the row is in its file.
    pub(crate) location: Location,
    /// The values of the columns, in their order.
    pub(crate) values: Vec<Value>,
    /// The label as the file has it.
    pub(crate) label: Option<String>,
    /// The name that the file gives to a numbered label.
    pub(crate) label_name: Option<String>,
}

/// The rows of a file in order, as its format reads them.
pub(crate) struct FileRows {
    columns: Vec<ValueColumn>,
    class_names: Option<Vec<String>>,
    rows: Box<dyn Iterator<Item = Result<Row, DataError>> + Send>,
}

impl FileRows {
    /// Rows whose values are of these columns.
    pub(crate) fn new(
        columns: Vec<ValueColumn>,
        rows: impl Iterator<Item = Result<Row, DataError>> + Send + 'static,
    ) -> Self {
        Self { columns, class_names: None, rows: Box::new(rows) }
    }

    /// The same rows, of whose numbered labels the file knows the names.
    pub(crate) fn with_class_names(self, class_names: Option<Vec<String>>) -> Self {
        Self { class_names, ..self }
    }

    /// Names of the classes by number, where the file has them.
    pub(crate) fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    /// The columns in the order of the values of a [`Row`].
    pub(crate) fn columns(&self) -> &[ValueColumn] {
        &self.columns
    }
}

impl Iterator for FileRows {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

/// The columns of one file that are read, each with its place in the file.
#[derive(Debug, Clone)]
pub(crate) struct FileColumns {
    file: PathBuf,
    values: Vec<(ValueColumn, usize)>,
    label: Option<(String, usize)>,
    label_name: Option<(String, usize)>,
    required: Vec<String>,
}

impl FileColumns {
    /// Finds the columns to read among those that a file has.
    ///
    /// # Errors
    /// [`DataError::MissingColumn`], or [`DataError::TwoColumns`] if one that is read stands in two places.
    pub(crate) fn find(
        columns: &Columns,
        present: &[String],
        file: &Path,
        notices: &NoticeLog,
    ) -> Result<Self, DataError> {
        for name in columns.names() {
            let mut places = (1..).zip(present).filter(|(_, column)| *column == name).map(|(place, _)| place);
            if let (Some(first), Some(second)) = (places.next(), places.next()) {
                let (file, column) = (file.to_owned(), name.to_owned());
                return Err(DataError::TwoColumns { file, column, first, second });
            }
        }
        columns.note_similar(present, file, notices);
        let place = |name: &String| present.iter().position(|column| column == name);
        let required = |name: &String| {
            place(name).map(|place| (name.clone(), place)).ok_or_else(|| DataError::MissingColumn {
                file: file.to_owned(),
                column: name.clone(),
                present: present.to_vec(),
            })
        };
        let requested = |request: &ColumnRequest| match request {
            ColumnRequest::No => Ok(None),
            ColumnRequest::IfPresent(name) => Ok(place(name).map(|place| (name.clone(), place))),
            ColumnRequest::Required(name) => required(name).map(Some),
        };
        let mut values = Vec::new();
        let text = requested(&columns.text)?;
        let pair = match (&text, &columns.pair) {
            (None, ColumnRequest::IfPresent(_)) => None,
            (_, request) => requested(request)?,
        };
        for (column, kind) in [(text, ValueKind::Text), (pair, ValueKind::TextPair)] {
            if let Some((name, place)) = column {
                values.push((ValueColumn::new(name, kind), place));
            }
        }
        for column in columns.listed() {
            let (_, place) = required(&column.name)?;
            values.push((column, place));
        }
        if values.is_empty() && columns.array_files().next().is_none() {
            return Err(DataError::NoColumns { file: file.to_owned(), present: present.to_vec() });
        }
        let (label, label_name) = (requested(&columns.label)?, requested(&columns.label_name)?);
        if label.is_none() {
            columns.tell_no_label(present, file, notices);
        }
        for name in &columns.carried {
            let column = required(name)?;
            if !values.iter().any(|(_, place)| *place == column.1) {
                let (name, place) = column;
                values.push((ValueColumn::new(name, ValueKind::Carried), place));
            }
        }
        let required = columns.required().map(str::to_owned).collect();
        Ok(Self { file: file.to_owned(), values, label, label_name, required })
    }

    /// Names of the columns that a file must have.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        self.required.iter().map(String::as_str)
    }

    /// The file, for errors.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The columns in the order of the values of a [`Row`].
    pub(crate) fn columns(&self) -> Vec<ValueColumn> {
        self.values.iter().map(|(column, _)| column.clone()).collect()
    }

    /// Names and places of all columns that are read, labels among them.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, usize)> {
        let values = self.values.iter().map(|(column, place)| (column.name.as_str(), *place));
        let labels = self.label.iter().chain(&self.label_name);
        values.chain(labels.map(|(name, place)| (name.as_str(), *place)))
    }

    /// The row at `location`; `cell` gives what is in a column by its name and place.
    pub(crate) fn row<'a>(
        &self,
        location: Location,
        mut cell: impl FnMut(&str, usize) -> Result<Cell<'a>, DataError>,
    ) -> Result<Row, DataError> {
        let mut values = Vec::with_capacity(self.values.len());
        for (column, place) in &self.values {
            let value = column.read(cell(&column.name, *place)?);
            values.push(value.map_err(|problem| self.wrong_value(location, &column.name, problem))?);
        }
        let label = match &self.label {
            Some((name, place)) => labels::of_cell(cell(name, *place)?)
                .map_err(|problem| self.wrong_value(location, name, problem))?,
            None => None,
        };
        let label_name = match &self.label_name {
            Some((name, place)) => labels::name_of_cell(cell(name, *place)?)
                .map_err(|problem| self.wrong_value(location, name, problem))?,
            None => None,
        };
        Ok(Row { location, values, label, label_name })
    }

    /// The error of a column at `place` in the file that holds `found` from `location` on.
    pub(crate) fn refuse(&self, place: usize, location: Location, found: &'static str) -> DataError {
        let cell = Cell::Other(found);
        let value = self.values.iter().find(|(_, other)| *other == place);
        let label = self.label.iter().chain(&self.label_name).find(|(_, other)| *other == place);
        let (name, problem) = match (value, label) {
            (Some((column, _)), _) => (&column.name, column.read(cell).err()),
            (None, Some((name, _))) => (name, labels::of_cell(cell).err()),
            (None, None) => unreachable!("columns that are not read are not refused"),
        };
        let problem = problem.expect("no kind of column makes something of other things");
        self.wrong_value(location, name, problem)
    }

    /// The error of a column's value at `location`.
    pub(crate) fn wrong_value(&self, location: Location, column: &str, problem: ValueError) -> DataError {
        DataError::Value { file: self.file.clone(), location, column: column.to_owned(), problem }
    }
}

impl Columns {
    /// Names of all columns of the file itself that are looked for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let requests = [&self.text, &self.pair, &self.label, &self.label_name].into_iter();
        requests.filter_map(ColumnRequest::name).chain(self.listed_names())
    }

    /// Names of the columns of the file itself that must be there.
    fn required(&self) -> impl Iterator<Item = &str> {
        let requests = [&self.text, &self.pair, &self.label, &self.label_name].into_iter();
        let required = requests.filter_map(|request| match request {
            ColumnRequest::Required(name) => Some(name),
            _ => None,
        });
        required.map(String::as_str).chain(self.listed_names())
    }

    /// Adds a notice for each column that would be read if its name were written otherwise.
    pub(crate) fn note_similar(&self, present: &[String], file: &Path, notices: &NoticeLog) {
        let is_there = |name: &str| present.iter().any(|column| column == name);
        for wanted in [&self.pair, &self.label].into_iter().filter_map(ColumnRequest::name) {
            let similar = present.iter().find(|column| column.to_lowercase() == wanted.to_lowercase());
            if let Some(found) = similar.filter(|_| !is_there(wanted)) {
                let kind = NoticeKind::SimilarColumn { found: found.clone(), wanted: wanted.to_owned() };
                notices.add(file, kind, None);
            }
        }
    }

    /// Tells of a file without the column of labels, one of whose other columns may be it.
    pub(crate) fn tell_no_label(&self, present: &[String], file: &Path, notices: &NoticeLog) {
        let ColumnRequest::IfPresent(wanted) = &self.label else { return };
        let is_read = |name: &String| name.is_empty() || self.names().any(|other| other == name);
        let unread: Vec<String> = present.iter().filter(|name| !is_read(name)).cloned().collect();
        // A column that differs in its case alone has been told.
        let is_told = unread.iter().any(|name| name.to_lowercase() == wanted.to_lowercase());
        if !unread.is_empty() && !is_told {
            notices.add(file, NoticeKind::NoLabelColumn { wanted: wanted.clone(), unread }, None);
        }
    }

    /// The columns of the file itself that are required by name, as they are read. One with a type is read by it, whatever
    /// kind it is listed under.
    fn listed(&self) -> Vec<ValueColumn> {
        let vectors = self.vectors.iter().filter(|name| !is_array_file(name));
        let vectors = vectors.map(|name| (name, ValueKind::Vector));
        let numbers = self.numbers.iter().map(|name| (name, ValueKind::Number));
        let categories = self.categories.iter().map(|name| (name, ValueKind::Category));
        let plain =
            vectors.chain(numbers).chain(categories).filter(|(name, _)| !self.types.contains_key(*name));
        let plain = plain.map(|(name, kind)| ValueColumn::new(name, kind));
        plain.chain(self.types.iter().map(|(name, of)| ValueColumn::of_type(name, *of))).collect()
    }

    /// Their names, and those of columns that are carried.
    fn listed_names(&self) -> impl Iterator<Item = &str> {
        let lists =
            self.numbers.iter().chain(&self.categories).filter(|name| !self.types.contains_key(*name));
        let vectors = self.vectors.iter().filter(|name| !is_array_file(name));
        vectors.chain(lists).chain(self.types.keys()).chain(&self.carried).map(String::as_str)
    }

    /// Names of the vectors that stand in files beside the data file.
    pub(crate) fn array_files(&self) -> impl Iterator<Item = &String> {
        self.vectors.iter().filter(|name| is_array_file(name))
    }
}

/// Whether a column's name is that of an array in a file: `embedding.npy`, `teacher.npz:embeddings`.
#[must_use]
pub fn is_array_file(name: &str) -> bool {
    let ends_in = |name: &str, ending| Path::new(name).extension().is_some_and(|found| found == ending);
    ends_in(name, "npy") || name.rsplit_once(':').is_some_and(|(file, _)| ends_in(file, "npz"))
}
