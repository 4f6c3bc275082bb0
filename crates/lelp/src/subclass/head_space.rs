//! Whose null space a split keeps to.

use serde::{Deserialize, Serialize};

use crate::error::{FitError, ShapeError};
use crate::moments::ClassMoments;
use crate::parameter::{Parameter, Values};
use crate::signals::Head;
use crate::subspace::{NullSpace, estimate_head};

/// The setting that turns the null space on and off.
pub(super) const NULL_SPACE: Parameter = Parameter::new(
    "null_space",
    Values::Switch,
    "leave out what the head sees already: fit in the null space of its rows",
);

/// Where the head came from whose null space was used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HeadSource {
    /// The null space is off.
    Unused,
    /// The teacher's own.
    Given,
    /// Least squares of the logits on the embeddings (ours).
    Estimated {
        /// Share of the logits' variance that the estimate explains, 0 to 1.
        explained: f64,
    },
}

/// The null space of `head`, or of its estimate where there is none; all of the space where it is not wanted.
pub(super) fn null_space(
    moments: &ClassMoments,
    head: Option<&Head>,
    wanted: bool,
) -> Result<(NullSpace, HeadSource), FitError> {
    let width = moments.width();
    if !wanted {
        return Ok((NullSpace::whole(width), HeadSource::Unused));
    }
    if let Some(head) = head {
        ShapeError::check("width of the head", head.width(), width)?;
        ShapeError::check("classes of the head", head.classes(), moments.classes())?;
        let weight: Vec<f64> = head.weight().iter().map(|&w| f64::from(w)).collect();
        return Ok((NullSpace::of_head(&weight, width)?, HeadSource::Given));
    }
    let estimate = estimate_head(&moments.pooled(), width)?;
    let source = HeadSource::Estimated { explained: estimate.explained };
    Ok((NullSpace::of_head(&estimate.weight, width)?, source))
}

/// At least two classes, each with more rows than subclasses, none overflowed.
pub(super) fn check_members(moments: &ClassMoments, subclasses: usize) -> Result<(), FitError> {
    let counts: Vec<u64> = (0..moments.classes()).map(|class| moments.count(class)).collect();
    check_counts(&counts, subclasses)?;
    match (0..moments.classes()).find(|&class| !moments.is_finite(class)) {
        Some(class) => Err(FitError::Overflow { class, rows: moments.count(class) }),
        None => Ok(()),
    }
}

/// At least two classes with members, each with more rows than subclasses.
pub(super) fn check_counts(counts: &[u64], subclasses: usize) -> Result<(), FitError> {
    let inhabited: Vec<usize> = (0..counts.len()).filter(|&class| counts[class] > 0).collect();
    if let [class] = inhabited[..] {
        return Err(FitError::OneClass { class, rows: counts[class], classes: counts.len() });
    }
    match counts.iter().position(|&rows| rows <= subclasses as u64) {
        Some(class) => Err(FitError::ClassTooSmall { class, rows: counts[class], subclasses }),
        None => Ok(()),
    }
}
