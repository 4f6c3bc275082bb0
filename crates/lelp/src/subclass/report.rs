//! What a fit found, in terms that all kinds of splits share.

use serde::Serialize;

use crate::subclass::head_space::HeadSource;

/// What a fit found.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitReport {
    /// Whose null space the split keeps to; none where it does not look at embeddings.
    pub head: Option<HeadSource>,
    /// What was found in each class, `[classes]`.
    pub classes: Vec<ClassReport>,
}

/// What a fit found in one class; what a kind of split does not know stays empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ClassReport {
    /// Rows of the class; for fine labels, those that have one.
    pub members: u64,
    /// Members that the fit looked at, where it draws a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted_on: Option<u64>,
    /// Of those, the members nearest to each subclass, `[per_class]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<u64>,
    /// Variance along each direction, normalised by `n - 1`, or mean squared distance of a cluster's members to its
    /// centre; `[per_class]`, embedding units squared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variance: Vec<f64>,
    /// Share of the class's variance that lies along the directions or between the clusters; 0 where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance_kept: Option<f64>,
    /// `exp` of the entropy of the normalised spectrum: how many directions the class spreads over; 0 for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_rank: Option<f64>,
    /// Variance along each principal direction of the null space, decreasing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spectrum: Vec<f64>,
    /// The unit of the class's scores: deviation along its directions, or mean squared radius.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<f64>,
    /// The fine label of each subclass, increasing, and the rows it was seen in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fine_labels: Vec<(u32, u64)>,
}

impl ClassReport {
    /// Whether the class has no variance to split, so that its split is even.
    #[must_use]
    pub fn is_even(&self) -> bool {
        self.unit == Some(0.0)
    }

    /// Clusters that no member is nearest to.
    #[must_use]
    pub fn empty_subclasses(&self) -> usize {
        self.sizes.iter().filter(|size| **size == 0).count()
    }
}
