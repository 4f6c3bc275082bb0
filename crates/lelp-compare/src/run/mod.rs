//! A whole comparison: data set by data set, teacher by teacher, student by student, methods side by side.

mod error;
mod failures;
mod method_run;
mod observer;
mod refusal;
mod untried;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use lelp_train::distill::Distiller;
use lelp_train::students::{PreparedStudent, StudentError, StudentSettings};

use self::method_run::{MethodRun, RunContext};
use crate::prepare::{Locations, PrepareError, PreparedTask, prepare};
use crate::progress::ProgressStep;
use crate::recipe::{
    ComparisonRecipe, ComparisonRecipeError, DataEntry, MethodEntry, StudentEntry, TeacherEntry,
};
use crate::record::{Record, TeacherRecord};
use crate::store::ResultsStore;

pub use self::error::RunError;
pub use self::observer::ProgressObserver;

/// A comparison that is to be run.
pub struct Comparison<'a> {
    /// What is compared.
    pub recipe: &'a ComparisonRecipe,
    /// Where things are.
    pub locations: Locations<'a>,
    /// Where results go.
    pub store: &'a ResultsStore,
    /// Methods that run side by side; students of an encoder run one after the other.
    pub jobs: NonZeroUsize,
}

impl Comparison<'_> {
    /// Trials and students in all.
    #[must_use]
    pub fn cells(&self) -> usize {
        let ComparisonRecipe { data, teachers, students, methods, .. } = self.recipe;
        let cells: usize = methods.iter().map(|method| self.cells_of(method)).sum();
        data.len() * teachers.len() * students.len() * cells
    }

    /// Those of a method with one kind of student on one data set; the search of `auto` counts with its student.
    fn cells_of(&self, method: &MethodEntry) -> usize {
        let trials = if method.has_no_trials() { 0 } else { self.recipe.trials };
        trials + self.recipe.seeds.list().len()
    }

    /// Runs all that is not in the results yet.
    pub fn run(&self, observer: &dyn ProgressObserver, cancel: &AtomicBool) -> Result<(), RunError> {
        for data in &self.recipe.data {
            for teacher in &self.recipe.teachers {
                match self.prepare(data, teacher, observer, cancel) {
                    Ok((prepared, known)) => {
                        if !known {
                            self.store.add(Record::Teacher(prepared.record.clone()))?;
                        }
                        for student in &self.recipe.students {
                            self.run_students(&prepared, student, observer, cancel)?;
                            self.run_untried(&prepared, student, observer, cancel)?;
                        }
                    }
                    Err(_) if cancel.load(Ordering::Relaxed) => return Err(RunError::Cancelled),
                    Err(error) => self.record_unprepared(&data.name, &teacher.name, &error, observer)?,
                }
            }
        }
        Ok(())
    }

    /// Makes a data set and a teacher ready; a teacher is measured once, unless the results know it already.
    fn prepare(
        &self,
        data: &DataEntry,
        teacher: &TeacherEntry,
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<(PreparedTask, bool), PrepareError> {
        let mut prepared = prepare(data, teacher, &self.locations, &mut |step| observer.step(step), cancel)?;
        observer.overlaps(&data.name, &prepared.task.overlaps());
        let known = self.is_known(&prepared.record);
        if !known {
            prepared.measure(self.locations.threads, cancel)?;
        }
        Ok((prepared, known))
    }

    fn is_known(&self, own: &TeacherRecord) -> bool {
        let same = |old: &TeacherRecord| {
            (&old.data, &old.teacher, &old.teacher_hash, &old.data_hash, &old.path, &old.signals)
                == (&own.data, &own.teacher, &own.teacher_hash, &own.data_hash, &own.path, &own.signals)
                && old.labelled_rows == own.labelled_rows
        };
        self.store.read(|results| results.teachers.iter().any(same))
    }

    /// All methods that are given, with one kind of student.
    fn run_students(
        &self,
        prepared: &PreparedTask,
        student: &StudentEntry,
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<(), RunError> {
        let setting = prepared.setting(&student.name);
        let seeds = self.recipe.seeds.list();
        let runs = self.recipe.methods.iter().filter(|method| !method.has_no_trials()).map(|method| {
            let trials = method.trials(&student.train, self.recipe.trials, prepared.most_subclasses())?;
            Ok(MethodRun {
                setting: setting.clone(),
                prepared,
                student: &student.model,
                method,
                trials,
                search_seeds: self.recipe.search_seeds,
                seeds: &seeds,
            })
        });
        let runs: Vec<MethodRun<'_>> = runs.collect::<Result<_, ComparisonRecipeError>>()?;
        let (done, open): (Vec<_>, Vec<_>) =
            runs.into_iter().partition(|run| self.store.read(|results| run.is_done(results)));
        for run in &done {
            (0..run.cells()).for_each(|_| observer.cell(&setting, &run.method.name));
        }
        if open.is_empty() {
            return Ok(());
        }
        let prepared_student = match self.prepare_student(prepared, &student.model, observer, cancel) {
            Ok(prepared_student) => prepared_student,
            Err(_) if cancel.load(Ordering::Relaxed) => return Err(RunError::Cancelled),
            Err(error) => return self.record_all_methods_failed(&setting, &error, observer),
        };
        self.run_in_parallel(prepared, &student.model, prepared_student.as_ref(), &open, observer, cancel)
    }

    fn prepare_student(
        &self,
        prepared: &PreparedTask,
        model: &StudentSettings,
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<Box<dyn PreparedStudent>, StudentError> {
        let task = &prepared.task;
        let rows = task.train().rows() + task.validation().rows();
        let data = &prepared.record.data;
        let mut on_step = |done| observer.step(ProgressStep { data, activity: "reading texts", done, rows });
        model.student().prepare(task, &self.resources(prepared), &mut on_step, cancel)
    }

    fn run_in_parallel(
        &self,
        prepared: &PreparedTask,
        model: &StudentSettings,
        student: &dyn PreparedStudent,
        runs: &[MethodRun<'_>],
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<(), RunError> {
        let threads = self.locations.threads;
        let jobs = if model.student().trains_alone() { NonZeroUsize::MIN } else { self.jobs.min(threads) };
        let each = NonZeroUsize::new(threads.get() / jobs).unwrap_or(NonZeroUsize::MIN);
        let distillation = Distiller::new(&prepared.task, student, each);
        let context = RunContext {
            store: self.store,
            cache: self.locations.cache,
            out: self.locations.out,
            threads: each,
            observer,
            cancel,
        };
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let work = || {
            while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = run.run(&distillation, &context) {
                    // What cannot be written down ends the comparison; the other jobs see it as a stop.
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    next.store(runs.len(), Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| (0..jobs.get()).for_each(|_| drop(scope.spawn(work))));
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}
