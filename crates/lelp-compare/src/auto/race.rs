//! Candidates are trained and scored: every one once, the best ones again, with other seeds and other rows held out.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use lelp_method::Objective;
use lelp_train::distill::{DistillError, Distilled, Distiller, SplitError, Task};
use lelp_train::training::TrainSettings;

use super::candidates::{Candidate, Plan};
use super::entry::{Criterion, Entry};
use super::fold::Fold;
use super::{AutoError, AutoSearch};

/// Students of a candidate that comes to the last round.
pub(super) const SEEDS: usize = 3;

/// Students with other features or layers that every method is tried with.
const BEST_STUDENTS: usize = 2;

/// Changes of the best candidate that are tried side by side.
const STEPS_AT_ONCE: usize = 2;

/// Distance of the seeds of two searches, and of the first from those of students that are reported.
const SEED_STEP: u64 = 1_000;
const FIRST_SEED: u64 = 1_000_000;

/// Which rows a student answers rightly, and what is selected for.
type Answers = (Vec<bool>, f64);

/// A race of candidates.
pub(super) struct Race<'a> {
    pub(super) search: &'a AutoSearch<'a>,
    pub(super) task: &'a Task,
    pub(super) train: TrainSettings,
    pub(super) on_student: &'a (dyn Fn() + Sync),
    pub(super) cancel: &'a AtomicBool,
}

impl Race<'_> {
    /// All candidates that were tried.
    pub(super) fn run(&self, plan: &Plan) -> Result<Vec<Entry>, AutoError> {
        let threads = self.search.resources.threads.get();
        let jobs = threads.min(self.search.budget.get());
        let each = NonZeroUsize::new(threads / jobs).unwrap_or(NonZeroUsize::MIN);
        let mut field = Field { race: self, plan, jobs, methods: plan.methods.clone(), entries: Vec::new() };
        let always = (0..plan.early).chain(plan.baseline.map(|(student, _)| student)).collect();
        let first = self.fold(plan, 0, &always)?;
        let mut distillers = first.distillers(each);
        field.first_rounds(&distillers)?;
        let of_teacher = field.students_of_teacher();
        let second = self.fold(plan, 0, &of_teacher.iter().copied().collect())?;
        for (own, further) in distillers.iter_mut().zip(second.distillers(each)) {
            *own = own.take().or(further);
        }
        let of_teacher: Vec<usize> = of_teacher.into_iter().filter(|&student| second.has(student)).collect();
        let finalists = field.last_steps(&distillers, &of_teacher)?;
        let students = finalists.iter().map(|&entry| field.entries[entry].rank.0).collect();
        for number in 1..SEEDS {
            if first.holds_out() {
                let fold = self.fold(plan, number, &students)?;
                field.train(&fold.distillers(each), number, &finalists)?;
            } else {
                field.train(&distillers, number, &finalists)?;
            }
        }
        Ok(field.entries)
    }

    /// The fold of this number, with these students of the plan.
    fn fold(&self, plan: &Plan, number: usize, students: &BTreeSet<usize>) -> Result<Fold<'_>, AutoError> {
        Fold::open(self.search, self.task, plan, number, students, self.cancel)
    }

    /// What candidates are compared by.
    pub(super) fn criterion(&self) -> Criterion {
        Criterion { select: self.search.train.select, validation: self.task.validation().rows() }
    }
}

/// Of each student of the plan, who trains it; none where it is not in this round.
type Distillers<'a> = [Option<Distiller<'a>>];

/// Candidates so far.
struct Field<'a> {
    race: &'a Race<'a>,
    plan: &'a Plan,
    /// Students that are trained side by side.
    jobs: usize,
    /// Those of the plan, and those with labels mixed in.
    methods: Vec<Objective>,
    entries: Vec<Entry>,
}

impl Field<'_> {
    /// Candidates that are tried before the last round, for which a third of the budget is left.
    fn most(&self) -> usize {
        let budget = self.race.search.budget.get();
        (budget - budget / 3).max(1)
    }

    /// Trains the candidates of the plan once.
    fn first_rounds(&mut self, distillers: &Distillers<'_>) -> Result<(), AutoError> {
        let (most, students, plain) = (self.most(), self.plan.early, self.plan.plain);
        let pairs = (0..plain).flat_map(|method| (0..students).map(move |student| (student, method)));
        self.enter(distillers, pairs.chain(self.plan.baseline).collect(), most)?;
        let best = self.best_students();
        let splits = plain..self.plan.methods.len();
        let pairs = best.iter().flat_map(|&student| splits.clone().map(move |method| (student, method)));
        self.enter(distillers, pairs.collect(), most)?;
        self.enter_mixed_labels(distillers, most)
    }

    /// What the best student so far could take from a teacher.
    fn students_of_teacher(&self) -> Vec<usize> {
        let best = self.best_that_learns().map(|place| self.entries[place].rank.0);
        let of_best = self.plan.of_teacher.iter().filter(|(_, student)| Some(*student) == best);
        of_best.map(|&(own, _)| own).collect()
    }

    /// Goes on from the best candidate, with these students too, and gives the candidates of the last round.
    fn last_steps(
        &mut self,
        distillers: &Distillers<'_>,
        of_teacher: &[usize],
    ) -> Result<Vec<usize>, AutoError> {
        let most = self.most();
        let methods: Vec<usize> = self.best_methods(STEPS_AT_ONCE);
        let pairs =
            of_teacher.iter().flat_map(|&student| methods.iter().map(move |&method| (student, method)));
        self.enter(distillers, pairs.collect(), most)?;
        self.enter_steps(distillers, most)?;
        Ok(self.finalists((self.race.search.budget.get() - self.entries.len()) / (SEEDS - 1)))
    }

    /// The methods of the best entries, `count` different ones.
    fn best_methods(&self, count: usize) -> Vec<usize> {
        let mut methods = Vec::new();
        for place in self.order() {
            let method = self.entries[place].rank.1;
            if methods.len() < count && !methods.contains(&method) {
                methods.push(method);
            }
        }
        methods
    }

    fn score(&self, place: usize) -> f64 {
        self.entries[place].score(self.race.criterion())
    }

    /// Enters pairs of student and method, as long as there are fewer than `most`, and trains them.
    fn enter(
        &mut self,
        distillers: &Distillers<'_>,
        pairs: Vec<(usize, usize)>,
        most: usize,
    ) -> Result<(), AutoError> {
        let first = self.entries.len();
        self.entries.extend(pairs.into_iter().take(most.saturating_sub(first)).map(|(student, method)| {
            let candidate = Candidate::new(self.methods[method].clone(), self.plan.students[student].clone());
            Entry::new(candidate, (student, method, 0))
        }));
        self.train(distillers, 0, &(first..self.entries.len()).collect::<Vec<_>>())
    }

    /// Goes on from the best candidate, one change at a time, as long as there are fewer than `most`.
    fn enter_steps(&mut self, distillers: &Distillers<'_>, most: usize) -> Result<(), AutoError> {
        while self.entries.len() < most {
            let Some(best) = self.best_that_learns() else { break };
            let Entry { candidate, rank: (student, method, _), .. } = &self.entries[best];
            let (student, method, first) = (*student, *method, self.entries.len());
            let steps = self.plan.steps.of(candidate).into_iter();
            let untried = steps.filter(|step| self.entries.iter().all(|entry| entry.candidate != *step));
            // A number that does not depend on the threads, so that the choice does not either.
            let next: Vec<Candidate> = untried.take(STEPS_AT_ONCE.min(most - first)).collect();
            if next.is_empty() {
                break;
            }
            let ranked = (first..).zip(next);
            let entries = ranked.map(|(place, candidate)| Entry::new(candidate, (student, method, place)));
            self.entries.extend(entries);
            self.train(distillers, 0, &(first..self.entries.len()).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// The students that do best with the plain methods, over these.
    fn best_students(&self) -> Vec<usize> {
        let score = |student: usize| {
            let own = (0..self.entries.len()).filter(|&place| self.entries[place].rank.0 == student);
            let own = own.map(|place| self.score(place));
            let (sum, count) = own.fold((0.0, 0.0), |(sum, count), score| (sum + score, count + 1.0));
            if count == 0.0 { -1.0 } else { sum / count }
        };
        let mut students: Vec<usize> = (0..self.plan.early).collect();
        students.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        students.truncate(BEST_STUDENTS);
        students
    }

    /// The best methods that learn from the teacher, one without and one with a split, with labels mixed in.
    fn enter_mixed_labels(&mut self, distillers: &Distillers<'_>, most: usize) -> Result<(), AutoError> {
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
        self.enter(distillers, pairs, most)
    }

    /// The best entry but the baseline, of which nothing is left to change.
    fn best_that_learns(&self) -> Option<usize> {
        let baseline = self.plan.baseline.map(|(student, _)| student);
        self.order().into_iter().find(|&place| Some(self.entries[place].rank.0) != baseline)
    }

    /// Places of all entries, the best first, the simpler of equals first.
    fn order(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.entries.len()).collect();
        let key = |place: usize| (self.score(place), self.entries[place].rank);
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
    fn train(
        &mut self,
        distillers: &Distillers<'_>,
        number: usize,
        entries: &[usize],
    ) -> Result<(), AutoError> {
        let answers: Mutex<Vec<Option<Answers>>> = Mutex::new(vec![None; entries.len()]);
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(&entry) = entries.get(place) else { break };
                let entry = &self.entries[entry];
                let distiller =
                    distillers[entry.rank.0].as_ref().expect("a fold is opened with its students");
                match self.answers(distiller, entry, number) {
                    Ok(right) => answers.lock().unwrap_or_else(PoisonError::into_inner)[place] = right,
                    Err(error) => {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        next.store(entries.len(), Ordering::Relaxed);
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
        for (&entry, answers) in entries.iter().zip(answers) {
            let Some((right, key)) = answers else { continue };
            self.entries[entry].right.push(right);
            self.entries[entry].keys.push(key);
        }
        Ok(())
    }

    /// How a new student answers the rows that decide; none where the split does not fit these classes: another may.
    fn answers(
        &self,
        distiller: &Distiller<'_>,
        entry: &Entry,
        number: usize,
    ) -> Result<Option<Answers>, AutoError> {
        let train = self.race.train;
        let seed = FIRST_SEED + SEED_STEP * train.seed + number as u64;
        let train = entry.candidate.training(TrainSettings { seed, ..train });
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
