//! A whole comparison: data set by data set, teacher by teacher, student by student, methods side by side.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use lelp::ErrorChain;
use lelp_data::storage::sha256;
use lelp_train::distill::{Distiller, StudentModelError, StudentSettings, TaskInputs};
use thiserror::Error;

use crate::auto::{AutoError, Chosen, Open, choose};
use crate::contest::{Around, Contest};
use crate::prepare::{Places, PrepareError, Prepared, Step, prepare};
use crate::recipe::{DataEntry, MethodEntry, Recipe, RecipeError, StudentEntry, TeacherEntry};
use crate::record::{FailedRecord, FoundRecord, Record, Setting, TeacherRecord};
use crate::store::{ResultsError, Store};

/// Why a comparison stopped.
#[derive(Debug, Error)]
pub enum RunError {
    /// Somebody asked to stop.
    #[error("stopped; the same command goes on behind the last finished cell")]
    Cancelled,
    /// Results cannot be written down.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The recipe does not hold together.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
}

/// Who is told how far a comparison is.
pub trait Watch: Sync {
    /// A data set or teacher is being made ready.
    fn step(&self, step: Step<'_>);
    /// A trial or student is done, or was there already.
    fn cell(&self, setting: &Setting, method: &str);
    /// Something failed; the rest goes on.
    fn failed(&self, failed: &FailedRecord);
}

/// A comparison that is to be run.
pub struct Comparison<'a> {
    /// What is compared.
    pub recipe: &'a Recipe,
    /// Where things are.
    pub places: Places<'a>,
    /// Where results go.
    pub store: &'a Store,
    /// Methods that run side by side; students of an encoder run one after the other.
    pub jobs: NonZeroUsize,
}

impl Comparison<'_> {
    /// Trials and students in all.
    #[must_use]
    pub fn cells(&self) -> usize {
        let Recipe { trials, seeds, data, teachers, students, methods, .. } = self.recipe;
        data.len() * teachers.len() * students.len() * methods.len() * (trials + seeds.list().len())
    }

    /// Runs all that is not in the results yet.
    pub fn run(&self, watch: &dyn Watch, cancel: &AtomicBool) -> Result<(), RunError> {
        for data in &self.recipe.data {
            for teacher in &self.recipe.teachers {
                match self.prepare(data, teacher, watch, cancel) {
                    Ok((prepared, known)) => {
                        if !known {
                            self.store.add(Record::Teacher(prepared.record.clone()))?;
                        }
                        let methods = self.found(&prepared, watch, cancel)?;
                        for student in &self.recipe.students {
                            self.students(&prepared, student, &methods, watch, cancel)?;
                        }
                    }
                    Err(_) if cancel.load(Ordering::Relaxed) => return Err(RunError::Cancelled),
                    Err(error) => self.unprepared(data, teacher, &error, watch)?,
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
        watch: &dyn Watch,
        cancel: &AtomicBool,
    ) -> Result<(Prepared, bool), PrepareError> {
        let mut prepared = prepare(data, teacher, &self.places, &mut |step| watch.step(step), cancel)?;
        let known = self.is_known(&prepared.record);
        if !known {
            prepared.measure(self.places.threads, cancel)?;
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

    /// Writes down that nothing can be done with a data set and a teacher.
    fn unprepared(
        &self,
        data: &DataEntry,
        teacher: &TeacherEntry,
        error: &PrepareError,
        watch: &dyn Watch,
    ) -> Result<(), RunError> {
        for student in &self.recipe.students {
            let setting = Setting {
                data: data.name.clone(),
                teacher: teacher.name.clone(),
                student: student.name.clone(),
            };
            self.all_failed(&setting, &ErrorChain(error).to_string(), watch)?;
        }
        Ok(())
    }

    /// Writes down that nothing was found for a method.
    fn unfound(
        &self,
        prepared: &Prepared,
        method: &MethodEntry,
        error: &AutoError,
        watch: &dyn Watch,
    ) -> Result<(), RunError> {
        for student in &self.recipe.students {
            let setting = prepared.setting(&student.name);
            self.method_failed(&setting, &method.name, &ErrorChain(error).to_string(), watch)?;
        }
        Ok(())
    }

    /// Writes down that no method can run.
    fn all_failed(&self, setting: &Setting, error: &str, watch: &dyn Watch) -> Result<(), RunError> {
        let methods = &self.recipe.methods;
        methods.iter().try_for_each(|method| self.method_failed(setting, &method.name, error, watch))
    }

    fn method_failed(
        &self,
        setting: &Setting,
        method: &str,
        error: &str,
        watch: &dyn Watch,
    ) -> Result<(), RunError> {
        let key = FailedRecord::key_of(setting, method);
        let (setting, method, error) = (setting.clone(), method.to_owned(), error.to_owned());
        let failed = FailedRecord { key, setting, method, error, refused: false };
        watch.failed(&failed);
        for _ in 0..self.recipe.trials + self.recipe.seeds.list().len() {
            watch.cell(&failed.setting, &failed.method);
        }
        Ok(self.store.add(Record::Failed(failed))?)
    }

    /// The methods, with what is found for those that leave something open.
    fn found(
        &self,
        prepared: &Prepared,
        watch: &dyn Watch,
        cancel: &AtomicBool,
    ) -> Result<Vec<MethodEntry>, RunError> {
        let mut methods = Vec::new();
        for method in &self.recipe.methods {
            let Some(open) = method.open else {
                methods.push(method.clone());
                continue;
            };
            let all = format!("found 4\n{}\n{open:?}\n{:?}", prepared.identity, method.method);
            let key = sha256(all.as_bytes());
            let known = self.store.read(|results| {
                results.found.iter().find(|found| found.key == key).map(|found| found.chosen.clone())
            });
            if let Some(chosen) = known {
                methods.push(method.with_found(chosen.method));
                continue;
            }
            match self.find(prepared, method, open, watch, cancel) {
                Ok(chosen) => {
                    let (data, teacher) = (prepared.record.data.clone(), prepared.record.teacher.clone());
                    let found = method.with_found(chosen.method.clone());
                    let method = method.name.clone();
                    self.store.add(Record::Found(FoundRecord { key, data, teacher, method, chosen }))?;
                    methods.push(found);
                }
                Err(_) if cancel.load(Ordering::Relaxed) => return Err(RunError::Cancelled),
                Err(error) => self.unfound(prepared, method, &error, watch)?,
            }
        }
        Ok(methods)
    }

    fn find(
        &self,
        prepared: &Prepared,
        method: &MethodEntry,
        open: Open,
        watch: &dyn Watch,
        cancel: &AtomicBool,
    ) -> Result<Chosen, AutoError> {
        let (mut done, rows, data) = (0, open.students(&method.method), &prepared.record.data);
        let mut told = || {
            done += 1;
            watch.step(Step { data, doing: "probing", done, rows });
        };
        choose(&prepared.task, &method.method, open, self.places.threads, &mut told, cancel)
    }

    /// All methods with one kind of student.
    fn students(
        &self,
        prepared: &Prepared,
        student: &StudentEntry,
        methods: &[MethodEntry],
        watch: &dyn Watch,
        cancel: &AtomicBool,
    ) -> Result<(), RunError> {
        let setting = prepared.setting(&student.name);
        let model = with_teacher(&student.model, prepared.teacher.as_deref());
        let seeds = self.recipe.seeds.list();
        let contests = methods.iter().map(|method| {
            let trials = method.trials(&student.train, self.recipe.trials)?;
            Ok(Contest {
                setting: setting.clone(),
                prepared,
                student: &model,
                method,
                trials,
                search_seeds: self.recipe.search_seeds,
                seeds: &seeds,
            })
        });
        let contests: Vec<Contest<'_>> = contests.collect::<Result<_, RecipeError>>()?;
        let (done, open): (Vec<_>, Vec<_>) =
            contests.into_iter().partition(|contest| self.store.read(|results| contest.is_done(results)));
        for contest in &done {
            (0..contest.cells()).for_each(|_| watch.cell(&setting, &contest.method.name));
        }
        if open.is_empty() {
            return Ok(());
        }
        let inputs = match self.inputs(prepared, &model, watch, cancel) {
            Ok(inputs) => inputs,
            Err(_) if cancel.load(Ordering::Relaxed) => return Err(RunError::Cancelled),
            Err(error) => return self.all_failed(&setting, &ErrorChain(&error).to_string(), watch),
        };
        self.side_by_side(prepared, &model, &inputs, &open, watch, cancel)
    }

    fn inputs(
        &self,
        prepared: &Prepared,
        model: &StudentSettings,
        watch: &dyn Watch,
        cancel: &AtomicBool,
    ) -> Result<TaskInputs, StudentModelError> {
        let task = &prepared.task;
        let rows = task.train().rows() + task.validation().rows();
        let data = &prepared.record.data;
        let mut told = |done| watch.step(Step { data, doing: "reading texts", done, rows });
        TaskInputs::new(task, model, self.places.threads, Some(self.places.kept), &mut told, cancel)
    }

    fn side_by_side(
        &self,
        prepared: &Prepared,
        model: &StudentSettings,
        inputs: &TaskInputs,
        contests: &[Contest<'_>],
        watch: &dyn Watch,
        cancel: &AtomicBool,
    ) -> Result<(), RunError> {
        let threads = self.places.threads;
        let jobs = match model {
            StudentSettings::Encoder(_) => NonZeroUsize::MIN,
            _ => self.jobs.min(threads),
        };
        let each = NonZeroUsize::new(threads.get() / jobs).unwrap_or(NonZeroUsize::MIN);
        let distillation = Distiller::new(&prepared.task, inputs, each);
        let around = Around {
            store: self.store,
            kept: self.places.kept,
            out: self.places.out,
            threads: each,
            watch,
            cancel,
        };
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let work = || {
            while let Some(contest) = contests.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = contest.run(&distillation, &around) {
                    // What cannot be written down ends the comparison; the other jobs see it as a stop.
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    next.store(contests.len(), Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| (0..jobs.get()).for_each(|_| drop(scope.spawn(work))));
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

/// The student with the teacher's folder in place of `{teacher}`.
fn with_teacher(student: &StudentSettings, teacher: Option<&Path>) -> StudentSettings {
    let mut student = student.clone();
    if let (StudentSettings::Encoder(options), Some(teacher)) = (&mut student, teacher)
        && options.from.as_os_str() == "{teacher}"
    {
        teacher.clone_into(&mut options.from);
    }
    student
}
