//! Settings of a student of any kind, as recipes write them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::STUDENT_KINDS;
use super::kind::{Student, StudentKind, StudentSettings};

/// The key that names the kind.
const KIND: &str = "student";

impl StudentSettings {
    /// Settings of one kind.
    #[must_use]
    pub fn new<T: Student + Serialize + 'static>(student: T) -> Self {
        // By way of the text, so that a number of 32 bits keeps its digits.
        let text = serde_json::to_string(&student).expect("settings are numbers and words");
        let values = serde_json::from_str(&text).expect("settings are tables");
        Self { student: Arc::new(student), values }
    }

    /// The kind of student.
    #[must_use]
    pub fn kind(&self) -> &'static StudentKind {
        self.student.kind()
    }

    /// The settings of this kind.
    #[must_use]
    pub fn student(&self) -> &dyn Student {
        self.student.as_ref()
    }

    /// The settings by name, without the kind.
    #[must_use]
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// The same settings with some values changed.
    ///
    /// # Errors
    /// Names a setting that this kind does not have, or a value that it does not allow.
    pub fn with(&self, changes: &[(&str, usize)]) -> Result<Self, serde_json::Error> {
        let mut values = self.values.clone();
        values.extend(changes.iter().map(|&(name, value)| (name.to_owned(), value.into())));
        (self.kind().read)(values)
    }

    /// The settings with a folder in place of the name of the encoder, where they name one.
    pub fn find_encoder<E>(self, find: impl FnOnce(&Path) -> Result<PathBuf, E>) -> Result<Self, E> {
        let Some(name) = self.student.encoder() else { return Ok(self) };
        let folder = find(name)?;
        Ok(self.student.with_encoder(folder).unwrap_or(self))
    }
}

impl fmt::Debug for StudentSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.student.fmt(out)
    }
}

impl PartialEq for StudentSettings {
    fn eq(&self, other: &Self) -> bool {
        self.kind().name == other.kind().name && self.values == other.values
    }
}

impl Serialize for StudentSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // What is null is not set; TOML has no word for it.
        let set = || self.values.iter().filter(|(_, value)| !value.is_null());
        let mut map = serializer.serialize_map(Some(1 + set().count()))?;
        map.serialize_entry(KIND, self.kind().name)?;
        set().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for StudentSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = Map::deserialize(deserializer)?;
        let Some(name) = values.remove(KIND) else { return Err(Error::missing_field(KIND)) };
        let kind = name.as_str().and_then(StudentKind::find).ok_or_else(|| {
            let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
            let known: Vec<String> = STUDENT_KINDS.iter().map(|kind| format!("`{}`", kind.name)).collect();
            Error::custom(format!("unknown student `{name}`, expected one of {}", known.join(", ")))
        })?;
        (kind.read)(values).map_err(Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<StudentSettings, toml::de::Error> {
        toml::from_str(toml)
    }

    #[test]
    fn settings_of_every_kind_come_back_as_they_were_written() {
        for text in [
            "student = 'ngram'\nwidth = 8\nhidden = 0\ndropout = 0.1",
            "student = 'encoder'\nfrom = '{teacher}'\nlayers = 2\nclip = 0\ndropout = 0.25",
            "student = 'mlp'\nencoder = 'a-model'\nhidden = 16",
        ] {
            let settings = read(text).unwrap();
            let written = toml::to_string(&settings).unwrap();
            assert_eq!(read(&written).unwrap(), settings, "{written}");
            for line in text.lines().filter(|line| !line.contains("clip")) {
                assert!(written.replace('"', "'").contains(line), "{line} is in {written}");
            }
        }
    }

    #[test]
    fn what_a_kind_does_not_have_is_refused_with_what_it_has() {
        let failed = |text: &str| read(text).unwrap_err().to_string();
        let kind = failed("student = 'tree'");
        assert!(
            kind.contains(
                "unknown student `tree`, expected one of `ngram`, `encoder`, `mlp`, `linear`, `static`, `tfidf`"
            ),
            "{kind}"
        );
        let key = failed("student = 'ngram'\nlayers = 2");
        assert!(key.contains("unknown field `layers`, expected one of `bins`, `buckets`"), "{key}");
        let nested = failed("student = 'encoder'\nfrom = 'a'\nbuckets = 2");
        assert!(nested.contains("unknown field `buckets`") && nested.contains("`micro_batch`"), "{nested}");
        assert!(failed("student = 'encoder'").contains("missing field `from`"));
        assert!(failed("width = 2").contains("missing field `student`"));
    }

    #[test]
    fn a_name_of_an_encoder_gives_way_to_its_folder() {
        let find = |text: &str| {
            let found = read(text).unwrap().find_encoder(|name| Ok::<_, ()>(Path::new("cache").join(name)));
            found.unwrap().values().get("from").cloned()
        };
        assert_eq!(find("student = 'encoder'\nfrom = 'a'"), Some("cache/a".into()));
        assert_eq!(find("student = 'encoder'\nfrom = '{teacher}'"), Some("{teacher}".into()));
        assert_eq!(find("student = 'ngram'"), None);
    }
}
