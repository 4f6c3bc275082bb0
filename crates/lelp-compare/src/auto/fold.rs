//! Rows that candidates learn from and rows that they are judged by.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp_train::distill::{Distiller, Task};
use lelp_train::students::{PreparedStudent, StudentError};

use super::candidates::Plan;
use super::{AutoError, AutoSearch};

/// A student of the race learns from all training rows but one of this many parts, or of more where such a part has more
/// than [`HELD_OUT`] rows.
const FOLDS: usize = 5;

/// Training rows that are held out of a student at most, about: more decide no better, and teach nothing.
const HELD_OUT: usize = 4_000;

/// A task of which some training rows are held out, with the students that were prepared for it.
pub(super) struct Fold<'a> {
    whole: &'a Task,
    held_out: Option<Task>,
    prepared: Vec<Option<Box<dyn PreparedStudent>>>,
}

impl<'a> Fold<'a> {
    /// The fold of this number, with these students of the plan.
    ///
    /// Validation rows are too few to choose by on most data sets: each student is judged by them and by a part of the
    /// training rows, another one for each number, that it does not learn from. Not where every part would have to be
    /// embedded anew, by a student's encoder.
    pub(super) fn open(
        search: &AutoSearch<'_>,
        task: &'a Task,
        plan: &Plan,
        number: usize,
        students: &BTreeSet<usize>,
        cancel: &AtomicBool,
    ) -> Result<Self, AutoError> {
        let embeds = plan.students.iter().any(|student| student.student().embeds_rows());
        let folds = FOLDS.max(task.train().rows().div_ceil(HELD_OUT));
        let held_out = if embeds { None } else { task.fold(number, folds) };
        let learned = held_out.as_ref().unwrap_or(task);
        let resources = &search.resources;
        let prepare = |place: usize| {
            if !students.contains(&place) {
                return Ok(None);
            }
            match plan.students[place].student().prepare(learned, resources, &mut |_| {}, cancel) {
                // A teacher that is no encoder, or a narrow one, has nothing to give.
                Err(StudentError::Pretrained(error)) if plan.is_of_teacher(place) && error.is_no_fit() => {
                    Ok(None)
                }
                prepared => prepared.map(Some),
            }
        };
        let prepared = (0..plan.students.len()).map(prepare).collect::<Result<_, _>>()?;
        Ok(Self { whole: task, held_out, prepared })
    }

    /// Whether other rows decide than the validation rows.
    pub(super) fn holds_out(&self) -> bool {
        self.held_out.is_some()
    }

    /// Whether this student was prepared.
    pub(super) fn has(&self, student: usize) -> bool {
        self.prepared[student].is_some()
    }

    /// Who trains each student of the plan that the fold was opened with.
    pub(super) fn distillers(&self, threads: NonZeroUsize) -> Vec<Option<Distiller<'_>>> {
        let task = self.held_out.as_ref().unwrap_or(self.whole);
        let students = self.prepared.iter().map(Option::as_ref);
        students
            .map(|student| student.map(|student| Distiller::new(task, student.as_ref(), threads)))
            .collect()
    }
}
