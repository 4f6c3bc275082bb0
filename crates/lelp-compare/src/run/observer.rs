//! What a caller learns of a comparison while it runs.

use lelp_data::SplitOverlap;

use crate::progress::ProgressStep;
use crate::record::{FailedRecord, Setting};

/// Follows a comparison while it runs, from several threads.
pub trait ProgressObserver: Sync {
    /// Called while a data set and a teacher are prepared.
    fn step(&self, step: ProgressStep<'_>);
    /// Called where splits of a data set have rows in common.
    fn overlaps(&self, data: &str, overlaps: &[SplitOverlap]);
    /// Called when a trial or student is done, or was in the results already.
    fn cell(&self, setting: &Setting, method: &str);
    /// Called when a cell failed; the rest of the comparison goes on.
    fn failed(&self, failed: &FailedRecord);
}
