//! Names and kinds of a table's columns.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ColumnKind {
    /// The text, or the first of a pair; at most one column.
    Text,
    /// The second text of a pair; at most one column.
    TextPair,
    /// A vector of 32-bit floats, all of one width, all finite.
    Vector {
        /// Numbers of each vector; at least 1.
        width: usize,
    },
    /// A finite 64-bit float, or nothing.
    Number,
    /// A word out of an open list, or nothing.
    Category,
}

impl ColumnKind {
    /// Whether it is a text, the first or the second of a pair.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::TextPair)
    }

    /// The kind in words, for messages.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::TextPair => "the second text of a pair".to_owned(),
            Self::Vector { width } => format!("a vector of {width} numbers"),
            Self::Number => "a number".to_owned(),
            Self::Category => "a category".to_owned(),
        }
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// Its name in the file.
    pub name: String,
    /// What it holds.
    #[serde(flatten)]
    pub kind: ColumnKind,
}

impl Field {
    /// A column called `name`.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        Self { name: name.into(), kind }
    }
}

/// The columns of a table, in order; a model's folder carries the schema of what the model reads.
///
/// Names differ, there is at least one column, at most one [`ColumnKind::Text`], a [`ColumnKind::TextPair`] only
/// beside it, and no vector of width 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Field>", into = "Vec<Field>")]
pub struct Schema {
    fields: Vec<Field>,
}

/// Why columns are no schema, or a table does not have the columns that are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// There is no column at all.
    #[error("a table needs at least 1 column, but has 0")]
    NoColumns,
    /// Two columns have one name.
    #[error("two columns are called `{column}`; each needs a name of its own")]
    SameName {
        /// The name.
        column: String,
    },
    /// Two columns of a kind of which there is one at most.
    #[error("columns `{first}` and `{second}` are both {}; at most 1 can be", .kind.describe())]
    TwoOfKind {
        /// The kind.
        kind: ColumnKind,
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
    /// A vector without numbers, or with more than a table can address.
    #[error("column `{column}` is a vector of width {width}, but the width must be in 1..={}", i32::MAX)]
    Width {
        /// The column.
        column: String,
        /// Its width.
        width: usize,
    },
    /// A column that is read is not there.
    #[error("there is no column `{column}` ({}); there are {}", .kind.describe(), listed(.present))]
    Missing {
        /// The column.
        column: String,
        /// What it should hold.
        kind: ColumnKind,
        /// Names of the columns that are there.
        present: Vec<String>,
    },
    /// A column holds something else than what is read.
    #[error("column `{column}` holds {}, but {} is needed", .found.describe(), .needed.describe())]
    Kind {
        /// The column.
        column: String,
        /// What it holds.
        found: ColumnKind,
        /// What it should hold.
        needed: ColumnKind,
    },
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Schema {
    /// Checks columns, once; see [`Schema`] for what must hold.
    pub fn new(fields: Vec<Field>) -> Result<Self, SchemaError> {
        if fields.is_empty() {
            return Err(SchemaError::NoColumns);
        }
        for (place, field) in fields.iter().enumerate() {
            let earlier = &fields[..place];
            if earlier.iter().any(|other| other.name == field.name) {
                return Err(SchemaError::SameName { column: field.name.clone() });
            }
            if let Some(first) = earlier.iter().find(|other| field.kind.is_text() && other.kind == field.kind)
            {
                let (first, second) = (first.name.clone(), field.name.clone());
                return Err(SchemaError::TwoOfKind { kind: field.kind, first, second });
            }
            if let ColumnKind::Vector { width } = field.kind
                && (width == 0 || i32::try_from(width).is_err())
            {
                return Err(SchemaError::Width { column: field.name.clone(), width });
            }
        }
        let schema = Self { fields };
        match (schema.text(), schema.pair()) {
            (None, Some(pair)) => Err(SchemaError::PairAlone { column: schema.fields[pair].name.clone() }),
            _ => Ok(schema),
        }
    }

    /// A text column called `text` and nothing else: what most models of text read.
    #[must_use]
    pub fn of_text() -> Self {
        Self { fields: vec![Field::new("text", ColumnKind::Text)] }
    }

    /// The columns in order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Place of the column called `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Place of the text.
    #[must_use]
    pub fn text(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.kind == ColumnKind::Text)
    }

    /// Place of the second text of a pair.
    #[must_use]
    pub fn pair(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.kind == ColumnKind::TextPair)
    }

    /// Place of the text, for those that read nothing else.
    ///
    /// # Errors
    /// [`SchemaError::Missing`] if there is none.
    pub fn require_text(&self) -> Result<usize, SchemaError> {
        self.place_of(&Field::new("text", ColumnKind::Text))
    }

    /// Places and widths of the vectors.
    pub fn vectors(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.fields.iter().enumerate().filter_map(|(place, field)| match field.kind {
            ColumnKind::Vector { width } => Some((place, width)),
            _ => None,
        })
    }

    /// Places of the numbers.
    pub fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.of_kind(ColumnKind::Number)
    }

    /// Places of the categories.
    pub fn categories(&self) -> impl Iterator<Item = usize> + '_ {
        self.of_kind(ColumnKind::Category)
    }

    fn of_kind(&self, kind: ColumnKind) -> impl Iterator<Item = usize> + '_ {
        self.fields.iter().enumerate().filter_map(move |(place, field)| (field.kind == kind).then_some(place))
    }

    /// Whether there is nothing but a text or a pair of texts.
    #[must_use]
    pub fn is_text_only(&self) -> bool {
        self.fields.iter().all(|field| field.kind.is_text())
    }

    /// Places, in this schema, of the columns that `needed` names.
    ///
    /// A text and a second text are found by their kind, whatever their names: there is one of each. All others
    /// are found by name and must be of the same kind, vectors of the same width.
    ///
    /// # Errors
    /// [`SchemaError::Missing`] or [`SchemaError::Kind`] for the first column that is absent or of another kind.
    pub fn places_of(&self, needed: &Self) -> Result<Vec<usize>, SchemaError> {
        needed.fields.iter().map(|field| self.place_of(field)).collect()
    }

    fn place_of(&self, needed: &Field) -> Result<usize, SchemaError> {
        let place = match needed.kind {
            ColumnKind::Text => self.text(),
            ColumnKind::TextPair => self.pair(),
            _ => self.column(&needed.name),
        };
        let place = place.ok_or_else(|| SchemaError::Missing {
            column: needed.name.clone(),
            kind: needed.kind,
            present: self.fields.iter().map(|field| field.name.clone()).collect(),
        })?;
        let found = self.fields[place].kind;
        if found == needed.kind {
            return Ok(place);
        }
        Err(SchemaError::Kind { column: needed.name.clone(), found, needed: needed.kind })
    }
}

impl TryFrom<Vec<Field>> for Schema {
    type Error = SchemaError;

    fn try_from(fields: Vec<Field>) -> Result<Self, SchemaError> {
        Self::new(fields)
    }
}

impl From<Schema> for Vec<Field> {
    fn from(schema: Schema) -> Self {
        schema.fields
    }
}
