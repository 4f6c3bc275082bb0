//! The recipe of a quickstart.

use std::fs;
use std::path::{Path, PathBuf};

use lelp_data::Schema;
use lelp_data::storage::FileError;
use lelp_train::distill::SettingsTableError;
use toml::{Table, Value};

use super::own_data::OwnData;
use crate::failure::Failure;

/// The encoder of texts by default.
const ENCODER: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// The student of texts, numbers and categories. It has fewer buckets than the default: queries have few words, and the
/// table is most of the file.
const NGRAM: &str = r#"
[[students]]
name = "n-gram"
student = "ngram"
buckets = 65536
width = 64
"#;

/// The part of the recipe that is the same in every quickstart.
const METHODS: &str = r#"
[[methods]]
method = "ce"

[[methods]]
method = "kd"

[[methods]]
method = "lelp"

[[methods]]
method = "kmeans"

# Methods, features and layers raced on the validation rows.
[[methods]]
method = "auto"
"#;

/// The baseline that most would fit to texts first.
const BASELINE: &str = r#"
[[methods]]
name = "tf-idf"
method = "ce"
model = { student = "tfidf" }
"#;

/// The line of a recipe that says which data a quickstart was asked about: those of another one are not put in their place.
pub(super) fn source(data: Option<&Path>) -> String {
    let whole = data.map(|data| fs::canonicalize(data).unwrap_or_else(|_| data.to_owned()));
    let whole = whole.map_or_else(|| "bundled".to_owned(), |whole| whole.display().to_string());
    format!("# Data: {}\n", whole.escape_debug())
}

/// A path as a recipe can hold it.
fn utf8(name: &str, path: PathBuf) -> Result<String, SettingsTableError> {
    let refused = |path| SettingsTableError::NotUtf8 { name: name.to_owned(), path: PathBuf::from(path) };
    path.into_os_string().into_string().map_err(refused)
}

/// The recipe as TOML that a person can change, for data of a name or the bundled ones.
///
/// Texts are read by `encoder`, and by the default one where none is given. Vectors are nothing that an n-gram student
/// reads: then the student is an MLP.
pub(super) fn text(
    data: Option<(&str, &OwnData)>,
    encoder: Option<&str>,
    seeds: u64,
) -> Result<String, Failure> {
    let word = |text: &str| Value::String(text.to_owned());
    let columns = data.map(|(_, own)| own.columns.clone()).unwrap_or_default();
    let schema = data.map_or_else(Schema::of_text, |(_, own)| own.schema.clone());
    let (name, path) = match data {
        None => ("about a card", "bundled".to_owned()),
        Some((name, OwnData { path, .. })) => {
            // The recipe's own folder is another one.
            let whole =
                fs::canonicalize(path).map_err(|source| FileError::Read { path: path.clone(), source })?;
            (name, utf8("data", whole)?)
        }
    };
    let encoder = encoder.or(schema.text().map(|_| ENCODER));
    let encoder = encoder.map(|encoder| {
        let whole = fs::canonicalize(encoder).ok().filter(|folder| folder.is_dir());
        let encoder = whole.map_or_else(|| Ok(encoder.to_owned()), |folder| utf8("encoder", folder))?;
        Ok::<_, SettingsTableError>(("encoder".to_owned(), Value::String(encoder)))
    });
    let encoder = encoder.transpose()?;
    let columns = Table::try_from(&columns).expect("names of columns are words");
    let data = Table::from_iter([
        ("name".to_owned(), word(name)),
        ("path".to_owned(), Value::String(path)),
        ("columns".to_owned(), Value::Table(columns)),
    ]);
    let head = if schema.is_text_only() { "head on a frozen encoder" } else { "head on columns" };
    let teacher: Table = [("name".to_owned(), word(head))].into_iter().chain(encoder.clone()).collect();
    let student = if schema.vectors().next().is_some() {
        let mlp = [("name".to_owned(), word("MLP")), ("student".to_owned(), word("mlp"))];
        let students = Value::Array(vec![Value::Table(mlp.into_iter().chain(encoder).collect())]);
        format!("\n{}", Table::from_iter([("students".to_owned(), students)]))
    } else {
        NGRAM.to_owned()
    };
    let own = Table::from_iter([
        ("trials".to_owned(), Value::Integer(12)),
        ("seeds".to_owned(), Value::Integer(i64::try_from(seeds).unwrap_or(i64::MAX))),
        ("baseline".to_owned(), word("kd")),
        ("data".to_owned(), Value::Array(vec![Value::Table(data)])),
        ("teachers".to_owned(), Value::Array(vec![Value::Table(teacher)])),
    ]);
    let baseline = schema.text().map_or("", |_| BASELINE);
    Ok(format!(
        "# Written by `lelp quickstart`; to change it, copy it and run `lelp compare --recipe COPY`.\n{own}{student}{METHODS}{baseline}"
    ))
}
