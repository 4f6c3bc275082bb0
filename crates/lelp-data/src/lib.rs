//! Data sets and signals on disk: everything here is untrusted input until it is checked.

mod array_columns;
mod arrays;
mod bounded_json;
mod cells;
mod column_settings;
mod columns;
mod dataset;
mod error;
mod examples;
mod fine;
mod fingerprint;
mod formats;
pub mod import;
mod labels;
pub mod signals;
mod splits;
pub mod storage;
mod table;
mod text;

pub use arrays::ArrayError;
pub use bounded_json::{BoundedJsonError, JsonLine, JsonLines, read_json, read_json_lines};
pub use cells::ValueError;
pub use column_settings::ColumnSettings;
pub use columns::{ColumnRequest, Columns};
pub use dataset::{Dataset, Rows, gather};
pub use error::{DataError, Location};
pub use examples::Examples;
pub use fine::FineColumn;
pub use formats::Format;
pub use signals::{
    Existing, Part, Precision, SignalsDescription, SignalsEmbeddings, SignalsFileError, SignalsFolder,
    SignalsWriter, StoredSignals,
};
pub use splits::{HoldOut, Splits, hold_out};
pub use table::{ColumnKind, ColumnValues, Field, Schema, SchemaError, Table, TableError};
pub use text::Text;
