//! One JSON object of a data set.

use std::fmt;
use std::path::PathBuf;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::repair::{Repaired, repair};
use crate::error::{DataError, Location};
use crate::formats::utf8::utf8;
use crate::notices::{NoticeKind, NoticeLog};

/// Makes objects of bytes.
pub(super) struct Parser {
    pub(super) file: PathBuf,
    pub(super) notices: NoticeLog,
}

impl Parser {
    /// The object in `bytes`, which begin on a line.
    ///
    /// Half surrogate pairs and `NaN`, which other programs write, are mended, with a notice.
    pub(super) fn parse(&self, line: u64, bytes: &[u8]) -> Result<Map<String, Value>, DataError> {
        let location = Location::Line(line);
        let text = utf8(bytes, &self.file, location)?;
        let problem = match serde_json::from_str(text) {
            Ok(Object(object)) => return Ok(object),
            Err(problem) => problem,
        };
        if let Some((mended, repaired)) = repair(text)
            && let Ok(Object(object)) = serde_json::from_str(&mended)
        {
            let Repaired { surrogates, numbers } = repaired;
            for (_, kind) in [(surrogates, NoticeKind::HalfSurrogate), (numbers, NoticeKind::NotANumber)]
                .into_iter()
                .filter(|(is, _)| *is)
            {
                self.notices.add(&self.file, kind, Some(location));
            }
            return Ok(object);
        }
        // The parser counts lines from the start of the object.
        let line = line + (problem.line() as u64).saturating_sub(1);
        Err(DataError::Json { file: self.file.clone(), line, problem })
    }
}

/// An object, each of whose keys comes once.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor).map(Self)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, value)) = access.next_entry::<String, Value>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("key `{key}` comes twice")));
            }
            object.insert(key, value);
        }
        Ok(object)
    }
}
