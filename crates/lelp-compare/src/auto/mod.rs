//! The best student that the data allow: methods and students are raced on the validation rows, and on training rows that
//! they do not learn from.
//!
//! | step | where |
//! |---|---|
//! | what is left open, what is given -> candidates, the simplest first | `spec`, `candidates` |
//! | training rows -> those that a student learns from, and those that judge it beside the validation rows | `fold` |
//! | candidates -> scores, one student each; the best ones -> more students | `race`, `entry` |
//! | scores -> the simplest candidate that none beats beyond luck | `choice` |
//!
//! Tables in the book hold its choices against every method alone.

mod candidates;
mod choice;
mod entry;
mod error;
mod fold;
mod race;
mod result;
mod spec;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lelp_method::Objective;
use lelp_train::distill::Task;
use lelp_train::students::ngram::NgramStudentSettings;
use lelp_train::students::{Resources, StudentSettings};
use lelp_train::training::TrainSettings;

use self::candidates::GivenStudent;
use self::race::Race;

pub use self::candidates::Candidate;
pub use self::error::AutoError;
pub use self::result::{AutoResult, Raced, describe_method};
pub use self::spec::{AUTO, AUTO_SETTINGS, AutoSpec};

/// Students that a search trains by default: one or two minutes for 10,000 short texts on two cores.
pub const DEFAULT_BUDGET: NonZeroUsize = NonZeroUsize::new(36).expect("36 is above 0");

/// Training rows that candidates learn from at most; the student that is chosen learns from all.
const ROWS: usize = 50_000;

/// A search for the best student of a task.
pub struct AutoSearch<'a> {
    /// The rows.
    pub task: &'a Task,
    /// What is left open.
    pub spec: &'a AutoSpec,
    /// The method where it is given; otherwise what is added to every one.
    pub method: &'a Objective,
    /// The student as it was given.
    pub student: &'a StudentSettings,
    /// Names of its settings that stay as they are.
    pub fixed: &'a BTreeSet<String>,
    /// Whether it may be of another kind: logistic regression on tf-idf, where labels alone do best.
    pub kind_open: bool,
    /// How students are trained. Its seed is that of the search.
    pub train: TrainSettings,
    /// What students may need, and threads.
    pub resources: Resources<'a>,
    /// Students that are trained at most.
    pub budget: NonZeroUsize,
}

impl AutoSearch<'_> {
    /// Runs the search; calls `on_student` after each student.
    ///
    /// # Errors
    /// [`AutoError`] where nothing can be tried, or a student fails for another reason than that its split does not fit the
    /// classes.
    pub fn run(&self, on_student: &(dyn Fn() + Sync), cancel: &AtomicBool) -> Result<AutoResult, AutoError> {
        let start = Instant::now();
        let small = self.stand_in();
        let student = small.as_ref().unwrap_or(self.student);
        let train = small.as_ref().map_or(self.train, |_| TrainSettings {
            seed: self.train.seed,
            select: self.train.select,
            ..TrainSettings::ngram()
        });
        let sample = self.task.sample(ROWS);
        let task = sample.as_ref().unwrap_or(self.task);
        let given = GivenStudent {
            student,
            fixed: self.fixed,
            kind_open: self.kind_open && small.is_none(),
            stand_in: small.is_some(),
        };
        let plan = candidates::plan(task, self.spec, self.method, given)?;
        let race = Race { search: self, task, train, on_student, cancel };
        let raced = race.run(&plan)?;
        let by = race.criterion();
        let choice = choice::choose(&raced, by).ok_or(AutoError::NothingFits)?;
        let mut result = AutoResult::new(&raced, choice, self.task, by, start.elapsed().as_secs_f64());
        if small.is_some() {
            result.choice.student = self.student.clone();
        }
        Ok(result)
    }

    /// A small student that methods are tried with in place of one that trains for minutes.
    fn stand_in(&self) -> Option<StudentSettings> {
        let slow = self.student.student().trains_alone();
        slow.then(|| {
            StudentSettings::new(NgramStudentSettings { buckets: 1 << 15, ..NgramStudentSettings::default() })
        })
    }
}
