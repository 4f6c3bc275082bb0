//! Data sets and signals, in memory and on disk: everything here is untrusted input until it is checked.
//!
//! | step | here |
//! |---|---|
//! | names of columns -> what a file must have | [`ColumnSettings`], [`Columns`] |
//! | file or stream -> rows | [`Format`], one file each in `formats/`; [`Examples`] for rows as they come |
//! | what a format holds -> what a column holds | `cells/`, one file for each kind of column |
//! | rows -> typed columns in memory, and views of them | [`Table`] with its [`Schema`] |
//! | table and labels -> data set | [`Dataset`]; [`Splits`] and [`hold_out`] for its parts |
//! | what splits have in common, and rows without labels beside them | [`split_overlaps`], [`Screen`] |
//! | a teacher's outputs on disk | [`signals`], [`import`] |
//! | files written whole or not at all | [`storage`] |
//!
//! ```
//! use lelp_data::{ColumnSettings, Dataset};
//!
//! let folder = std::env::temp_dir().join(format!("lelp-data-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let file = folder.join("train.csv");
//! std::fs::write(&file, "query,price,country,label\ncheap flights,9.5,de,ad\nweather,,fr,no\n")?;
//!
//! let columns = ColumnSettings {
//!     text: Some("query".into()),
//!     numbers: vec!["price".into()],
//!     categories: vec!["country".into()],
//!     ..ColumnSettings::default()
//! };
//! let data = Dataset::open(&file, &columns.columns())?;
//! let price = data.schema().column("price").ok_or("no such column")?;
//! assert_eq!(data.table().number(0, price), Some(9.5));
//! assert_eq!(data.table().number(1, price), None);
//! assert_eq!(data.select(&[1]).text(0), Some("weather".into()));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod array_columns;
mod arrays;
mod bounded_json;
mod cells;
mod column_settings;
mod column_types;
mod columns;
mod dataset;
mod error;
mod examples;
mod files;
mod fine;
mod fingerprint;
mod folder_hash;
mod formats;
mod git_lfs;
pub mod import;
mod labels;
mod notices;
mod overlaps;
mod saved_dataset;
pub mod signals;
mod splits;
pub mod storage;
mod table;
mod unlabelled;

pub use arrays::ArrayError;
pub use bounded_json::{
    BoundedJsonError, JsonLine, JsonLines, read_json, read_json_if_there, read_json_lines,
};
pub use cells::ValueError;
pub use column_settings::ColumnSettings;
pub use column_types::{ColumnType, UnknownColumnType};
pub use columns::{ColumnRequest, Columns, is_array_file};
pub use dataset::{Dataset, Rows, gather};
pub use error::{ClassNamesError, DataError, Location};
pub use examples::Examples;
pub use fine::FineColumn;
pub use folder_hash::{files_below, folder_hash, folder_hash_of};
pub use formats::{Format, write_json_lines};
pub use labels::class_names;
pub use lelp_core::Text;
pub use notices::{Notice, NoticeKind};
pub use overlaps::{SplitOverlap, overlaps, split_overlaps};
pub use signals::{
    Existing, Part, Precision, SignalsDescription, SignalsEmbeddings, SignalsFileError, SignalsFolder,
    SignalsWriter, StoredSignals,
};
pub use splits::{HoldOut, Splits, fold_of_rows, hold_out, hold_out_by_class};
pub use table::{ColumnKind, ColumnValues, Field, Schema, SchemaError, Table, TableError, TableValue};
pub use unlabelled::{NearDuplicates, Screen, UnlabelledReport, text_identity};
