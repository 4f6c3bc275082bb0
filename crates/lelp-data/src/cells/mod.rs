//! What formats hold, a cell at a time, and what columns of each kind make of it.
//!
//! A format turns its rows into cells and knows no kinds of columns; a kind reads cells and knows no formats.

mod carried;
mod category;
mod number;
mod text;
mod vector;

use std::borrow::Cow;

use thiserror::Error;

/// What a format has in one column of one row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Nothing: null, or a field that is not there.
    Missing,
    /// A field of a format without types, such as CSV: whatever the column makes of it.
    Untyped(Cow<'a, str>),
    /// A string.
    Text(Cow<'a, str>),
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i128),
    /// A number.
    Float(f64),
    /// A day, by its number from 1970-01-01.
    Day(i32),
    /// A list of numbers.
    Numbers(Vec<f32>),
    /// What no column can hold, in words.
    Other(&'static str),
}

impl Cell<'_> {
    /// Bytes that it takes beside itself.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Untyped(text) | Self::Text(text) => text.len(),
            Self::Numbers(numbers) => size_of_val(numbers.as_slice()),
            _ => 0,
        }
    }

    /// What is there, for an error.
    fn describe(&self) -> String {
        match self {
            Self::Missing => "nothing".to_owned(),
            Self::Untyped(text) => format!("`{}`", shortened(text)),
            Self::Text(_) => "a string".to_owned(),
            Self::Boolean(_) => "a boolean".to_owned(),
            Self::Integer(_) | Self::Float(_) => "a number".to_owned(),
            Self::Numbers(numbers) if numbers.len() == 1 => "a list of 1 number".to_owned(),
            Self::Day(_) => "a date".to_owned(),
            Self::Numbers(numbers) => format!("a list of {} numbers", numbers.len()),
            Self::Other(what) => (*what).to_owned(),
        }
    }
}

/// At most 40 characters, so that an error stays a line.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// What a column made of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A text; only the second of a pair can be missing.
    Text(Option<String>),
    /// A vector of finite numbers, at least one.
    Vector(Vec<f32>),
    /// A finite number.
    Number(Option<f64>),
    /// A category that is not empty.
    Category(Option<String>),
}

impl Value {
    /// The number, of a column of numbers.
    pub(crate) fn into_number(self) -> Option<f64> {
        let Self::Number(number) = self else { unreachable!("a column of numbers has nothing else") };
        number
    }

    /// The category, of a column of categories.
    pub(crate) fn into_category(self) -> Option<String> {
        let Self::Category(category) = self else { unreachable!("a column of categories has nothing else") };
        category
    }
}

/// Kinds of columns, as they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Text,
    TextPair,
    Vector,
    Number,
    Category,
    /// A column that no model reads, as text.
    Carried,
}

impl ValueKind {
    /// What a column of this kind makes of a cell.
    pub(crate) fn read(self, cell: Cell<'_>) -> Result<Value, ValueError> {
        match self {
            Self::Text => text::first(cell).map(|text| Value::Text(Some(text))),
            Self::TextPair => text::second(cell).map(Value::Text),
            Self::Vector => vector::read(cell).map(Value::Vector),
            Self::Number => number::read(&cell).map(Value::Number),
            Self::Category => category::read(cell).map(Value::Category),
            Self::Carried => carried::read(cell).map(Value::Category),
        }
    }
}

/// Why a column cannot hold what a file has for it; reads on from "column `name`".
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ValueError {
    /// Another type of value.
    #[error("holds {found}, but {needed} is needed")]
    Type {
        /// What is there.
        found: String,
        /// What should be there.
        needed: &'static str,
    },
    /// Nothing, where there must be something.
    #[error("is empty (null) here")]
    Missing,
    /// A key that no row of a stream has had so far: it may be called otherwise.
    #[error("is in no row so far; where it has no value, write null")]
    Unseen,
    /// An infinity, or not a number.
    #[error("holds {value}, but numbers must be finite")]
    NotFinite {
        /// The value.
        value: f64,
    },
    /// A vector with an infinity, or with something that is not a number.
    #[error("holds {value} at place {place} of its vector, but numbers must be finite (as 32-bit floats)")]
    VectorNotFinite {
        /// Place in the vector, from 0.
        place: usize,
        /// The value.
        value: f32,
    },
    /// Vectors of different widths.
    #[error("holds a vector of {found} numbers, but {expected} in the rows before")]
    Width {
        /// Numbers of this vector.
        found: usize,
        /// Numbers of the first vector.
        expected: usize,
    },
}

impl ValueError {
    pub(crate) fn wrong_type(cell: &Cell<'_>, needed: &'static str) -> Self {
        Self::Type { found: cell.describe(), needed }
    }

    /// A text that is not written as it should be.
    pub(crate) fn unreadable(text: &str, needed: &'static str) -> Self {
        Self::Type { found: format!("`{}`", shortened(text)), needed }
    }
}
