//! All settings and hashes.

use maud::{Markup, html};
use serde_json::Value;

use super::table::Table;
use crate::run_report::SettingsSection;

/// Most lines of a table: a hostile recipe could have any number.
const MOST_LINES: usize = 2000;

/// One folded table for each section.
pub(super) fn html(sections: &[SettingsSection]) -> Markup {
    html! {
        @for SettingsSection { heading, values } in sections {
            details class="settings" { summary { (heading) } (table(values).html(heading)) }
        }
    }
}

fn table(values: &Value) -> Table {
    let mut lines = Vec::new();
    flatten("", values, &mut lines);
    let mut table = Table::new(&["setting", "value"]);
    lines.into_iter().take(MOST_LINES).for_each(|(name, value)| table.row([name, value]));
    table
}

/// Collects the leaves of a JSON value with their paths, such as `train.seed`.
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
