//! Whether a model was made of pairs of texts, or of single ones.

use std::path::Path;

use lelp_data::{BoundedJsonError, ColumnKind, ColumnSettings};

use crate::schema::ModelSchema;

/// Files that a folder of ours has one of: it would say that its model was made of pairs.
const RECORDS: [&str; 3] = ["run.json", "teacher.json", "shrink.json"];

/// Whether a model reads pairs of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// It was made of single texts.
    Never,
    /// It was made of pairs.
    Always,
    /// Nothing says what it was made of, or it reads no texts.
    Either,
}

impl Pairs {
    /// Of the model in `folder` that reads `schema`.
    ///
    /// # Errors
    /// [`BoundedJsonError`] if the names of its columns stand there and cannot be read.
    pub fn of(folder: &Path, schema: &ModelSchema) -> Result<Self, BoundedJsonError> {
        if !schema.needed().fields().iter().any(|field| field.kind == ColumnKind::Text) {
            return Ok(Self::Either);
        }
        if schema.needed().pair().is_some() || ColumnSettings::remembered(folder)?.pair.is_some() {
            return Ok(Self::Always);
        }
        let ours = RECORDS.iter().any(|name| folder.join(name).is_file());
        Ok(if ours || !schema.reads_optional_pair() { Self::Never } else { Self::Either })
    }

    /// Whether two models can be asked about the same rows.
    #[must_use]
    pub fn fits(self, other: Self) -> bool {
        self == other || [self, other].contains(&Self::Either)
    }

    /// What the model reads, in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Never => "single texts",
            Self::Always => "pairs of texts",
            Self::Either => "single texts or pairs",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use lelp_data::{Field, Schema};

    use super::*;

    #[test]
    fn a_folder_of_ours_says_whether_its_model_was_made_of_pairs() {
        let folder = tempfile::tempdir().unwrap();
        let of = |schema: &ModelSchema| Pairs::of(folder.path(), schema).unwrap();
        let texts = ModelSchema::text_or_pair();
        assert_eq!(of(&texts), Pairs::Either);
        fs::write(folder.path().join("shrink.json"), "{}").unwrap();
        assert_eq!(of(&texts), Pairs::Never);
        let columns = ColumnSettings { pair: Some("ad".to_owned()), ..ColumnSettings::default() };
        columns.remember(folder.path()).unwrap();
        assert_eq!(of(&texts), Pairs::Always);
        let numbers = Schema::new(vec![Field::new("clicks", ColumnKind::Number)]).unwrap();
        assert_eq!(of(&ModelSchema::columns(numbers)), Pairs::Either);
        for (one, other, fits) in [
            (Pairs::Never, Pairs::Never, true),
            (Pairs::Never, Pairs::Always, false),
            (Pairs::Always, Pairs::Never, false),
            (Pairs::Either, Pairs::Always, true),
            (Pairs::Never, Pairs::Either, true),
        ] {
            assert_eq!(one.fits(other), fits, "{one:?} {other:?}");
        }
    }
}
