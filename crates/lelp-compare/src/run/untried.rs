//! Methods without trials. Where a recipe says `auto` every seed has a search of its own, so that what students vary by
//! holds its luck.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lelp_data::storage::sha256;
use lelp_train::distill::Distiller;
use lelp_train::students::Resources;
use lelp_train::training::TrainSettings;
use serde_json::json;

use super::method_run::{MethodRun, RunContext};
use super::{Comparison, ProgressObserver, RunError};
use crate::auto::{AutoError, AutoResult, AutoSearch, AutoSpec, Candidate};
use crate::prepare::PreparedTask;
use crate::progress::ProgressStep;
use crate::recipe::{MethodEntry, StudentEntry};
use crate::record::{AutoRecord, Record};
use crate::space::Trial;

/// Changes when the same settings are chosen in another way, so that earlier choices are made again.
const AUTO_VERSION: u32 = 8;

impl Comparison<'_> {
    /// All methods without trials: those that are left to `auto`, and those with a student of their own.
    pub(super) fn run_untried(
        &self,
        prepared: &PreparedTask,
        student: &StudentEntry,
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<(), RunError> {
        let setting = prepared.setting(&student.name);
        for method in self.recipe.methods.iter().filter(|method| method.has_no_trials()) {
            for seed in self.recipe.seeds.list() {
                let chosen = match (&method.auto, &method.model) {
                    (Some(auto), _) => self
                        .search(prepared, student, (method, auto), seed, observer, cancel)
                        .map(|result| result.choice),
                    (None, own) => Ok(Candidate::new(
                        method.method.clone(),
                        own.as_ref().unwrap_or(&student.model).clone(),
                    )),
                };
                match chosen {
                    Ok(chosen) => {
                        self.run_chosen(prepared, student, method, &chosen, seed, observer, cancel)?;
                    }
                    Err(SearchError::Results(error)) => return Err(error),
                    Err(SearchError::Auto(_)) if cancel.load(Ordering::Relaxed) => {
                        return Err(RunError::Cancelled);
                    }
                    Err(SearchError::Auto(error)) => {
                        self.record_method_failed(&setting, &method.name, &error, observer)?;
                        break;
                    }
                }
                observer.cell(&setting, &method.name);
            }
        }
        Ok(())
    }

    /// What is chosen for a seed; an earlier run's choice where there is one.
    fn search(
        &self,
        prepared: &PreparedTask,
        student: &StudentEntry,
        (method, auto): (&MethodEntry, &AutoSpec),
        seed: u64,
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<AutoResult, SearchError> {
        let setting = prepared.setting(&student.name);
        let train = TrainSettings { seed, ..student.train };
        let budget = self.recipe.auto_budget;
        let StudentEntry { model, given, .. } = student;
        let decides = json!([
            "auto",
            AUTO_VERSION,
            prepared.identity,
            auto,
            method.method,
            model,
            given,
            train,
            budget
        ]);
        let key = sha256(decides.to_string().as_bytes());
        let known = self.store.read(|results| {
            let same = |record: &&AutoRecord| record.key == key && record.setting == setting;
            results.auto.iter().find(same).map(|record| record.result.clone())
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let (done, data) = (AtomicUsize::new(0), &prepared.record.data);
        let on_student = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            observer.step(ProgressStep { data, activity: "searching", done, rows: budget.get() });
        };
        let search = AutoSearch {
            task: &prepared.task,
            spec: auto,
            method: &method.method,
            student: model,
            fixed: given,
            kind_open: false,
            train,
            resources: self.resources(prepared),
            budget,
        };
        let result = search.run(&on_student, cancel)?;
        let method = method.name.clone();
        let record = AutoRecord { key, setting, method, seed, result: result.clone() };
        self.store.add(Record::AutoSearch(record)).map_err(RunError::from)?;
        Ok(result)
    }

    /// Trains the student of a seed as it was chosen, and measures it.
    #[allow(clippy::too_many_arguments, reason = "what was chosen, for whom, and who follows it")]
    fn run_chosen(
        &self,
        prepared: &PreparedTask,
        student: &StudentEntry,
        method: &MethodEntry,
        candidate: &Candidate,
        seed: u64,
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<(), RunError> {
        let own = candidate.student.kind().name != student.model.kind().name;
        let train = if own { (candidate.student.kind().training)() } else { student.train };
        let chosen = Trial { method: candidate.distill.clone(), train: candidate.training(train) };
        let run = MethodRun {
            setting: prepared.setting(&student.name),
            prepared,
            student: &candidate.student,
            method,
            trials: Vec::new(),
            search_seeds: 0,
            seeds: &[seed],
        };
        if self.store.read(|results| run.has_student_of(results, &chosen, seed)) {
            return Ok(());
        }
        let ready = match self.prepare_student(prepared, run.student, observer, cancel) {
            Ok(ready) => ready,
            Err(_) if cancel.load(Ordering::Relaxed) => return Err(RunError::Cancelled),
            Err(error) => return self.record_method_failed(&run.setting, &method.name, &error, observer),
        };
        let threads = self.locations.threads;
        let context = RunContext {
            store: self.store,
            cache: self.locations.cache,
            out: self.locations.out,
            threads,
            observer,
            cancel,
        };
        run.run_student(&chosen, seed, &Distiller::new(&prepared.task, ready.as_ref(), threads), &context)
    }

    /// What students of a task may need.
    pub(super) fn resources<'a>(&'a self, prepared: &'a PreparedTask) -> Resources<'a> {
        Resources {
            teacher: prepared.teacher.as_deref(),
            cache: Some(self.locations.cache),
            threads: self.locations.threads,
        }
    }
}

/// Why nothing was chosen: the search failed, or it cannot be written down.
enum SearchError {
    Auto(AutoError),
    Results(RunError),
}

impl From<AutoError> for SearchError {
    fn from(error: AutoError) -> Self {
        Self::Auto(error)
    }
}

impl From<RunError> for SearchError {
    fn from(error: RunError) -> Self {
        Self::Results(error)
    }
}
