//! Which columns of a file hold the texts and the labels.

/// A column that a file may or must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Not read, even where the file has one.
    No,
    /// Read where the file has it.
    IfPresent(String),
    /// A file without it is an error.
    Required(String),
}

impl Wanted {
    /// The column's name, unless it is not wanted.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::No => None,
            Self::IfPresent(name) | Self::Required(name) => Some(name),
        }
    }
}

/// Names of the columns to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The text; every file must have it.
    pub text: String,
    /// The second text of a pair.
    pub pair: Wanted,
    /// The label: a name, or a number.
    pub label: Wanted,
    /// Names for labels that are numbers.
    pub label_name: Wanted,
}

impl Default for Columns {
    /// `text`, and `text_pair`, `label` and `label_name` where they are present.
    fn default() -> Self {
        let if_present = |name: &str| Wanted::IfPresent(name.to_owned());
        Self {
            text: "text".to_owned(),
            pair: if_present("text_pair"),
            label: if_present("label"),
            label_name: if_present("label_name"),
        }
    }
}

impl Columns {
    /// The default columns, with those that a user named in their place; a column that is named is required.
    #[must_use]
    pub fn named(text: Option<String>, pair: Option<String>, label: Option<String>) -> Self {
        let default = Self::default();
        // Names in `label_name` belong to the default label; another label column brings its own.
        let label_name = if label.is_some() { Wanted::No } else { default.label_name };
        Self {
            text: text.unwrap_or(default.text),
            pair: pair.map_or(default.pair, Wanted::Required),
            label: label.map_or(default.label, Wanted::Required),
            label_name,
        }
    }
}

/// Places of the wanted columns in a file with a fixed header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) text: usize,
    pub(super) pair: Option<usize>,
    pub(super) label: Option<usize>,
    pub(super) label_name: Option<usize>,
}

impl Columns {
    /// Finds the wanted columns among those of a file; `Err` is the required one that is missing.
    pub(super) fn find(&self, present: &[String]) -> Result<Places, String> {
        let place = |name: &str| present.iter().position(|column| column == name);
        let find = |wanted: &Wanted| match wanted {
            Wanted::No => Ok(None),
            Wanted::IfPresent(name) => Ok(place(name)),
            Wanted::Required(name) => place(name).map(Some).ok_or_else(|| name.clone()),
        };
        Ok(Places {
            text: place(&self.text).ok_or_else(|| self.text.clone())?,
            pair: find(&self.pair)?,
            label: find(&self.label)?,
            label_name: find(&self.label_name)?,
        })
    }
}
