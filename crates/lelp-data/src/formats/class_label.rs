//! Names of classes in the metadata that the Python library `datasets` writes.

use serde_json::Value;

use crate::labels::class_names;

/// The entry of the metadata.
pub(super) const KEY: &str = "huggingface";

/// The names of the column `label`, if it is a `ClassLabel`; `about` is JSON, and untrusted.
pub(super) fn names(about: &str, label: &str) -> Option<Vec<String>> {
    let about: Value = serde_json::from_str(about).ok()?;
    let names = about["info"]["features"][label]["names"].as_array()?;
    let names: Vec<String> =
        names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    class_names(&names).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_column_and_differ() {
        let about = |names: &str| {
            format!(
                r#"{{"info":{{"features":{{"label":{{"names":{names},"_type":"ClassLabel"}},"text":{{"dtype":"string"}}}}}}}}"#
            )
        };
        assert_eq!(names(&about(r#"["neg", "pos"]"#), "label").unwrap(), ["neg", "pos"]);
        for (about, label) in [
            (about(r#"["a", "a"]"#), "label"),
            (about("[1]"), "label"),
            (about("[]"), "text"),
            ("{".into(), "label"),
        ] {
            assert_eq!(names(&about, label), None, "{about}");
        }
    }
}
