//! Why a recipe cannot be used.

use std::path::PathBuf;

use lelp::{Classified, ErrorKind};
use lelp_method::MethodError;
use lelp_train::training::TrainSettingsError;
use thiserror::Error;

use crate::space::SpaceError;

/// Why a recipe cannot be used.
#[derive(Debug, Error)]
pub enum ComparisonRecipeError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is not TOML, or has an unknown key or value.
    #[error("recipe `{}`: {}", path.display(), problem.to_string().trim_end())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        problem: Box<toml::de::Error>,
    },
    /// An entry of a list has an unknown key or value.
    #[error("recipe `{}`, the entry on line {line}: {problem}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Where the entry begins, from 1.
        line: usize,
        /// The reason.
        problem: String,
    },
    /// A list without entries.
    #[error("recipe: `{what}` is empty, but a comparison needs one or more")]
    Empty {
        /// Name of the list.
        what: &'static str,
    },
    /// A count of 0.
    #[error("recipe: `{what}` is 0: use 1 or more")]
    Zero {
        /// Name of the count.
        what: &'static str,
    },
    /// A count that no patience is enough for.
    #[error("recipe: `{what}` is {found}: use {largest} or less")]
    TooMany {
        /// Name of the count.
        what: &'static str,
        /// The number given.
        found: usize,
        /// The largest that is taken.
        largest: usize,
    },
    /// Two entries with the same name.
    #[error("recipe: two of `{what}` are called `{name}`; give one another `name`")]
    Twice {
        /// Name of the list.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that no table has room for, and no folder can be called by.
    #[error("recipe: a name in `{what}` has {found} characters: use {most} or fewer")]
    LongName {
        /// Name of the list.
        what: &'static str,
        /// Characters of the name.
        found: usize,
        /// The most that are taken.
        most: usize,
    },
    /// The baseline is not one of the methods.
    #[error("recipe: the baseline `{baseline}` is not among the methods: {}", methods.join(", "))]
    NoBaseline {
        /// The baseline.
        baseline: String,
        /// The methods.
        methods: Vec<String>,
    },
    /// A method out of its range.
    #[error("recipe: method `{name}`")]
    Method {
        /// Its name.
        name: String,
        /// The setting and its range.
        source: MethodError,
    },
    /// A search over values that do not exist or do not fit.
    #[error("recipe: method `{name}`")]
    SearchSpace {
        /// The method.
        name: String,
        /// The setting.
        source: SpaceError,
    },
    /// A training out of its range.
    #[error("recipe: {who} `{name}`")]
    Training {
        /// Whether it is a teacher's or a student's.
        who: &'static str,
        /// Its name.
        name: String,
        /// The setting and its range.
        source: TrainSettingsError,
    },
}

impl Classified for ComparisonRecipeError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() != std::io::ErrorKind::NotFound => {
                ErrorKind::Environment
            }
            _ => ErrorKind::Input,
        }
    }
}
