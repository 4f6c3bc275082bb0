//! Data of which one class is rare.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::{Workspace, encoder};

/// A tenth of the rows is rare. The one word that tells of them stands in twice as many rows of the common class: whoever
/// counts right rows alone answers `common` always.
fn skewed(rows: usize, first: usize) -> String {
    let mut file = String::from("text,label\n");
    for row in first..first + rows {
        let word = if row % 10 == 0 || row % 5 == 1 { "odd" } else { "even" };
        let filler = ["where", "is", "my", "the", "please", "how"][row / 10 % 6];
        let class = if row % 10 == 0 { "rare" } else { "common" };
        writeln!(file, "{filler} {word},{class}").unwrap();
    }
    file
}

fn workspace() -> Workspace {
    let work = Workspace::new();
    for (split, rows, first) in [("train", 600, 0), ("validation", 200, 1000), ("test", 200, 2000)] {
        work.write(&format!("skewed/{split}.csv"), skewed(rows, first));
    }
    work
}

const DISTILL: &str =
    "distill --data skewed --method ce --student ngram --buckets 4096 --hidden 0 --epochs 10 --patience 0";

/// Rows of the rare class that a student finds.
fn found(work: &Workspace, student: &str) -> u64 {
    let report = work.run(&format!("eval --model {student} --data skewed/test.csv --json"));
    let report: Value = serde_json::from_str(&report).unwrap();
    let rare = report["labels"].as_array().unwrap().iter().position(|name| name == "rare").unwrap();
    report["confusion"][rare][rare].as_u64().unwrap()
}

#[test]
fn a_student_that_has_learned_nothing_is_told_and_one_that_has_is_not() {
    let work = workspace();
    // Labels that have nothing to do with the texts.
    let label = |row: usize| ["a", "b"][row.wrapping_mul(0x9E37_79B9_7F4A_7C15).count_ones() as usize % 2];
    for (split, rows, first) in [("train", 300, 0), ("validation", 200, 1000)] {
        let row = |row| format!("where {} is {},{}\n", row % 7, row % 5, label(row));
        work.write(
            &format!("noise/{split}.csv"),
            "text,label\n".to_owned() + &(first..first + rows).map(row).collect::<String>(),
        );
    }
    work.queries();
    for (data, told) in [("noise", true), ("queries", false)] {
        let line =
            format!("distill --data {data} --method ce --buckets 1024 --epochs 3 --out {data}-student");
        let said = work.lelp(&line).assert().success();
        let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
        assert_eq!(said.contains("hardly more than the answer `"), told, "{data}: {said}");
    }
}

#[test]
fn weights_of_classes_find_the_rare_one() {
    let work = workspace();
    let said = work.lelp(&format!("{DISTILL} --out plain")).assert().success();
    let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
    assert!(said.contains("answers all validation rows with one class"), "{said}");
    assert_eq!(found(&work, "plain"), 0);
    for (weights, student) in [("balanced", "balanced"), ("rare=9", "listed")] {
        work.run(&format!("{DISTILL} --class-weights {weights} --out {student}"));
        assert_eq!(found(&work, student), 20, "{weights}");
    }
    let record: Value = serde_json::from_slice(&fs::read(work.path("listed/run.json")).unwrap()).unwrap();
    assert_eq!(record["settings"]["class_weights"], serde_json::json!({ "rare": 9.0 }));
    work.fails(&format!("{DISTILL} --class-weights heavy --out no"), 2);
    let said = work.fails(&format!("{DISTILL} --class-weights odd=2 --out no"), 1);
    assert!(said.contains("there is no class `odd`") && said.contains("`rare`"), "{said}");
}

#[test]
fn an_epoch_is_chosen_by_what_was_asked_for() {
    let work = workspace();
    for (select, least, most) in [("macro-f1", 0.0, 1.0), ("auc", 0.5, 1.0), ("log-loss", -1.0, 0.0)] {
        work.run(&format!("{DISTILL} --class-weights balanced --select {select} --out {select}"));
        let lines = fs::read_to_string(work.path(select).join("metrics.jsonl")).unwrap();
        let epochs: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let key = |epoch: &Value| epoch["validation"]["selected"].as_f64().unwrap();
        let record: Value =
            serde_json::from_slice(&fs::read(work.path(select).join("run.json")).unwrap()).unwrap();
        let chosen = &epochs[record["best_epoch"].as_u64().unwrap() as usize - 1];
        assert!(epochs.iter().all(|epoch| key(epoch) <= key(chosen)), "{select}");
        assert!((least..=most).contains(&key(chosen)), "{select}: {}", key(chosen));
        assert_eq!(record["settings"]["train"]["select"], select);
    }
}

#[test]
fn a_comparison_weighs_selects_and_shows_the_most_frequent_class() {
    let work = workspace();
    let encoder = encoder().display().to_string();
    let recipe = |weights: &str| {
        format!(
            "trials = 2\nseeds = 1\nbaseline = \"ce\"\n[[data]]\nname = \"skewed\"\npath = \"skewed\"\n{weights}\n\
             [[teachers]]\nname = \"head\"\nencoder = \"{encoder}\"\nhidden = 16\ntrain = {{ epochs = 2 }}\n\
             [[students]]\nname = \"n-gram\"\nstudent = \"ngram\"\nbuckets = 4096\nhidden = 0\n\
             train = {{ epochs = 10, patience = 0, select = \"macro-f1\" }}\n[[methods]]\nmethod = \"ce\"\n"
        )
    };
    work.write("r.toml", recipe(""));
    let table = work.run("compare --recipe r.toml --out plain");
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert!(lines.any(|line| line == ["always", "common", "0.9000"]), "{table}");
    assert!(table.contains("ce: 1 of 1 students answer all test rows with one class"), "{table}");
    let table = fs::read_to_string(work.path("plain/tables.md")).unwrap();
    assert!(table.contains("| always `common` | .9000 |") && table.contains("with one class."), "{table}");
    work.write("r.toml", recipe("class_weights = \"balanced\""));
    let table = work.run("compare --recipe r.toml --out weighed");
    assert!(!table.contains("with one class"), "{table}");
    let results = fs::read_to_string(work.path("weighed/results.jsonl")).unwrap();
    assert!(results.contains("\"selected\":0."), "{results}");
}
