//! Data sets and signals on disk: everything here is untrusted input until it is checked.

mod columns;
mod dataset;
mod delimited;
mod error;
mod examples;
mod fine;
mod format;
pub mod import;
mod json_lines;
mod labels;
mod parquet;
pub mod signals;
mod splits;
mod text_lines;

pub use columns::{Columns, Wanted};
pub(crate) use dataset::gather;
pub use dataset::{Dataset, Rows};
pub use error::{DataError, Place};
pub use examples::{Example, Examples};
pub use fine::FineColumn;
pub use format::Format;
pub use labels::Label;
pub use signals::{
    Existing, Part, Precision, SignalsDescription, SignalsEmbeddings, SignalsFileError, SignalsFolder,
    SignalsWriter, StoredSignals,
};
pub use splits::{HoldOut, Splits, hold_out};
