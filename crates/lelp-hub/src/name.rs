//! Names of models: `organisation/name`, or a bare name, and a revision behind `@`.

/// A model on the hub, and which revision of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelName {
    /// `organisation/name`, or a bare name.
    pub(crate) repository: String,
    /// A commit, branch or tag, where one was asked for.
    revision: Option<String>,
}

impl ModelName {
    /// The model that `text` names; none if a part is not plain, which could lead out of the cache.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (repository, revision) = match text.split_once('@') {
            Some((repository, revision)) => (repository, Some(revision)),
            None => (text, None),
        };
        let plain =
            repository.split('/').chain(revision.into_iter().flat_map(|it| it.split('/'))).all(is_plain);
        let parts = repository.split('/').count();
        (plain && parts <= 2)
            .then(|| Self { repository: repository.to_owned(), revision: revision.map(str::to_owned) })
    }

    /// The revision; the branch `main` where none was asked for.
    pub(crate) fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }

    /// Whether no revision was asked for.
    pub(crate) fn is_newest(&self) -> bool {
        self.revision.is_none()
    }

    /// The folder in the cache, one for each revision that was asked for.
    pub(crate) fn folder_name(&self) -> String {
        self.full().replace('/', "--")
    }

    /// As it was asked for.
    pub(crate) fn full(&self) -> String {
        let revision = self.revision.as_ref().map(|revision| format!("@{revision}")).unwrap_or_default();
        format!("{}{revision}", self.repository)
    }
}

fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_cache() {
        for name in [
            "",
            "a/b/c",
            "../b",
            "a/..",
            "a/.hidden",
            "/b",
            "a/",
            "a/b c",
            "a/b\\c",
            "a@",
            "a@..",
            "a@/x",
            "a@b@c",
        ] {
            assert_eq!(ModelName::parse(name), None, "{name}");
        }
        let folder = |name| ModelName::parse(name).unwrap().folder_name();
        assert_eq!(folder("org/some-model_v1.5"), "org--some-model_v1.5");
        assert_eq!(folder("bert-base-uncased"), "bert-base-uncased");
        assert_eq!(folder("org/name@refs/pr/1"), "org--name@refs--pr--1");
    }

    #[test]
    fn a_revision_stands_behind_the_name() {
        let name = ModelName::parse("org/name@0123abc").unwrap();
        assert_eq!(
            (name.repository.as_str(), name.revision(), name.is_newest()),
            ("org/name", "0123abc", false)
        );
        let name = ModelName::parse("org/name").unwrap();
        assert_eq!((name.revision(), name.is_newest()), ("main", true));
    }
}
