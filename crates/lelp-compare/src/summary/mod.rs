//! Tables of a comparison, with differences between methods and tests of their significance.

mod markdown;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use lelp::stats::{
    Bootstrap, MeanAndDeviation, holm_correction, mcnemar_test, paired_bootstrap, paired_t_test,
};
use lelp_method::Objective;
use lelp_train::evaluate::Report;
use lelp_train::training::TrainSettings;
use serde::Serialize;

use crate::record::{AutoRecord, FailedRecord, MajorityRecord, Setting, StudentRecord, TeacherRecord};
use crate::store::Results;

pub use tally::Tally;

/// Level of significance of a corrected p-value.
pub const SIGNIFICANCE_LEVEL: f64 = 0.05;

/// Seed of the bootstrap's draws.
const BOOTSTRAP_SEED: u64 = 0;

/// A comparison's tables.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The method that the others are compared with.
    pub baseline: String,
    /// Trials of every search.
    pub trials: usize,
    /// Students of each trial.
    pub search_seeds: u64,
    /// Seeds of the students.
    pub seeds: Vec<u64>,
    /// A table for each data set, teacher and student.
    pub tables: Vec<ComparisonTable>,
    /// Wins, ties and losses of each method against the baseline, over all tables.
    pub tallies: Vec<Tally>,
}

/// All methods with one kind of student on one data set, with one teacher.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonTable {
    /// Data set, teacher, student.
    pub setting: Setting,
    /// What is known of data set and teacher.
    pub teacher: Option<TeacherRecord>,
    /// A line for each method that has students, in the order of the recipe.
    pub lines: Vec<MethodSummary>,
    /// What was chosen for methods that a recipe leaves to `auto`.
    pub auto: Vec<AutoRecord>,
    /// Cells that failed.
    pub failed: Vec<FailedRecord>,
}

/// A method's students; means and deviations are over seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodSummary {
    /// The method.
    pub method: String,
    /// The settings that were chosen.
    pub distill: Objective,
    /// Those of the training, but for the seed.
    pub train: TrainSettings,
    /// Seeds that have a student.
    pub seeds: Vec<u64>,
    /// Score on the validation rows.
    pub validation: MeanAndDeviation,
    /// Share of test rows that are right.
    pub accuracy: MeanAndDeviation,
    /// Half of the 95 % interval of that mean over seeds; none for one seed.
    pub confidence_half_width: Option<f64>,
    /// Mean of the classes' F1.
    pub macro_f1: MeanAndDeviation,
    /// Mean negative log-likelihood, in nats.
    pub negative_log_likelihood: MeanAndDeviation,
    /// Expected calibration error.
    pub expected_calibration_error: MeanAndDeviation,
    /// Share of test rows answered as the teacher answers.
    pub agreement: Option<MeanAndDeviation>,
    /// Seconds of training of a student.
    pub seconds: MeanAndDeviation,
    /// Seconds of training in all: trials and students.
    pub compute_seconds: f64,
    /// Mean bytes of a student: those of `auto` may differ.
    pub bytes: u64,
    /// Microseconds a text, as measured while the comparison ran.
    pub microseconds_per_text: MeanAndDeviation,
    /// Students that answer all test rows with one class, though not all of them are of it.
    pub one_class: usize,
    /// Against the baseline; none of the baseline itself.
    pub against_baseline: Option<Difference>,
    /// Against the best of the others by test accuracy, `oracle` apart, which sees labels that they do not.
    pub against_best_other: Option<(String, Difference)>,
}

/// How much more of the test rows one method has right than another, with tests of significance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Of the mean accuracies.
    pub mean: f64,
    /// Chance by the paired t-test over seeds; none for one seed.
    pub seeds_p: Option<f64>,
    /// The same, corrected for the methods of the table (Holm).
    pub seeds_p_corrected: Option<f64>,
    /// Paired bootstrap over test rows, of the share of seeds that have a row right.
    pub rows: Bootstrap,
    /// Its chance, corrected for the methods of the table (Holm).
    pub rows_p_corrected: f64,
    /// `McNemar`'s exact test; where there is one seed.
    pub mcnemar_p: Option<f64>,
}

impl Difference {
    /// Between students of the same seeds, on the same rows; none where they share no seed.
    fn between(left: &[&StudentRecord], right: &[&StudentRecord]) -> Option<Self> {
        let pairs: Vec<(&StudentRecord, &StudentRecord)> = left
            .iter()
            .filter_map(|one| Some((*one, *right.iter().find(|other| other.seed == one.seed)?)))
            .filter(|(one, other)| one.correct.0.len() == other.correct.0.len())
            .collect();
        let differences: Vec<f64> =
            pairs.iter().map(|(one, other)| one.test.accuracy - other.test.accuracy).collect();
        let rows = pairs.first()?.0.correct.0.len();
        let mut by_row = vec![0.0; rows];
        for (one, other) in &pairs {
            for ((sum, &one), &other) in by_row.iter_mut().zip(&one.correct.0).zip(&other.correct.0) {
                *sum += f64::from(i8::from(one) - i8::from(other));
            }
        }
        // Whole numbers first: rows with equal differences must be equal to the bit.
        for sum in &mut by_row {
            *sum /= pairs.len() as f64;
        }
        let rows = paired_bootstrap(&by_row, BOOTSTRAP_SEED)?;
        let seeds_p = paired_t_test(&differences);
        let mcnemar_p = match pairs.as_slice() {
            [(one, other)] => Some(mcnemar_test(&one.correct.0, &other.correct.0)),
            _ => None,
        };
        Some(Self {
            mean: MeanAndDeviation::of(&differences).mean,
            seeds_p,
            seeds_p_corrected: seeds_p,
            rows,
            rows_p_corrected: rows.p,
            mcnemar_p,
        })
    }

    /// Whether the difference is significant over rows, after correction.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        self.rows_p_corrected < SIGNIFICANCE_LEVEL
    }
}

impl ComparisonTable {
    /// What it is worth to answer every test row with the most frequent class of the training rows.
    #[must_use]
    pub fn majority(&self) -> Option<&MajorityRecord> {
        self.teacher.as_ref()?.majority.as_ref()
    }
}

impl Summary {
    /// The tables of what has been found so far.
    #[must_use]
    pub fn of(results: &Results) -> Self {
        let mut settings: Vec<&Setting> = Vec::new();
        let all = results.students.iter().map(|student| &student.setting);
        for setting in all.chain(results.failed.iter().map(|failed| &failed.setting)) {
            if !settings.contains(&setting) {
                settings.push(setting);
            }
        }
        let baseline = &results.recipe.baseline;
        let tables: Vec<ComparisonTable> =
            settings.into_iter().map(|setting| contested(results, setting, baseline)).collect();
        Self {
            baseline: baseline.clone(),
            trials: results.recipe.trials,
            search_seeds: results.recipe.search_seeds,
            seeds: results.recipe.seeds.clone(),
            tallies: tally::tallies(&tables, baseline),
            tables,
        }
    }

    /// What every search had, in words.
    #[must_use]
    pub fn search(&self) -> String {
        match self.search_seeds {
            1 => format!("{} trials a method", self.trials),
            seeds => format!("{} trials a method, each of {seeds} seeds", self.trials),
        }
    }
}

fn contested(results: &Results, setting: &Setting, baseline: &str) -> ComparisonTable {
    let students = by_method(results, setting);
    let mut lines: Vec<MethodSummary> =
        students.iter().map(|(method, students)| line(results, setting, method, students)).collect();
    for place in 0..lines.len() {
        let own = &students[place].1;
        let other = students.iter().find(|(method, _)| method == baseline && *method != lines[place].method);
        lines[place].against_baseline = other.and_then(|(_, other)| Difference::between(own, other));
        let best = (0..lines.len())
            .filter(|&other| other != place && !lines[other].distill.needs().fine_labels)
            .max_by(|&a, &b| lines[a].accuracy.mean.total_cmp(&lines[b].accuracy.mean));
        lines[place].against_best_other = best.and_then(|best| {
            let difference = Difference::between(own, &students[best].1)?;
            Some((students[best].0.clone(), difference))
        });
    }
    correct(lines.iter_mut().filter_map(|line| line.against_baseline.as_mut()).collect());
    correct(
        lines.iter_mut().filter_map(|line| line.against_best_other.as_mut().map(|(_, own)| own)).collect(),
    );
    let of_setting =
        |record: &&TeacherRecord| record.data == setting.data && record.teacher == setting.teacher;
    let auto = |record: &&AutoRecord| record.setting == *setting;
    ComparisonTable {
        setting: setting.clone(),
        auto: results.auto.iter().filter(auto).cloned().collect(),
        teacher: results.teachers.iter().find(of_setting).cloned(),
        lines,
        failed: results.failed.iter().filter(|failed| failed.setting == *setting).cloned().collect(),
    }
}

/// Corrects the chances of a table for their number.
fn correct(mut differences: Vec<&mut Difference>) {
    let rows = holm_correction(&differences.iter().map(|difference| difference.rows.p).collect::<Vec<_>>());
    for (difference, corrected) in differences.iter_mut().zip(rows) {
        difference.rows_p_corrected = corrected;
    }
    // Those of whose seeds nothing can be said are not counted.
    let mut known: Vec<_> =
        differences.iter_mut().filter(|difference| difference.seeds_p.is_some()).collect();
    let seeds: Vec<f64> = known.iter().filter_map(|difference| difference.seeds_p).collect();
    for (difference, corrected) in known.iter_mut().zip(holm_correction(&seeds)) {
        difference.seeds_p_corrected = Some(corrected);
    }
}

/// Each method's students in the order of their seeds; of two with one seed the later counts.
fn by_method<'r>(results: &'r Results, setting: &Setting) -> Vec<(String, Vec<&'r StudentRecord>)> {
    let mut methods: Vec<(String, BTreeMap<u64, &StudentRecord>)> = Vec::new();
    for student in results.students.iter().filter(|student| student.setting == *setting) {
        let place = methods.iter().position(|(method, _)| *method == student.method).unwrap_or_else(|| {
            methods.push((student.method.clone(), BTreeMap::new()));
            methods.len() - 1
        });
        methods[place].1.insert(student.seed, student);
    }
    // Jobs finish in any order, the recipe has one.
    let order = &results.recipe.methods;
    methods.sort_by_key(|(method, _)| order.iter().position(|name| name == method));
    methods.into_iter().map(|(method, students)| (method, students.into_values().collect())).collect()
}

fn line(results: &Results, setting: &Setting, method: &str, students: &[&StudentRecord]) -> MethodSummary {
    let spread = |figure: &dyn Fn(&Report) -> f64| {
        MeanAndDeviation::of(&students.iter().map(|student| figure(&student.test)).collect::<Vec<_>>())
    };
    let agreements: Option<Vec<f64>> = students.iter().map(|student| student.test.agreement).collect();
    let accuracy = spread(&|report| report.accuracy);
    let seconds: Vec<f64> = students.iter().map(|student| student.seconds).collect();
    let trials = results.trials.iter().filter(|trial| trial.setting == *setting && trial.method == method);
    let searches = results.auto.iter().filter(|record| record.setting == *setting && record.method == method);
    let last = students.last().expect("a method is there because of its students");
    MethodSummary {
        method: method.to_owned(),
        distill: last.distill.clone(),
        train: TrainSettings { seed: 0, ..last.train },
        seeds: students.iter().map(|student| student.seed).collect(),
        validation: MeanAndDeviation::of(
            &students.iter().map(|student| student.validation.value).collect::<Vec<_>>(),
        ),
        accuracy,
        confidence_half_width: accuracy.confidence_half_width(students.len()),
        macro_f1: spread(&|report| report.macro_f1),
        negative_log_likelihood: spread(&|report| report.negative_log_likelihood),
        expected_calibration_error: spread(&|report| report.expected_calibration_error),
        agreement: agreements.map(|values| MeanAndDeviation::of(&values)),
        seconds: MeanAndDeviation::of(&seconds),
        compute_seconds: seconds.iter().sum::<f64>()
            + trials.map(|trial| trial.seconds).sum::<f64>()
            + searches.map(|search| search.result.seconds).sum::<f64>(),
        bytes: mean_bytes(students),
        microseconds_per_text: spread(&|report| report.microseconds_per_text),
        one_class: students.iter().filter(|student| answers_one_class(&student.test)).count(),
        against_baseline: None,
        against_best_other: None,
    }
}

impl MethodSummary {
    /// Microseconds a text as `3.1 (0.2)`, mean and standard deviation; nothing where one student alone was measured, as
    /// whatever else the machine did is in that.
    #[must_use]
    pub fn microseconds_text(&self) -> String {
        let MeanAndDeviation { mean, deviation } = self.microseconds_per_text;
        if self.seeds.len() < 2 { String::new() } else { format!("{mean:.1} ({deviation:.1})") }
    }
}

/// The mean size; sizes of a file that is not ours may add up to more than 64 bits hold.
fn mean_bytes(students: &[&StudentRecord]) -> u64 {
    let all: u128 = students.iter().map(|student| u128::from(student.bytes)).sum();
    (all / students.len() as u128) as u64
}

/// Whether all labelled rows got one class, though not all of them are of it.
fn answers_one_class(report: &Report) -> bool {
    let used = (0..report.labels.len()).filter(|&answer| report.confusion.iter().any(|row| row[answer] > 0));
    used.count() == 1 && report.accuracy < 1.0
}
