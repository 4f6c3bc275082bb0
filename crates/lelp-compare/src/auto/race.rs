//! Candidates are trained and scored: every one once, the best ones with more seeds.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use lelp::stats::MeanAndDeviation;
use lelp_method::Objective;
use lelp_train::distill::{DistillError, Distilled, Distiller, SplitError, Task};
use lelp_train::students::PreparedStudent;
use lelp_train::training::TrainSettings;

use super::candidates::{Candidate, Plan};
use super::{AutoError, AutoSearch};

/// Students of a candidate that comes to the last round.
pub(super) const SEEDS: usize = 3;

/// Students with other features or layers that every method is tried with.
const BEST_STUDENTS: usize = 2;

/// Distance of the seeds of two searches, and of the first from those of students that are reported.
const SEED_STEP: u64 = 1_000;
const FIRST_SEED: u64 = 1_000_000;

/// Which validation rows a student answers rightly, and what is selected for.
type Answers = (Vec<bool>, f64);

/// A race of candidates.
pub(super) struct Race<'a> {
    pub(super) search: &'a AutoSearch<'a>,
    pub(super) task: &'a Task,
    pub(super) train: TrainSettings,
    pub(super) on_student: &'a (dyn Fn() + Sync),
    pub(super) cancel: &'a AtomicBool,
}

/// A candidate and how its students answer.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) candidate: Candidate,
    /// Places of student and method in the plan: the simpler one is the smaller.
    pub(super) rank: (usize, usize),
    /// Of each of its students, which validation rows it answers rightly; none where its split does not fit the classes.
    pub(super) right: Vec<Vec<bool>>,
    /// Of each of them what is selected for: by default the share of right rows.
    pub(super) keys: Vec<f64>,
}

impl Entry {
    /// Mean of what is selected for; below all others where there is none.
    pub(super) fn score(&self) -> f64 {
        if self.keys.is_empty() { f64::NEG_INFINITY } else { MeanAndDeviation::of(&self.keys).mean }
    }
}

impl Race<'_> {
    /// All candidates that were tried.
    pub(super) fn run(&self, plan: &Plan) -> Result<Vec<Entry>, AutoError> {
        let task = self.task;
        let prepare = |student: &lelp_train::students::StudentSettings| {
            student.student().prepare(task, &self.search.resources, &mut |_| {}, self.cancel)
        };
        let prepared: Vec<Box<dyn PreparedStudent>> =
            plan.students.iter().map(prepare).collect::<Result<_, _>>()?;
        let jobs = self.search.resources.threads.get().min(self.search.budget.get());
        let each = NonZeroUsize::new(self.search.resources.threads.get() / jobs).unwrap_or(NonZeroUsize::MIN);
        let distillers =
            prepared.iter().map(|student| Distiller::new(task, student.as_ref(), each)).collect();
        let mut field =
            Field { race: self, plan, distillers, jobs, methods: plan.methods.clone(), entries: Vec::new() };
        field.run()?;
        Ok(field.entries)
    }
}

/// Candidates so far.
struct Field<'a> {
    race: &'a Race<'a>,
    plan: &'a Plan,
    /// One for each student of the plan.
    distillers: Vec<Distiller<'a>>,
    /// Students that are trained side by side.
    jobs: usize,
    /// Those of the plan, and those with labels mixed in.
    methods: Vec<Objective>,
    entries: Vec<Entry>,
}

impl Field<'_> {
    fn run(&mut self) -> Result<(), AutoError> {
        let budget = self.race.search.budget.get();
        // A third is for the last round.
        let first_rounds = (budget - budget / 3).max(1);
        let (students, plain) = (self.plan.students.len(), self.plan.plain);
        let pairs = (0..plain).flat_map(|method| (0..students).map(move |student| (student, method)));
        self.enter(pairs.collect(), first_rounds)?;
        let best = self.best_students();
        let splits = plain..self.plan.methods.len();
        let pairs = best.iter().flat_map(|&student| splits.clone().map(move |method| (student, method)));
        self.enter(pairs.collect(), first_rounds)?;
        self.enter_mixed_labels(first_rounds)?;
        let finalists = self.finalists((budget - self.entries.len()) / (SEEDS - 1));
        let jobs = finalists.iter().flat_map(|&entry| (1..SEEDS).map(move |number| (entry, number)));
        self.train(&jobs.collect::<Vec<_>>())
    }

    /// Enters pairs of student and method, as long as there are fewer than `most`.
    fn enter(&mut self, pairs: Vec<(usize, usize)>, most: usize) -> Result<(), AutoError> {
        let first = self.entries.len();
        self.entries.extend(pairs.into_iter().take(most.saturating_sub(first)).map(|(student, method)| {
            Entry {
                candidate: Candidate {
                    distill: self.methods[method].clone(),
                    student: self.plan.students[student].clone(),
                },
                rank: (student, method),
                right: Vec::new(),
                keys: Vec::new(),
            }
        }));
        let jobs: Vec<(usize, usize)> = (first..self.entries.len()).map(|entry| (entry, 0)).collect();
        self.train(&jobs)
    }

    /// The students that do best with the plain methods, over these.
    fn best_students(&self) -> Vec<usize> {
        let score = |student: usize| {
            let own = self.entries.iter().filter(|entry| entry.rank.0 == student).map(Entry::score);
            let (sum, count) = own.fold((0.0, 0.0), |(sum, count), score| (sum + score, count + 1.0));
            if count == 0.0 { -1.0 } else { sum / count }
        };
        let mut students: Vec<usize> = (0..self.plan.students.len()).collect();
        students.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        students.truncate(BEST_STUDENTS);
        students
    }

    /// The best methods that learn from the teacher, one without and one with a split, with labels mixed in.
    fn enter_mixed_labels(&mut self, most: usize) -> Result<(), AutoError> {
        let Some(alpha) = self.plan.mixed_labels else { return Ok(()) };
        let mut pairs = Vec::new();
        for split in [false, true] {
            let taught = self.order().into_iter().map(|place| &self.entries[place]).find(|entry| {
                entry.candidate.distill.needs().teacher()
                    && entry.candidate.distill.base.split().is_some() == split
            });
            let Some((student, distill)) =
                taught.map(|entry| (entry.rank.0, entry.candidate.distill.clone()))
            else {
                continue;
            };
            let base = distill.base.with("alpha", alpha)?;
            pairs.push((student, self.methods.len()));
            self.methods.push(Objective { base, add: distill.add });
        }
        self.enter(pairs, most)
    }

    /// Places of all entries, the best first, the simpler of equals first.
    fn order(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.entries.len()).collect();
        let key = |place: usize| (self.entries[place].score(), self.entries[place].rank);
        places.sort_by(|&a, &b| {
            let ((left, simple), (right, other)) = (key(a), key(b));
            right.total_cmp(&left).then(simple.cmp(&other))
        });
        places
    }

    /// The best entry of each plain method, which the others are held against, then the best of all: `count` in all.
    fn finalists(&self, count: usize) -> Vec<usize> {
        let order = self.order();
        let of_method =
            |method: usize| order.iter().copied().find(|&place| self.entries[place].rank.1 == method);
        let plain = (0..self.plan.plain).filter_map(of_method);
        let others = self.plan.plain < self.plan.methods.len();
        let plain: Vec<usize> = if others { plain.collect() } else { Vec::new() };
        let mut finalists = order.iter().take(1).copied().chain(plain).chain(order.iter().copied());
        let mut chosen = Vec::new();
        while let (true, Some(place)) = (chosen.len() < count, finalists.next()) {
            if !chosen.contains(&place) && !self.entries[place].right.is_empty() {
                chosen.push(place);
            }
        }
        chosen
    }

    /// Trains a student of each of these entries, with the seed of that number.
    fn train(&mut self, students: &[(usize, usize)]) -> Result<(), AutoError> {
        let answers: Mutex<Vec<Option<Answers>>> = Mutex::new(vec![None; students.len()]);
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(&(entry, number)) = students.get(place) else { break };
                match self.answers(&self.entries[entry], number) {
                    Ok(right) => answers.lock().unwrap_or_else(PoisonError::into_inner)[place] = right,
                    Err(error) => {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        next.store(students.len(), Ordering::Relaxed);
                    }
                }
                (self.race.on_student)();
            }
        };
        thread::scope(|scope| (0..self.jobs).for_each(|_| drop(scope.spawn(work))));
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (&(entry, _), answers) in students.iter().zip(answers) {
            let Some((right, key)) = answers else { continue };
            self.entries[entry].right.push(right);
            self.entries[entry].keys.push(key);
        }
        Ok(())
    }

    /// How a new student answers the validation rows; none where the split does not fit these classes: another may.
    fn answers(&self, entry: &Entry, number: usize) -> Result<Option<Answers>, AutoError> {
        let train = self.race.train;
        let seed = FIRST_SEED + SEED_STEP * train.seed + number as u64;
        let train = TrainSettings { seed, ..train };
        let distiller = &self.distillers[entry.rank.0];
        match distiller.train(&entry.candidate.distill, &train, None, &mut |_| {}, self.race.cancel) {
            Ok(Distilled { report, .. }) => {
                let key = report.best().and_then(|epoch| epoch.validation).map(|validation| validation.key());
                Ok(report.right.zip(key))
            }
            Err(DistillError::Split(SplitError::Fit(_))) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
