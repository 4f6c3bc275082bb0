//! The seeds of a comparison.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A number of seeds, from 0, or a list of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Seeds {
    /// That many, from 0.
    Count(u64),
    /// These.
    List(Vec<u64>),
}

impl Default for Seeds {
    fn default() -> Self {
        Self::Count(5)
    }
}

impl Seeds {
    /// How many there are, those that come twice counted twice.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Count(count) => usize::try_from(*count).unwrap_or(usize::MAX),
            Self::List(seeds) => seeds.len(),
        }
    }

    /// The seeds, each once.
    #[must_use]
    pub fn list(&self) -> Vec<u64> {
        match self {
            Self::Count(count) => (0..*count).collect(),
            Self::List(seeds) => seeds.iter().copied().collect::<BTreeSet<u64>>().into_iter().collect(),
        }
    }
}
