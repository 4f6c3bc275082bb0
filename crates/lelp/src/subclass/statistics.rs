//! What is known about the rows of each class before a split is fitted.

use crate::error::{FitError, ShapeError};
use crate::moments::ClassMoments;
use crate::subclass::fine_labels::FineCounts;
use crate::subclass::member_sample::MemberSample;
use crate::subclass::requirements::Requirements;

/// Statistics of the rows of each class: moments, a sample of members, counts of fine labels, as far as required.
///
/// [`SplitStatisticsBuilder`](super::SplitStatisticsBuilder) gathers them. They serve every number of subclasses, both settings of the null space and every `beta`.
#[derive(Debug, Clone)]
pub struct SplitStatistics {
    pub(super) classes: usize,
    pub(super) width: usize,
    /// Members of each class.
    pub(super) counts: Vec<u64>,
    pub(super) moments: Option<ClassMoments>,
    pub(super) sample: Option<MemberSample>,
    pub(super) fine: Option<FineCounts>,
}

impl SplitStatistics {
    /// Whether all that is required is here.
    #[must_use]
    pub fn satisfy(&self, required: Requirements) -> bool {
        self.lacks(required).is_none()
    }

    /// What is required and not here.
    fn lacks(&self, required: Requirements) -> Option<&'static str> {
        let same = |wanted| self.sample.as_ref().is_some_and(|sample| sample.is_that_of(wanted));
        if required.moments && self.moments.is_none() {
            return Some("moments");
        }
        if required.sample.is_some_and(|wanted| !same(wanted)) {
            return Some("members");
        }
        (required.fine_labels && self.fine.is_none()).then_some("fine labels")
    }

    /// Refuses statistics that lack something required.
    pub(crate) fn check(&self, required: Requirements) -> Result<(), FitError> {
        self.lacks(required).map_or(Ok(()), |lacks| Err(FitError::MissingStatistics { lacks }))
    }

    /// Adds the rows of statistics with the same requirements.
    ///
    /// # Errors
    /// [`FitError::Shape`] if sizes or samples differ; [`FitError::MissingStatistics`] if one holds what the other
    /// does not.
    pub fn merge(&mut self, other: &Self) -> Result<(), FitError> {
        ShapeError::check("width of the other statistics", other.width, self.width)?;
        ShapeError::check("classes of the other statistics", other.classes, self.classes)?;
        match (&mut self.moments, &other.moments) {
            (Some(own), Some(more)) => own.merge(more)?,
            (None, None) => {}
            _ => return Err(FitError::MissingStatistics { lacks: "moments" }),
        }
        match (&mut self.sample, &other.sample) {
            (Some(own), Some(more)) => own.merge(more)?,
            (None, None) => {}
            _ => return Err(FitError::MissingStatistics { lacks: "members" }),
        }
        match (&mut self.fine, &other.fine) {
            (Some(own), Some(more)) => own.merge(more),
            (None, None) => {}
            _ => return Err(FitError::MissingStatistics { lacks: "fine labels" }),
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, more)| *own += more);
        Ok(())
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Columns of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn count(&self, class: usize) -> u64 {
        self.counts[class]
    }

    /// Share of a class's variance that lies along its first principal direction; none where moments are not gathered, or
    /// the class does not vary.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn concentration(&self, class: usize) -> Option<f64> {
        self.moments().ok()?.concentration(class)
    }

    /// The moments of each class.
    ///
    /// # Errors
    /// [`FitError::MissingStatistics`] if none are gathered.
    pub fn moments(&self) -> Result<&ClassMoments, FitError> {
        self.moments.as_ref().ok_or(FitError::MissingStatistics { lacks: "moments" })
    }

    /// The members of a class that were kept, `[members, width]`, by increasing row.
    pub(crate) fn members(&self, class: usize) -> Result<Vec<f32>, FitError> {
        let sample = self.sample.as_ref().ok_or(FitError::MissingStatistics { lacks: "members" })?;
        Ok(sample.members(class))
    }

    pub(crate) fn fine(&self) -> Result<&FineCounts, FitError> {
        self.fine.as_ref().ok_or(FitError::MissingStatistics { lacks: "fine labels" })
    }
}

impl From<ClassMoments> for SplitStatistics {
    /// Moments and nothing else.
    fn from(moments: ClassMoments) -> Self {
        let (classes, width) = (moments.classes(), moments.width());
        let counts = (0..classes).map(|class| moments.count(class)).collect();
        Self { classes, width, counts, moments: Some(moments), sample: None, fine: None }
    }
}
