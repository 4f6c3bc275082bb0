//! Tables that stand in JSON otherwise than as one object a row, as pandas writes them unless asked.

use serde_json::Value;

use super::Object;
use crate::columns::Columns;

/// Whether `object` holds a whole table: lists or objects of values by column (`{"text": {"0": ..}}`), objects of columns
/// by row (`{"0": {"text": ..}}`), or rows beside the names of their columns (`{"columns": [..], "data": [[..]]}`).
pub(super) fn is_table(object: &Object, columns: &Columns) -> bool {
    let names = || columns.text.name().into_iter().chain(columns.label.name());
    let several = |value: &Value| match value {
        Value::Array(values) => values.iter().filter(|value| value.is_string()).count() > 1,
        Value::Object(values) => values.len() > 1 && values.keys().all(|key| key.parse::<u64>().is_ok()),
        _ => false,
    };
    let by_column = || columns.text.name().and_then(|name| object.get(name)).is_some_and(several);
    let has_name = |value: &Value| names().any(|name| value.get(name).is_some());
    let by_row = || !object.is_empty() && object.values().all(|value| value.is_object() && has_name(value));
    let is_split = || {
        let rows = object.get("data").and_then(Value::as_array);
        object.contains_key("columns") && rows.is_some_and(|rows| rows.iter().all(Value::is_array))
    };
    by_column() || by_row() || is_split()
}
