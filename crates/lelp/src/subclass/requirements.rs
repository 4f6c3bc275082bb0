//! What a target maker needs to know of the rows.

use std::num::NonZeroUsize;

/// What a split needs to know of the rows; all of it is gathered in one pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Count, mean and covariance of the embeddings of each class.
    pub moments: bool,
    /// Embeddings of members of each class, to look at more than once.
    pub sample: Option<SampleRequirement>,
    /// The fine label of each row.
    pub fine_labels: bool,
}

/// A sample of the members of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleRequirement {
    /// Most members of a class.
    pub rows: NonZeroUsize,
    /// Seed by which they are drawn where there are more.
    pub seed: u64,
}
