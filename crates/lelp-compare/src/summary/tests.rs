//! Tables of made-up students, whose figures are known.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use lelp::LelpSettings;
use lelp::subclass::OracleSettings;
use lelp_method::{KdSettings, MethodSettings, SplitMethod};
use lelp_train::students::StudentSettings;
use lelp_train::training::{SelectionMetric, ValidationMetric, ValidationRecord};

use super::*;
use crate::auto::{AutoResult, Candidate, Raced};
use crate::correct_rows::CorrectRows;
use crate::record::{RecipeRecord, Record};

fn setting() -> Setting {
    Setting { data: "queries".into(), teacher: "head".into(), student: "n-gram".into() }
}

fn results() -> Results {
    Results::new(RecipeRecord {
        version: "1".into(),
        hash: "a".into(),
        recipe: serde_json::json!({}),
        baseline: "kd".into(),
        trials: 2,
        search_seeds: 1,
        seeds: vec![0, 1],
        methods: ["kd", "lelp", "oracle"].map(String::from).to_vec(),
    })
}

/// A student that has rows `from..` of a hundred right.
fn student(base: MethodSettings, seed: u64, from: usize) -> Record {
    let right: Vec<bool> = (0..100).map(|row| row >= from).collect();
    let accuracy = right.iter().filter(|right| **right).count() as f64 / 100.0;
    let validation = ValidationRecord {
        metric: ValidationMetric::Accuracy,
        value: accuracy,
        negative_log_likelihood: 0.5,
        selected: None,
        one_class: false,
    };
    Record::Student(StudentRecord {
        key: format!("{} {seed}", base.name()),
        setting: setting(),
        method: base.name().into(),
        seed,
        distill: base.into(),
        model: None,
        train: TrainSettings { seed, ..TrainSettings::ngram() },
        validation,
        epochs: Vec::new(),
        test: Report {
            rows: 100,
            labelled_rows: 100,
            labels: vec!["no".into(), "yes".into()],
            accuracy,
            macro_f1: accuracy,
            auc: None,
            negative_log_likelihood: 0.5,
            expected_calibration_error: 0.1,
            calibration: Vec::new(),
            agreement: None,
            confusion: vec![vec![50, 0], vec![0, 50]],
            microseconds_per_text: 2.0,
        },
        correct: CorrectRows(right),
        seconds: 1.0,
        bytes: 1_000_000,
    })
}

fn filled() -> Results {
    let mut results = results();
    // Out of the recipe's order, as jobs finish.
    for (seed, kd, lelp, oracle) in [(0, 30, 10, 5), (1, 32, 11, 4)] {
        results.add(student(SplitMethod::new(OracleSettings::default()).into(), seed, oracle));
        results.add(student(SplitMethod::new(LelpSettings::default()).into(), seed, lelp));
        results.add(student(MethodSettings::from(KdSettings::default()), seed, kd));
    }
    results
}

#[test]
fn lines_come_in_the_order_of_the_recipe_with_their_differences() {
    let summary = Summary::of(&filled());
    let [table] = summary.tables.as_slice() else { panic!("one table") };
    let methods: Vec<&str> = table.lines.iter().map(|line| line.method.as_str()).collect();
    assert_eq!(methods, ["kd", "lelp", "oracle"]);
    let lelp = &table.lines[1];
    assert!((lelp.accuracy.mean - 0.895).abs() < 1e-12);
    let against = lelp.against_baseline.unwrap();
    assert!((against.mean - 0.205).abs() < 1e-12 && (against.rows.mean - 0.205).abs() < 1e-12);
    assert!(against.is_significant() && against.rows.low > 0.1 && against.mcnemar_p.is_none());
    // The best of the others is `kd`, since `oracle` sees more than the others.
    assert_eq!(lelp.against_best_other.as_ref().unwrap().0, "kd");
    assert_eq!(table.lines[0].against_baseline, None);
    assert_eq!(table.lines[0].against_best_other.as_ref().unwrap().0, "lelp");
}

#[test]
fn chances_are_corrected_for_the_methods_of_the_table() {
    let summary = Summary::of(&filled());
    for line in &summary.tables[0].lines[1..] {
        let own = line.against_baseline.unwrap();
        assert!((own.rows_p_corrected - (2.0 * own.rows.p).min(1.0)).abs() < 1e-3, "{own:?}");
        assert!(own.seeds_p_corrected.unwrap() >= own.seeds_p.unwrap());
    }
}

#[test]
fn one_seed_has_mcnemar_and_no_test_over_seeds() {
    let mut results = results();
    results.add(student(MethodSettings::from(KdSettings::default()), 0, 30));
    results.add(student(SplitMethod::new(LelpSettings::default()).into(), 0, 20));
    let own = Summary::of(&results).tables[0].lines[1].against_baseline.unwrap();
    assert_eq!(own.seeds_p, None);
    // Ten rows are the one's alone, none the other's.
    assert!((own.mcnemar_p.unwrap() - 2.0 * 0.5_f64.powi(10)).abs() < 1e-12);
}

#[test]
fn a_size_is_the_mean_of_all_students() {
    let mut results = results();
    for (seed, bytes) in [(0, u64::MAX), (1, u64::MAX - 2)] {
        let Record::Student(student) = student(MethodSettings::from(KdSettings::default()), seed, 30) else {
            unreachable!("a student was made")
        };
        results.add(Record::Student(StudentRecord { bytes, ..student }));
    }
    assert_eq!(Summary::of(&results).tables[0].lines[0].bytes, u64::MAX - 1);
}

#[test]
fn a_time_has_its_deviation_over_seeds_and_none_is_shown_of_one_student() {
    let summary = Summary::of(&filled());
    let mut line = summary.tables[0].lines[0].clone();
    line.seeds = vec![0, 1];
    assert_eq!(line.microseconds_text(), "2.0 (0.0)");
    line.seeds = vec![0];
    assert_eq!(line.microseconds_text(), "");
}

#[test]
fn wins_and_ties_are_counted_over_tables() {
    let mut results = filled();
    for (seed, from) in [(0, 30), (1, 31)] {
        for base in
            [MethodSettings::from(KdSettings::default()), SplitMethod::new(LelpSettings::default()).into()]
        {
            let Record::Student(mut level) = student(base, seed, from) else { panic!("a student") };
            level.setting.data = "others".into();
            level.key += " others";
            results.add(Record::Student(level));
        }
    }
    let tallies = Summary::of(&results).tallies;
    assert_eq!(tallies[0], Tally { method: "lelp".into(), wins: 1, ties: 1, losses: 0 });
}

#[test]
fn the_tables_are_markdown_that_tells_what_was_not_run() {
    let mut results = filled();
    let (setting, method) = (setting(), "dkd".to_owned());
    let key = FailedRecord::key_of(&setting, &method);
    let error = "means nothing with 2 classes".to_owned();
    results.add(Record::Failed(FailedRecord { key, setting, method, error, refused: true }));
    let text = Summary::of(&results).to_string();
    assert!(text.contains("| `lelp` | .8950 (.0071) | **+.2050** |"), "{text}");
    assert!(text.contains("- `dkd` not run: means nothing with 2 classes"), "{text}");
    let columns = |line: &str| line.matches('|').count();
    let rows: Vec<usize> = text.lines().filter(|line| line.starts_with("| `")).map(columns).collect();
    assert_eq!(rows, [13, 13, 13, 7, 7, 7]);
}

#[test]
fn a_table_tells_what_auto_became_and_why() {
    let mut results = filled();
    let of = |text: &str| Candidate::new(toml::from_str(text).unwrap(), StudentSettings::default());
    let characters = [("min_characters", 3), ("max_characters", 5)];
    let student = StudentSettings::default().with(&characters).unwrap();
    let kmeans = Candidate { student, ..of("method = 'kmeans'\nsubclasses = 32\nalpha = 0.5") };
    let raced = |candidate: &Candidate, score, below| Raced {
        candidate: candidate.clone(),
        students: 3,
        score,
        below: Some((below, 0.011)),
    };
    let result = AutoResult {
        choice: kmeans.clone(),
        given: StudentSettings::default(),
        raced: vec![
            raced(&of("method = 'ce'"), 0.87, 0.042),
            raced(&of("method = 'kd'"), 0.89, 0.022),
            raced(&kmeans, 0.912, 0.0),
        ],
        taken: 2,
        best: 2,
        validation_alone: false,
        rows: 872,
        held_out: 0,
        metric: ValidationMetric::Accuracy,
        select: SelectionMetric::Accuracy,
        taught: true,
        seconds: 52.04,
    };
    let (key, method) = ("b".into(), "auto".into());
    results.add(Record::AutoSearch(AutoRecord { key, setting: setting(), method, seed: 3, result }));
    let text = Summary::of(&results).to_string();
    let expected = "- `auto`, seed 3, became `kmeans` alpha 0.5 beta 0.2 split_weight 0.3 subclasses 32, characters 3 to 5 in 52.0 s: \
                accuracy 0.9120 on 872 validation rows; labels alone (`ce`) 0.8700; no split and no labels (`kd`) 0.8900.";
    assert!(text.contains(expected), "{text}");
}
