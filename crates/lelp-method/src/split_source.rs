//! Whose embeddings classes are split by.

use lelp::{Parameter, Values};
use serde::{Deserialize, Serialize};

/// As methods describe it.
pub(crate) const SPLIT_SOURCE: Parameter = Parameter::new(
    "split_source",
    Values::Words(&[
        ("given", "those that are given for splits; where there are none, the teacher's"),
        ("teacher", "the teacher's"),
    ]),
    "whose embeddings classes are split by",
);

/// Whose embeddings classes are split by; the probabilities of the classes are the teacher's in any case.
///
/// A teacher that was fine-tuned whole has drawn its classes together. A frozen encoder has not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitSource {
    /// Those that a task has for splits; where it has none, the teacher's.
    #[default]
    Given,
    /// The teacher's.
    Teacher,
}
