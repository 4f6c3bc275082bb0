//! The table at the end: teacher and students on the test rows.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp::stats::Spread;
use lelp_infer::teacher::Teacher;
use lelp_train::data::Dataset;
use lelp_train::distill::{Students, Summary};
use lelp_train::evaluate::{EvaluateError, Report, answer, report};
use serde_json::json;

use crate::failure::Failure;
use crate::table::Table;

/// Figures of one model of the table.
struct Line {
    name: String,
    summary: Summary,
    bytes: u64,
    detail: serde_json::Value,
}

/// What came of it all, on the test rows.
pub(crate) struct Outcome {
    rows: usize,
    seeds: usize,
    lines: Vec<Line>,
}

impl Outcome {
    /// Answers the test rows with the teacher and with every student, once each.
    pub(crate) fn measure(
        teacher: &Teacher,
        students: &[Students],
        test: &Dataset,
        out: &Path,
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<Self, Failure> {
        let answers = answer(teacher, test, progress, cancel)?;
        let own = report(&answers, test, None)?;
        let mut lines = vec![Line {
            name: "teacher".to_owned(),
            summary: Summary::of(&[own]),
            bytes: folder_bytes(&out.join("teacher"))?,
            detail: json!({}),
        }];
        for method in students {
            let report_of = |model| -> Result<Report, EvaluateError> {
                let theirs = answer(model, test, &mut |_| {}, cancel)?;
                report(&theirs, test, Some(&answers.logits))
            };
            let reports: Vec<Report> = method
                .students
                .iter()
                .filter_map(|student| student.model.ngram())
                .map(|model| report_of(model))
                .collect::<Result<_, _>>()?;
            lines.push(Line {
                name: method.method.clone(),
                summary: Summary::of(&reports),
                bytes: folder_bytes(&out.join(&method.method))?,
                detail: json!({ "tried": method.tried, "test": reports }),
            });
        }
        let seeds = students.first().map_or(0, |method| method.students.len());
        Ok(Self { rows: test.rows(), seeds, lines })
    }

    /// Everything, for a program to read.
    pub(crate) fn to_json(&self) -> String {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| json!({ "model": line.name, "summary": line.summary, "bytes": line.bytes, "detail": line.detail }))
            .collect();
        format!("{:#}\n", json!({ "test_rows": self.rows, "seeds": self.seeds, "models": lines }))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings =
            ["model", "test accuracy", "errors saved", "macro-F1", "agreement", "size", "us a text"];
        let mut table = Table::new(&headings);
        let kd = self.lines.iter().find(|line| line.name == "kd");
        for line in &self.lines {
            let summary = &line.summary;
            let saved = kd.filter(|_| line.name != "kd" && line.name != "teacher");
            table.row(&[
                line.name.clone(),
                spread(summary.accuracy, self.seeds),
                saved.map_or_else(String::new, |kd| {
                    format!("{:+.1} %", 100.0 * summary.errors_saved(&kd.summary))
                }),
                spread(summary.macro_f1, self.seeds),
                summary.agreement.map_or_else(String::new, |agreement| spread(agreement, self.seeds)),
                format!("{:.1} MB", line.bytes as f64 / 1e6),
                format!("{:.1}", summary.microseconds_per_text.mean),
            ]);
        }
        writeln!(out, "{table}")?;
        write!(
            out,
            "{} test rows; students: mean (deviation) over {} seeds; errors saved: against kd; time: students on one\n\
             thread, the teacher in batches on all of them",
            self.rows, self.seeds
        )
    }
}

fn spread(spread: Spread, seeds: usize) -> String {
    if seeds > 1 && spread.deviation > 0.0 {
        format!("{:.4} ({:.4})", spread.mean, spread.deviation)
    } else {
        format!("{:.4}         ", spread.mean)
    }
}

/// Bytes of the files that a model needs to answer.
fn folder_bytes(folder: &Path) -> Result<u64, Failure> {
    let needed = ["config.json", "model.safetensors", "tokenizer.json", "head.safetensors", "teacher.json"];
    let files = needed.iter().map(|name| folder.join(name)).filter(|path| path.exists());
    let sizes = files.map(|path| fs::metadata(path).map(|file| file.len()));
    Ok(sizes.sum::<Result<u64, _>>()?)
}
