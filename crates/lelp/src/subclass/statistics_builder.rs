//! One pass over any number of chunks of rows, to what a fit needs of them.

use std::num::NonZeroUsize;

use crate::error::{FitError, ShapeError};
use crate::moments::{Members, MomentsBuilder, rows_by_class};
use crate::signals::Signals;
use crate::subclass::fine_labels::{FineCounts, FineLabels};
use crate::subclass::member_sample::MemberSample;
use crate::subclass::requirements::Requirements;
use crate::subclass::statistics::SplitStatistics;

/// Gathers [`SplitStatistics`], chunk by chunk: how rows are cut into chunks, and the threads, change no byte.
///
/// A clone [finishes](Self::finish) with the statistics so far, and the builder goes on as if nothing had been.
#[derive(Debug, Clone)]
pub struct SplitStatisticsBuilder {
    classes: usize,
    width: usize,
    counts: Vec<u64>,
    moments: Option<MomentsBuilder>,
    sample: Option<MemberSample>,
    fine: Option<FineCounts>,
}

impl SplitStatisticsBuilder {
    /// Statistics of no rows yet, with room for what is required, gathered by `threads` threads.
    ///
    /// # Memory
    /// Moments: `classes (width + classes)^2 / 2` values of 8 bytes, and what [`MomentsBuilder`] says; a sample: its rows
    /// of each class, 4 bytes a value.
    #[must_use]
    pub fn new(required: Requirements, classes: usize, width: usize, threads: NonZeroUsize) -> Self {
        Self {
            classes,
            width,
            counts: vec![0; classes],
            moments: required.moments.then(|| MomentsBuilder::new(classes, width, threads)),
            sample: required.sample.map(|sample| MemberSample::new(classes, width, sample)),
            fine: required.fine_labels.then(|| FineCounts::new(classes)),
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`FitError::Shape`] if sizes differ; [`FitError::NoLabels`] if members by label have none;
    /// [`FitError::NoFineLabels`] if the oracle gets none.
    pub fn add(
        &mut self,
        signals: &Signals,
        members: Members,
        fine: Option<FineLabels<'_>>,
    ) -> Result<(), FitError> {
        ShapeError::check("width of the signals", signals.width(), self.width)?;
        ShapeError::check("classes of the signals", signals.classes(), self.classes)?;
        let rows_of = rows_by_class(signals, members)?;
        self.counts.iter_mut().zip(&rows_of).for_each(|(count, rows)| *count += rows.len() as u64);
        if let Some(moments) = &mut self.moments {
            moments.add_members(signals, &rows_of);
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

    /// Gives back the memory that is kept for further rows; they can still come.
    pub fn release(&mut self) {
        if let Some(moments) = &mut self.moments {
            moments.release();
        }
    }

    /// The statistics of all rows.
    #[must_use]
    pub fn finish(self) -> SplitStatistics {
        let Self { classes, width, counts, moments, sample, fine } = self;
        SplitStatistics { classes, width, counts, moments: moments.map(MomentsBuilder::finish), sample, fine }
    }
}
