//! JSON objects that are objects: derived code takes a list for one too, its fields by their places.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::refusal::Refusal;

/// A `T` that stands as an object.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = T;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Reader(PhantomData)).map(Self)
    }
}

/// The object that a body holds.
pub(crate) fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Refusal> {
    let Object(request) = serde_json::from_slice(body)?;
    Ok(request)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        items: Vec<Object<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "type")]
    enum Inner {
        Named { name: String },
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        let good: Outer = read(br#"{"items": [{"type": "Named", "name": "a"}]}"#).unwrap();
        let Object(Inner::Named { name }) = &good.items[0];
        assert_eq!(name, "a");
        for (bad, says) in [
            (r#"[[{"type": "Named", "name": "a"}]]"#, "sequence, expected an object"),
            (r#"{"items": [["Named", "a"]]}"#, "sequence, expected an object"),
            (r#"{"items": [], "more": 1}"#, "unknown field `more`"),
        ] {
            let error = read::<Outer>(bad.as_bytes()).unwrap_err();
            assert!(error.message.contains(says), "{bad}: {}", error.message);
        }
    }
}
