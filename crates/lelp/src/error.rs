//! Errors of arrays, settings and fits.

use thiserror::Error;

use crate::{Classified, ErrorKind};

/// Two counts that have to be equal are not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}: found {found}, expected {expected}")]
pub struct ShapeError {
    /// What was counted.
    pub what: &'static str,
    /// The count in the argument.
    pub found: usize,
    /// The count that the other arguments require.
    pub expected: usize,
}

impl ShapeError {
    /// `Ok` where `found == expected`.
    pub(crate) fn check(what: &'static str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Self { what, found, expected }) }
    }
}

/// Why arrays cannot be taken as the signals of a teacher.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SignalsError {
    /// Lengths do not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// An embedding has no columns.
    #[error("width is 0, but an embedding needs at least 1 column")]
    NoWidth,
    /// Fewer than two classes.
    #[error(
        "found {classes} classes, but a classifier has at least 2; read a one-output teacher through `logits_of_sigmoid`"
    )]
    TooFewClasses {
        /// Classes given.
        classes: usize,
    },
    /// A value is infinite or not a number.
    #[error(
        "{what} row {row}, column {column} is {value}, but must be finite; drop the row or mend the teacher"
    )]
    NotFinite {
        /// Which array.
        what: &'static str,
        /// Row in the data set (first row 0).
        row: u64,
        /// Column of the array.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A label is out of range.
    #[error("label of row {row} is {label}, but must be in 0..{classes}, or -1 for none")]
    LabelOutOfRange {
        /// Row in the data set (first row 0).
        row: u64,
        /// The label.
        label: i32,
        /// Classes of the teacher.
        classes: usize,
    },
    /// A value is not a probability.
    #[error("probability of row {row}, class {class} is {value}, but must be in 0..=1; are these logits?")]
    NotAProbability {
        /// Row of the array (first row 0).
        row: usize,
        /// Column of the array.
        class: usize,
        /// The value.
        value: f32,
    },
    /// The probabilities of a row do not sum to one.
    #[error("probabilities of row {row} sum to {sum}, but must sum to 1; are these logits?")]
    NotNormalised {
        /// Row of the array (first row 0).
        row: usize,
        /// Their sum.
        sum: f64,
    },
}

/// Why statistics cannot be gathered or a split cannot be fitted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// Width or classes differ between arguments.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// Members are taken by label, but the signals have no labels.
    #[error("members by label need labels, but {rows} rows have none; take members by teacher")]
    NoLabels {
        /// Rows of the signals.
        rows: usize,
    },
    /// A class has too few members for its subclasses.
    #[error("class {class} has {rows} rows, but {subclasses} subclasses need at least {}; lower the subclasses or fit on more rows", .subclasses + 1)]
    ClassTooSmall {
        /// The class.
        class: usize,
        /// Its members.
        rows: u64,
        /// Subclasses asked for.
        subclasses: usize,
    },
    /// Every row has the same class.
    #[error(
        "all {rows} rows are of class {class}, but {classes} classes need rows; are teacher and data of one task?"
    )]
    OneClass {
        /// The only class with members.
        class: usize,
        /// Its members.
        rows: u64,
        /// Classes of the teacher.
        classes: usize,
    },
    /// The null space of the head has too few dimensions.
    #[error("embeddings have width {width} and the head takes {rank}, which leaves {}, but {subclasses} subclasses need {subclasses}; lower the subclasses or turn the null space off", .width - .rank)]
    TooNarrow {
        /// Columns of an embedding.
        width: usize,
        /// Dimensions the head reads (0 with the null space off).
        rank: usize,
        /// Subclasses asked for.
        subclasses: usize,
    },
    /// Moments overflowed: embeddings or logits are too large for any use.
    #[error("moments of class {class} are not finite after {rows} rows; scale the embeddings or logits down")]
    Overflow {
        /// The class.
        class: usize,
        /// Its members.
        rows: u64,
    },
    /// The eigenvalue iteration did not end.
    #[error("no eigenvectors found for a {size} x {size} matrix; please report this with the signals")]
    NoEigenvectors {
        /// Rows of the matrix.
        size: usize,
    },
    /// The split is by fine labels, but the rows have none.
    #[error(
        "subclasses by fine labels need a fine label column, but these rows came without one; name the column"
    )]
    NoFineLabels,
    /// No row of a class has a fine label.
    #[error(
        "class {class} has no row with a fine label, so it cannot be split by them; is the column right?"
    )]
    NoFineLabelsOfClass {
        /// The class.
        class: usize,
    },
    /// The statistics were gathered for another split.
    #[error(
        "the statistics hold no {lacks} for these settings; gather them for the requirements of the same settings"
    )]
    MissingStatistics {
        /// What is missing.
        lacks: &'static str,
    },
    /// The system gives no thread.
    #[error("the system gives no thread to run t-SNE in; free some, or take another split")]
    NoThread,
}

impl Classified for ShapeError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for SignalsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for FitError {
    fn kind(&self) -> ErrorKind {
        match self {
            // A symmetric matrix of finite numbers has eigenvectors, and statistics are gathered by requirements.
            Self::NoEigenvectors { .. } | Self::MissingStatistics { .. } => ErrorKind::Defect,
            Self::NoThread => ErrorKind::Environment,
            Self::Shape(_)
            | Self::NoLabels { .. }
            | Self::ClassTooSmall { .. }
            | Self::OneClass { .. }
            | Self::TooNarrow { .. }
            | Self::Overflow { .. }
            | Self::NoFineLabels
            | Self::NoFineLabelsOfClass { .. } => ErrorKind::Input,
        }
    }
}
