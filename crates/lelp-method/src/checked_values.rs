//! Settings that are read are checked against their descriptions first: names, then ranges.

use lelp::Parameter;
use serde_json::{Map, Value};

use super::error::MethodSettingsError;

/// Refuses names that are not described, and numbers out of range.
pub(crate) fn check_values(
    parameters: &[Parameter],
    values: &Map<String, Value>,
) -> Result<(), MethodSettingsError> {
    for (name, value) in values {
        let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) else {
            let known = parameters.iter().map(|parameter| parameter.name).collect();
            return Err(MethodSettingsError::UnknownSetting { setting: name.clone(), known });
        };
        if let Some(value) = number(value) {
            parameter.check(value)?;
        }
    }
    Ok(())
}

/// The number that a value is; JSON has none for those that are not finite.
pub(crate) fn number(value: &Value) -> Option<f64> {
    if value.is_null() { Some(f64::NAN) } else { value.as_f64() }
}
