//! A data set as JSON Lines.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::column_types::ColumnType;
use crate::dataset::Dataset;
use crate::storage::{self, FileError};
use crate::table::{ColumnKind, Field, Table};

/// Writes the rows of a data set with the names of their classes: texts in columns `text` and `text_pair`, classes in
/// `label`, all else under its own name, and columns of `types` as these write them.
///
/// # Errors
/// [`FileError`] if the file cannot be written.
pub fn write_json_lines(
    data: &Dataset,
    types: &BTreeMap<String, ColumnType>,
    file: &Path,
) -> Result<(), FileError> {
    let name = |class: u32| &data.label_names()[class as usize];
    storage::write_with(file, |writer| {
        for row in 0..data.rows() {
            let mut object = values(data.table(), types, row);
            let label = data.labels().and_then(|labels| labels[row]).map(name);
            object.insert("label".to_owned(), json!(label));
            writeln!(writer, "{}", Value::Object(object))?;
        }
        Ok(())
    })
}

fn values(table: &Table, types: &BTreeMap<String, ColumnType>, row: usize) -> Map<String, Value> {
    let name = |name: &str, kind| match kind {
        ColumnKind::Text => "text".to_owned(),
        ColumnKind::TextPair => "text_pair".to_owned(),
        _ => name.to_owned(),
    };
    let fields = table.schema().fields().iter().enumerate();
    let value = |(place, field): (usize, &Field)| {
        let value = table.value(row, place);
        let written = types.get(&field.name).map_or(json!(value), |of| json!(of.write(value)));
        (name(&field.name, field.kind), written)
    };
    fields.map(value).collect()
}
