//! All settings and hashes.

use serde_json::Value;

use super::html::{Table, escape};
use crate::story::Settings;

/// Lines of settings at most, of one heading: a hostile recipe has no end.
const LINES: usize = 2000;

/// A table for each heading, folded.
pub(super) fn html(settings: &[Settings]) -> String {
    let tables = settings.iter().map(|settings| {
        let mut table = Table::new(&["setting", "value"]);
        let mut lines = Vec::new();
        flatten("", &settings.values, &mut lines);
        lines.into_iter().take(LINES).for_each(|(name, value)| table.row([name, value]));
        let table = table.html(&settings.heading);
        format!(
            "<details class=\"settings\"><summary>{}</summary>{table}</details>\n",
            escape(&settings.heading)
        )
    });
    tables.collect()
}

/// Leaves of a JSON value by their paths, as `train.seed`.
fn flatten(path: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&inner, value, lines);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (place, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{place}]"), item, lines);
            }
        }
        Value::Null => lines.push((path.to_owned(), "none".to_owned())),
        Value::String(word) => lines.push((path.to_owned(), word.clone())),
        other => lines.push((path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_has_its_path() {
        let value = serde_json::json!({ "a": { "b": 1, "c": [1, 2] }, "d": [{ "e": null }], "f": {} });
        let mut lines = Vec::new();
        flatten("", &value, &mut lines);
        let lines: Vec<String> = lines.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(lines, ["a.b=1", "a.c=[1,2]", "d[0].e=none", "f={}"]);
    }
}
