//! Rows of vectors, numbers and categories instead of texts.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::Workspace;

const COLUMNS: &str = "--number-columns amount,age --category-columns country";
const VECTOR: &str = "--vector-column embedding";

const LABELS: [&str; 2] = ["yes", "no"];
const COUNTRIES: [&str; 4] = ["de", "fr", "jp", "us"];

/// Rows whose class is the sign of a number that is hidden in vector, number and category.
fn rows(first: usize, rows: usize) -> String {
    let mut file = String::new();
    for row in first..first + rows {
        let class = row % 2;
        let sign = if class == 0 { 1.0 } else { -1.0 };
        let noise = ((row * 7919) % 101) as f64 / 101.0 - 0.5;
        let age = if row % 10 == 3 { Value::Null } else { json!(20 + row % 50) };
        let (label, country) = (LABELS[class], COUNTRIES[class * 2 + row / 2 % 2]);
        let line = json!({
            "embedding": [sign + noise, noise, -sign * 0.5],
            "amount": 100.0 * sign + 60.0 * noise,
            "age": age,
            "country": country,
            "label": label,
        });
        writeln!(file, "{line}").unwrap();
    }
    file
}

fn workspace() -> Workspace {
    let work = Workspace::new();
    for (split, first, count) in [("train", 0, 240), ("validation", 1000, 60), ("test", 2000, 60)] {
        work.write(&format!("rows/{split}.jsonl"), rows(first, count));
    }
    work
}

#[test]
fn students_of_every_kind_that_reads_tables_learn_answer_and_refuse_other_columns() {
    let work = workspace();
    let said = work.fails(&format!("distill --data rows {VECTOR} --method ce --student ngram --out no"), 1);
    assert!(
        said.contains("`ngram` does not read column `embedding`") && said.contains("`mlp` does"),
        "{said}"
    );
    for (student, flags) in [
        ("ngram", "--buckets 1024"),
        ("mlp", "--vector-column embedding --hidden 8"),
        ("linear", "--vector-column embedding"),
    ] {
        let flags = format!("--student {student} {flags}");
        work.run(&format!(
            "distill --data rows {COLUMNS} --method ce {flags} --learning-rate 0.05 --epochs 20 --out {student}"
        ));
        // The model's folder knows its columns.
        let report = work.run(&format!("eval --model {student} --data rows/test.jsonl --json"));
        let report: Value = serde_json::from_str(&report).unwrap();
        assert!(report["accuracy"].as_f64().unwrap() > 0.9, "{student}: {report}");

        let answers = work.run(&format!("predict --model {student} rows/test.jsonl --json"));
        assert_eq!(answers.lines().count(), 60, "{student}");
        let first: Value = serde_json::from_str(answers.lines().next().unwrap()).unwrap();
        assert_eq!(first["columns"]["country"], "de", "{student}: {first}");

        // A stream of the same rows gives the same answers; a wrong row is named.
        let stream = fs::read_to_string(work.path("rows/test.jsonl")).unwrap();
        let mut command = work.lelp(&format!("predict --model {student} --json"));
        let output = command.write_stdin(stream).assert().success();
        assert_eq!(String::from_utf8(output.get_output().stdout.clone()).unwrap(), answers);
        let refused = |line: &str| {
            let mut command = work.lelp(&format!("predict --model {student}"));
            let output = command.write_stdin(line.to_owned()).assert().failure().code(1);
            String::from_utf8(output.get_output().stderr.clone()).unwrap()
        };
        let said = refused(r#"{"embedding": [1, 2, 3], "amount": "much", "age": 2, "country": "de"}"#);
        assert!(said.contains("line 1") && said.contains("amount"), "{said}");
        if flags.contains(VECTOR) {
            let said = refused(r#"{"embedding": [1, 2], "amount": 1, "age": 2, "country": "de"}"#);
            assert!(said.contains("embedding") && said.contains('2') && said.contains('3'), "{said}");
        }
    }
}
