//! A teacher that is not here, an LLM or a service, whose answers stand in columns of a data file.

use lelp::SignalsError;
use lelp::signals::{logits_of_probabilities, logits_of_sigmoid};
use lelp_data::{Dataset, Table};
use thiserror::Error;

/// What the columns hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// Probabilities, of every class or of the second of two.
    Probabilities,
    /// Logits, of every class or the one of a sigmoid.
    Logits,
}

/// Why columns hold no answers.
#[derive(Debug, Error)]
pub enum AnswersError {
    /// A row has no answer.
    #[error("row {row} of `{}` has nothing in column `{column}`; every row needs the teacher's answer", file.display())]
    Missing {
        /// The file.
        file: std::path::PathBuf,
        /// The row, from 0.
        row: usize,
        /// The column.
        column: String,
    },
    /// What stands there are no probabilities.
    #[error("the columns {} of `{}` hold no probabilities", columns.join(", "), file.display())]
    Values {
        /// The file.
        file: std::path::PathBuf,
        /// The columns.
        columns: Vec<String>,
        /// What is wrong, and in which row.
        source: SignalsError,
    },
}

/// Logits `[rows, classes]` of the answers in all columns of `data`, which are numbers: one column a class, or one column
/// for the second of two classes.
pub fn logits_of_columns(data: &Dataset, kind: AnswerKind) -> Result<Vec<f32>, AnswersError> {
    let (table, columns) = (data.table(), data.schema().fields().len());
    let mut values = Vec::with_capacity(table.rows() * columns);
    for row in 0..table.rows() {
        for column in 0..columns {
            values.push(answer(data, table, row, column)?);
        }
    }
    let classes = columns.max(2);
    match kind {
        AnswerKind::Logits if columns == 1 => Ok(logits_of_sigmoid(&values)),
        AnswerKind::Logits => Ok(values),
        AnswerKind::Probabilities => {
            if columns == 1 {
                values = values.iter().flat_map(|&second| [1.0 - second, second]).collect();
            }
            logits_of_probabilities(&values, classes).map_err(|source| AnswersError::Values {
                file: data.file().to_owned(),
                columns: data.schema().fields().iter().map(|field| field.name.clone()).collect(),
                source,
            })
        }
    }
}

fn answer(data: &Dataset, table: &Table, row: usize, column: usize) -> Result<f32, AnswersError> {
    let missing = || AnswersError::Missing {
        file: data.file().to_owned(),
        row,
        column: data.schema().fields()[column].name.clone(),
    };
    table.number(row, column).map(|value| value as f32).ok_or_else(missing)
}
