//! What a recipe or a caller leaves to `auto`.

use lelp_method::{MethodSettings, MethodSettingsError};
use serde::Serialize;
use serde_json::{Map, Value};
use toml::Table;

/// The word for a setting that is to be chosen.
pub const AUTO: &str = "auto";

/// The settings of a method that can be left to be chosen.
pub const AUTO_SETTINGS: [&str; 2] = ["subclasses", "beta"];

/// What is to be chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutoSpec {
    /// The method, and the student's features and layers.
    Method {
        /// Settings that every method that has them keeps.
        given: Map<String, Value>,
    },
    /// The split of a method that is given; one of the two at least.
    Split {
        /// Whether the number of subclasses is to be chosen.
        subclasses: bool,
        /// Whether the width of the split is.
        beta: bool,
    },
}

impl AutoSpec {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::Method { given: Map::new() }
    }

    /// Takes what is `auto` out of a table of a method's settings; none where nothing is.
    ///
    /// The table is then one of `kd`, where the method is to be chosen, or of the method with defaults for what is open.
    pub fn take(table: &mut Table) -> Option<Self> {
        let is_auto = |value: &toml::Value| value.as_str() == Some(AUTO);
        if table.get("method").is_some_and(is_auto) {
            let mut given = Map::new();
            let names: Vec<String> = table.keys().filter(|name| *name != "add").cloned().collect();
            for name in names {
                let Some(value) = table.remove(&name) else { continue };
                if !is_auto(&value) {
                    given.insert(name, serde_json::to_value(value).expect("a value of TOML is JSON"));
                }
            }
            table.insert("method".to_owned(), "kd".into());
            return Some(Self::Method { given });
        }
        let [subclasses, beta] = AUTO_SETTINGS.map(|key| {
            let open = table.get(key).is_some_and(is_auto);
            if open {
                table.remove(key);
            }
            open
        });
        (subclasses || beta).then_some(Self::Split { subclasses, beta })
    }

    /// Refuses a method in such a table that is neither one nor [`AUTO`].
    ///
    /// # Errors
    /// [`MethodSettingsError::UnknownMethod`] lists both.
    pub fn check_method(table: &Table) -> Result<(), MethodSettingsError> {
        let name = table.get("method").and_then(toml::Value::as_str).filter(|name| *name != AUTO);
        match name.map(MethodSettings::named) {
            Some(Err(MethodSettingsError::UnknownMethod { name, mut known })) => {
                known.push(AUTO);
                Err(MethodSettingsError::UnknownMethod { name, known })
            }
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Whether the method itself is to be chosen.
    #[must_use]
    pub fn chooses_method(&self) -> bool {
        matches!(self, Self::Method { .. })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn taken(text: &str) -> (Option<AutoSpec>, Table) {
        let mut table: Table = text.parse().unwrap();
        (AutoSpec::take(&mut table), table)
    }

    #[test]
    fn what_is_auto_is_taken_out_of_the_settings() {
        let (spec, table) =
            taken("method = 'auto'\nsubclasses = 8\nbeta = 'auto'\n[[add]]\nmethod = 'fitnet'");
        let given = serde_json::from_str(r#"{"subclasses": 8}"#).unwrap();
        assert_eq!(spec, Some(AutoSpec::Method { given }));
        assert_eq!(table, "method = 'kd'\n[[add]]\nmethod = 'fitnet'".parse().unwrap());
        let (spec, table) = taken("method = 'lelp'\nsubclasses = 8\nbeta = 'auto'");
        assert_eq!(spec, Some(AutoSpec::Split { subclasses: false, beta: true }));
        assert_eq!(table, "method = 'lelp'\nsubclasses = 8".parse().unwrap());
        assert_eq!(taken("method = 'lelp'\nsubclasses = 8").0, None);
    }
}
