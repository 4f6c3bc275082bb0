//! The page of a made-up run.

use lelp::metrics::CalibrationBin;
use lelp::stats::Bootstrap;
use lelp_compare::record::{FailedRecord, Setting};
use lelp_compare::summary::Difference;
use lelp_train::evaluate::Report;
use lelp_train::training::{EpochRecord, TermRecord, ValidationMetric, ValidationRecord};
use serde_json::json;

use super::page;
use crate::analysis::{EmbeddingAnalysis, ProjectedRow, Projection, Spectrum};
use crate::inspect::{
    CellValue, ClassInspection, DistinctiveTerm, Inspection, NamedValue, NumberDifference, RowContent,
    SubclassInspection, TypicalRow,
};
use crate::run_report::{
    MethodResult, Omission, ResultGroup, RunKind, RunReport, SeedRun, SettingsSection, TrialResult,
};

const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&";

fn report(labels: &[String], accuracy: f64) -> Report {
    let bin = CalibrationBin { rows: 40, confidence: 0.9, accuracy };
    Report {
        rows: 80,
        labelled_rows: 80,
        labels: labels.to_vec(),
        accuracy,
        macro_f1: accuracy,
        auc: Some(0.9),
        negative_log_likelihood: 0.4,
        expected_calibration_error: 0.05,
        calibration: vec![bin],
        agreement: None,
        confusion: vec![vec![30, 10], vec![5, 35]],
        microseconds_per_text: 3.0,
    }
}

fn validation(value: f64) -> ValidationRecord {
    ValidationRecord {
        metric: ValidationMetric::Accuracy,
        value,
        negative_log_likelihood: 0.3,
        selected: None,
        one_class: false,
    }
}

fn method(name: &str, labels: &[String], accuracy: f64) -> MethodResult {
    let epoch = |epoch: usize| EpochRecord {
        epoch,
        learning_rate: 0.1,
        terms: vec![TermRecord { name: name.to_owned(), mean: 0.5, rows: 80 }],
        validation: Some(validation(accuracy)),
        best: true,
        seconds: 1.0,
        examples_per_second: 80.0,
    };
    let run = |seed: u64| SeedRun {
        seed,
        test: Some(report(labels, accuracy + 0.01 * seed as f64)),
        epochs: vec![epoch(1), epoch(2)],
    };
    let trial = |number: usize| TrialResult {
        number,
        settings: [("beta".to_owned(), json!(0.1 * number as f64))].into(),
        validation: validation(accuracy),
    };
    let (runs, trials) = ((0..3).map(run).collect(), (0..3).map(trial).collect());
    MethodResult { method: name.to_owned(), runs, trials, bytes: Some(1_000_000), against_baseline: None }
}

fn subclass(text: &str) -> SubclassInspection {
    SubclassInspection {
        name: Some(text.to_owned()),
        share: 0.5,
        variance: Some(1.0),
        confidence: vec![0.6, 0.9],
        typical_rows: vec![TypicalRow {
            row: 3,
            content: RowContent {
                text: Some(text.to_owned()),
                pair: Some(text.to_owned()),
                columns: vec![NamedValue {
                    column: text.to_owned(),
                    value: Some(CellValue::Category(text.to_owned())),
                }],
            },
            label: Some(text.to_owned()),
            share: 0.9,
            confidence: 0.8,
        }],
        distinctive_terms: vec![DistinctiveTerm { term: text.to_owned(), score: 4.0, rows: 9 }],
        number_differences: vec![NumberDifference {
            column: text.to_owned(),
            difference: 1.5,
            mean: 2.0,
            mean_of_rest: 1.0,
            rows: 20,
        }],
    }
}

fn analysis(text: &str) -> EmbeddingAnalysis {
    let class = || ClassInspection {
        name: text.to_owned(),
        members: 40,
        spectrum: vec![2.0, 1.0],
        effective_rank: Some(1.9),
        variance_kept: Some(0.9),
        subclasses: vec![subclass(text), subclass(text)],
    };
    let point = |row: usize| ProjectedRow {
        row,
        class: row % 2,
        subclass: Some(row / 2 % 2),
        confidence: 0.7,
        x: row as f32,
        y: 1.0,
        text: text.to_owned(),
    };
    let inspection = Inspection {
        split: text.to_owned(),
        beta: 0.1,
        entropy: 0.5,
        rows: 80,
        classes: vec![class(), class()],
    };
    EmbeddingAnalysis {
        data: text.to_owned(),
        teacher: text.to_owned(),
        labels: vec![text.to_owned(), "other".to_owned()],
        split: Some("lelp".to_owned()),
        per_class: 2,
        spectra: vec![Spectrum {
            class: text.to_owned(),
            variance: vec![2.0, 1.0, 0.0],
            effective_rank: 1.9,
        }],
        projection: Some(Projection { rows: 80, points: (0..8).map(point).collect() }),
        inspection: Some(inspection),
    }
}

/// A run in which every word of a user is `text`.
fn run(text: &str) -> RunReport {
    let labels = [text.to_owned(), "other".to_owned()];
    let setting = Setting { data: text.to_owned(), teacher: text.to_owned(), student: text.to_owned() };
    let mut run = RunReport::new(RunKind::Comparison, text.into());
    run.baseline = Some("kd".to_owned());
    let rows = Bootstrap { mean: 0.1, low: 0.05, high: 0.15, p: 0.01 };
    let ahead = Difference {
        mean: 0.1,
        seeds_p: Some(0.02),
        seeds_p_corrected: Some(0.02),
        rows,
        rows_p_corrected: 0.01,
        mcnemar_p: None,
    };
    let other = MethodResult { against_baseline: Some(ahead), ..method(text, &labels, 0.9) };
    let methods = vec![method("kd", &labels, 0.8), other];
    let teacher = Some(report(&labels, 0.95));
    run.groups.push(ResultGroup { setting: setting.clone(), teacher, methods });
    run.analyses.push(analysis(text));
    let error = text.to_owned();
    run.failures.push(FailedRecord {
        key: "k".to_owned(),
        setting,
        method: text.to_owned(),
        error,
        refused: true,
    });
    run.settings.push(SettingsSection { heading: text.to_owned(), values: json!({ text: text }) });
    run.omissions.push(Omission { part: text.to_owned(), reason: text.to_owned() });
    run
}

#[test]
fn every_section_of_a_full_run_is_there() {
    let page = page(&run("queries"), "A comparison");
    for heading in [
        "Results",
        "Accuracy on the test rows",
        "Gain over kd",
        "Speed and accuracy on queries",
        "Learning curves",
        "Reliability",
        "Confusion of kd",
        "Confusion of teacher",
        "Map by class",
        "Map by subclass",
        "Class spectra",
        "Subclasses",
        "Validation against beta",
        "All trials",
        "Failures",
        "Settings and hashes",
        "Left out",
    ] {
        assert!(page.contains(&format!(">{heading}<")), "{heading}");
    }
    assert!(
        page.contains("points over <b>kd</b> (p = .010 over the test rows"),
        "the sentence of the results"
    );
    assert!(page.contains("+5.00 to +15.00"), "the interval over rows");
}

/// Everything that a user can have written, in every place where it can stand.
#[test]
fn no_text_of_a_user_is_markup_or_script() {
    let plain = page(&run("queries"), "title");
    let hostile = page(&run(HOSTILE), HOSTILE);
    let count = |page: &str, what: &str| page.matches(what).count();
    for markup in ["<script", "</script>", "<img", "onerror=", "<style"] {
        let (found, expected) = (count(&hostile, markup), count(&plain, markup));
        if markup == "onerror=" {
            continue; // as text it may stand there
        }
        assert_eq!(found, expected, "{markup}");
    }
    assert!(hostile.contains("&lt;img src=x onerror=alert(2)&gt;"));
}

/// As a file may claim them.
#[test]
fn numbers_of_any_size_make_a_page() {
    let mut run = run("queries");
    let spoil = |report: &mut Report| {
        (report.rows, report.labelled_rows, report.microseconds_per_text) = (usize::MAX, usize::MAX, 1e308);
        (report.accuracy, report.negative_log_likelihood) = (1e308, -1e308);
        report.confusion = vec![vec![u64::MAX; 2]; 2];
        report.calibration =
            vec![CalibrationBin { rows: usize::MAX as u64, confidence: 1e308, accuracy: -1e308 }; 2];
    };
    for group in &mut run.groups {
        group.teacher.iter_mut().for_each(spoil);
        for method in &mut group.methods {
            method.bytes = Some(u64::MAX);
            for trial in &mut method.trials {
                (trial.number, trial.validation.value) = (usize::MAX, 1e308);
            }
            for run in &mut method.runs {
                run.seed = u64::MAX;
                run.test.iter_mut().for_each(spoil);
                run.epochs.iter_mut().for_each(|epoch| (epoch.epoch, epoch.seconds) = (usize::MAX, 1e308));
            }
        }
    }
    let page = page(&run, "title");
    assert!(page.contains(&u64::MAX.to_string()) && page.contains("Confusion of kd"));
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    assert_eq!(page(&run("queries"), "title"), page(&run("queries"), "title"));
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = page(&run("queries"), "title");
    let library = super::plotly_script::compressed();
    let own = page.replace(&library, "");
    assert_eq!(page.len() - own.len(), library.len(), "the library stands in the page once");
    assert!(page.len() < 2_000_000, "{} bytes of page, {} of library", page.len(), library.len());
    assert!(!own.contains("http:") && !own.contains("https:") && !own.contains("src="), "a link of our own");
    assert!(own.contains("default-src 'none'"));
}

#[test]
fn a_run_without_results_is_a_page_without_sections() {
    let page = page(&RunReport::new(RunKind::Student, "run".into()), "title");
    assert!(!page.contains("<section"), "nothing to show");
}
