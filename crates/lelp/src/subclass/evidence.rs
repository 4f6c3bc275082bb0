//! What a split is fitted on, gathered in one pass over any number of chunks.

use std::num::NonZeroUsize;

use crate::error::{FitError, ShapeError};
use crate::moments::{ClassMoments, Members, rows_by_class};
use crate::signals::Signals;
use crate::subclass::fine::{FineCounts, FineLabels};
use crate::subclass::sample::MemberSample;
use crate::subclass::split::SplitSettings;

/// What some split needs to know of the rows: moments, members, fine labels.
///
/// It serves every number of subclasses, both settings of the null space and every `beta`.
#[derive(Debug, Clone)]
pub struct Evidence {
    classes: usize,
    width: usize,
    /// Members of each class.
    counts: Vec<u64>,
    moments: Option<ClassMoments>,
    sample: Option<MemberSample>,
    fine: Option<FineCounts>,
}

impl Evidence {
    /// Nothing yet, with room for what `split` needs.
    ///
    /// # Memory
    /// Directions and clusters: moments, `classes (width + classes)^2 / 2` values of 8 bytes; clusters also
    /// `sample` rows of each class, 4 bytes a value.
    #[must_use]
    pub fn of(split: &SplitSettings, classes: usize, width: usize) -> Self {
        let sample = match split {
            SplitSettings::Cluster(settings) => Some((settings.sample.get(), settings.seed)),
            _ => None,
        };
        let by_embedding = matches!(split, SplitSettings::Directions(_) | SplitSettings::Cluster(_));
        Self {
            classes,
            width,
            counts: vec![0; classes],
            moments: by_embedding.then(|| ClassMoments::new(classes, width)),
            sample: sample.map(|(limit, seed)| MemberSample::new(classes, width, limit, seed)),
            fine: matches!(split, SplitSettings::Oracle).then(|| FineCounts::new(classes)),
        }
    }

    /// Whether a split can be fitted on this evidence.
    #[must_use]
    pub fn serves(&self, split: &SplitSettings) -> bool {
        let same = |settings: &super::clusters::ClusterSettings| {
            let sample = self.sample.as_ref();
            sample.is_some_and(|sample| sample.is_that_of(settings.sample.get(), settings.seed))
        };
        match split {
            SplitSettings::Directions(_) => self.moments.is_some(),
            SplitSettings::Cluster(settings) => self.moments.is_some() && same(settings),
            SplitSettings::RandomSubclass(_) => true,
            SplitSettings::Oracle => self.fine.is_some(),
        }
    }

    /// Adds rows; the order of rows and calls matters only by rounding, and `threads` not at all.
    ///
    /// # Errors
    /// [`FitError::Shape`] if sizes differ; [`FitError::NoLabels`] if members by label have none;
    /// [`FitError::NoFineLabels`] if the oracle gets none.
    pub fn add(
        &mut self,
        signals: &Signals,
        members: Members,
        fine: Option<FineLabels<'_>>,
        threads: NonZeroUsize,
    ) -> Result<(), FitError> {
        ShapeError::check("width of the signals", signals.width(), self.width)?;
        ShapeError::check("classes of the signals", signals.classes(), self.classes)?;
        let rows_of = rows_by_class(signals, members)?;
        self.counts.iter_mut().zip(&rows_of).for_each(|(count, rows)| *count += rows.len() as u64);
        if let Some(moments) = &mut self.moments {
            moments.add(signals, members, threads)?;
        }
        if let Some(sample) = &mut self.sample {
            sample.add(signals, &rows_of);
        }
        if let Some(counts) = &mut self.fine {
            let fine = fine.ok_or(FitError::NoFineLabels)?;
            fine.check(signals)?;
            counts.add(signals, fine);
        }
        Ok(())
    }

    /// Adds the rows of evidence for the same split.
    ///
    /// # Errors
    /// [`FitError::Shape`] if sizes or samples differ; [`FitError::OtherEvidence`] if it was gathered for
    /// another split.
    pub fn merge(&mut self, other: &Self) -> Result<(), FitError> {
        ShapeError::check("width of the other evidence", other.width, self.width)?;
        ShapeError::check("classes of the other evidence", other.classes, self.classes)?;
        match (&mut self.moments, &other.moments) {
            (Some(own), Some(more)) => own.merge(more)?,
            (None, None) => {}
            _ => return Err(FitError::OtherEvidence { lacks: "moments" }),
        }
        match (&mut self.sample, &other.sample) {
            (Some(own), Some(more)) => own.merge(more)?,
            (None, None) => {}
            _ => return Err(FitError::OtherEvidence { lacks: "members" }),
        }
        match (&mut self.fine, &other.fine) {
            (Some(own), Some(more)) => own.merge(more),
            (None, None) => {}
            _ => return Err(FitError::OtherEvidence { lacks: "fine labels" }),
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

    pub(crate) fn moments(&self) -> Result<&ClassMoments, FitError> {
        self.moments.as_ref().ok_or(FitError::OtherEvidence { lacks: "moments" })
    }

    /// The members of a class that were kept, `[members, width]`, by increasing row.
    pub(crate) fn members(&self, class: usize) -> Result<Vec<f32>, FitError> {
        let sample = self.sample.as_ref().ok_or(FitError::OtherEvidence { lacks: "members" })?;
        Ok(sample.members(class))
    }

    pub(crate) fn fine(&self) -> Result<&FineCounts, FitError> {
        self.fine.as_ref().ok_or(FitError::OtherEvidence { lacks: "fine labels" })
    }
}
