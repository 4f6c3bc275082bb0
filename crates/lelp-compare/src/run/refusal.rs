//! Why a method is not run on a task.

use lelp_method::DegeneracyError;
use lelp_train::distill::Task;
use thiserror::Error;

use crate::recipe::MethodEntry;

/// Why a method is not run on a task: nothing is left of it there, or it lacks what it learns from.
#[derive(Debug, Clone, PartialEq, Error)]
pub(super) enum Refusal {
    /// Nothing is left of it with so few classes.
    #[error("{0}; use {instead}", instead = .0.degeneracy.instead)]
    Degenerate(DegeneracyError),
    /// It learns from labels.
    #[error("it learns from labels, and no training row has one")]
    NoLabels,
    /// It splits by fine labels.
    #[error("it splits by fine labels, and `columns.fine` names no column of them")]
    NoFineLabels,
    /// It matches a teacher's own subclasses.
    #[error("it matches a teacher's own subclasses, and this teacher has one output a class")]
    NoTeacherSubclasses,
}

impl Refusal {
    /// Why `method` is not run on `task`; none where it is.
    pub(super) fn of(method: &MethodEntry, task: &Task) -> Option<Self> {
        let needs = method.method.needs();
        let subclasses = task.signals().map_or(1, |signals| signals.description().subclasses.get());
        if let Err(error) = method.method.guard(task.labels().len(), method.force) {
            Some(Self::Degenerate(error))
        } else if needs.labels && task.train().labelled_rows() == 0 {
            Some(Self::NoLabels)
        } else if needs.fine_labels && !task.has_fine_labels() {
            Some(Self::NoFineLabels)
        } else if needs.teacher_subclasses && subclasses == 1 {
            Some(Self::NoTeacherSubclasses)
        } else {
            None
        }
    }
}
