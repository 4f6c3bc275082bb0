//! Settings of methods and terms as files have them: a name, and values by theirs.

use lelp::Parameter;
use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The key that holds the method's name.
pub(crate) const NAME_KEY: &str = "method";

/// Settings by name: structs of numbers, words and switches.
pub(crate) fn to_map(settings: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(settings)) => settings,
        _ => Map::new(),
    }
}

/// The name first, then values in the order in which they are described.
pub(crate) fn serialize_named<S: Serializer>(
    name: &str,
    parameters: &[Parameter],
    values: &Map<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(NAME_KEY, name)?;
    for parameter in parameters {
        if let Some(value) = values.get(parameter.name) {
            map.serialize_entry(parameter.name, value)?;
        }
    }
    map.end()
}

/// The name, and all other values.
pub(crate) fn named_values<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(String, Map<String, Value>), D::Error> {
    let mut values = Map::<String, Value>::deserialize(deserializer)?;
    match values.remove(NAME_KEY) {
        Some(Value::String(name)) => Ok((name, values)),
        Some(other) => {
            Err(D::Error::custom(format_args!("`{NAME_KEY}` is {other}: give the name of a method")))
        }
        None => Err(D::Error::missing_field(NAME_KEY)),
    }
}
