//! The recipe of a quickstart.

use std::fs;
use std::path::Path;

use lelp_data::ColumnSettings;
use lelp_data::storage::FileError;
use toml::{Table, Value};

use crate::failure::Failure;

/// The part of the recipe that is the same in every quickstart. It has fewer buckets than the student's default: queries
/// have few words, and the table is most of the file.
const COMMON: &str = r#"
[[students]]
name = "n-gram"
student = "ngram"
buckets = 65536
width = 64

[[methods]]
method = "ce"

[[methods]]
method = "kd"

[[methods]]
method = "lelp"

[[methods]]
method = "kmeans"
"#;

/// The recipe as TOML that a person can change.
pub(super) fn text(
    data: Option<&Path>,
    encoder: &str,
    seeds: u64,
    columns: &ColumnSettings,
) -> Result<String, Failure> {
    let word = |text: &str| Value::String(text.to_owned());
    let (name, path) = match data {
        None => ("about a card".to_owned(), "bundled".to_owned()),
        Some(data) => {
            // The recipe's own folder is another one.
            let whole =
                fs::canonicalize(data).map_err(|source| FileError::Read { path: data.to_owned(), source })?;
            (
                data.file_name().unwrap_or(data.as_os_str()).to_string_lossy().into_owned(),
                whole.to_string_lossy().into_owned(),
            )
        }
    };
    let whole = fs::canonicalize(encoder).ok().filter(|folder| folder.is_dir());
    let encoder = whole.map_or_else(|| encoder.to_owned(), |folder| folder.to_string_lossy().into_owned());
    let columns = Table::try_from(columns).expect("names of columns are words");
    let data = Table::from_iter([
        ("name".to_owned(), Value::String(name)),
        ("path".to_owned(), Value::String(path)),
        ("columns".to_owned(), Value::Table(columns)),
    ]);
    let teacher = Table::from_iter([
        ("name".to_owned(), word("head on a frozen encoder")),
        ("encoder".to_owned(), Value::String(encoder)),
    ]);
    let own = Table::from_iter([
        ("trials".to_owned(), Value::Integer(12)),
        ("seeds".to_owned(), Value::Integer(i64::try_from(seeds).unwrap_or(i64::MAX))),
        ("baseline".to_owned(), word("kd")),
        ("data".to_owned(), Value::Array(vec![Value::Table(data)])),
        ("teachers".to_owned(), Value::Array(vec![Value::Table(teacher)])),
    ]);
    Ok(format!(
        "# Written by `lelp quickstart`; to change it, copy it and run `lelp compare --recipe COPY`.\n{own}{COMMON}"
    ))
}
