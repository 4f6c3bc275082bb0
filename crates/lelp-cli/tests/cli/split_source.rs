//! Classes that are split by other embeddings than their teacher's.

use std::fs;

use serde_json::Value;

use crate::support::{Workspace, classifier, encoder};

const DISTILL: &str = "distill --data queries --buckets 4096 --epochs 1 --method kmeans -S 3";

/// A teacher with a hidden layer of 24 units on an encoder of width 32.
fn taught() -> Workspace {
    Workspace::taught("--hidden 24 --learning-rate 0.01")
}

fn json(work: &Workspace, path: &str) -> Value {
    serde_json::from_slice(&fs::read(work.path(path)).unwrap()).unwrap()
}

/// Columns of the embeddings that a student's classes were split by.
fn width_of_split(work: &Workspace, student: &str) -> usize {
    let bytes = fs::read(work.path(student).join("lelp.safetensors")).unwrap();
    safetensors::SafeTensors::deserialize(&bytes).unwrap().tensor("projection").unwrap().shape()[0]
}

#[test]
fn a_frozen_encoder_splits_the_classes_of_a_teacher() {
    let work = taught();
    let by_encoder = format!("--signals signals --split-encoder {}", encoder().display());
    work.run(&format!("{DISTILL} --signals signals --out own"));
    work.run(&format!("{DISTILL} {by_encoder} --out other"));
    assert_eq!([width_of_split(&work, "own"), width_of_split(&work, "other")], [24, 32]);

    // What is kept of the encoder is read again, to the same bytes.
    let kept = json(&work, "other/run.json")["split_signals"].as_str().unwrap().to_owned();
    work.run(&format!("{DISTILL} --signals signals --split-signals {kept} --out again"));
    let bytes = |student: &str| fs::read(work.path(student).join("model.safetensors")).unwrap();
    assert_eq!(bytes("other"), bytes("again"));
    work.run(&format!("{DISTILL} {by_encoder} --split-source teacher --out asked"));
    assert_eq!(bytes("own"), bytes("asked"));

    // Everything that shows the split reads those embeddings.
    let found: Value = serde_json::from_str(&work.run("inspect --model other --json")).unwrap();
    assert_eq!(found["rows"], 320);
    work.run("report --run other --out report.html");
    let page = fs::read_to_string(work.path("report.html")).unwrap();
    assert!(!page.contains("embeddings and subclasses: "), "left out of the page");
}

#[test]
fn an_encoder_of_the_same_weights_and_another_config_is_another_one() {
    let work = taught();
    fs::create_dir(work.path("encoder")).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(encoder().join(file), work.path("encoder").join(file)).unwrap();
    }
    let split_signals = |student: &str| {
        work.run(&format!("{DISTILL} --signals signals --split-encoder encoder --out {student}"));
        let kept = json(&work, &format!("{student}/run.json"))["split_signals"].as_str().unwrap().to_owned();
        fs::read(work.path(&kept).join("part-00000.safetensors")).unwrap()
    };
    let first = split_signals("first");
    let config = fs::read_to_string(work.path("encoder/config.json")).unwrap();
    let other = config.replace("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": 0.5");
    assert_ne!(other, config);
    fs::write(work.path("encoder/config.json"), other).unwrap();
    assert!(first != split_signals("second"), "the embeddings of another encoder");
}

#[test]
fn embeddings_of_other_texts_are_refused_by_both_names() {
    let work = taught();
    work.run("signals --teacher teacher --data queries/test.csv --out test-signals");
    let said = work.fails(&format!("{DISTILL} --signals signals --split-signals test-signals --out no"), 1);
    assert!(
        said.contains("`test-signals` (80 rows, hash ") && said.contains("`signals` (320 rows, hash "),
        "{said}"
    );
    let said = work.fails("distill --data queries --method ce --split-signals signals --out no", 1);
    assert!(said.contains("no signals of a teacher") && said.contains("`--signals`"), "{said}");
    let both = format!("{DISTILL} --signals signals --split-signals signals --split-encoder x --out no");
    work.fails(&both, 2);
}

#[test]
fn a_recipe_says_by_what_the_classes_of_a_teacher_are_split() {
    let work = Workspace::new();
    work.queries();
    let recipe = |split: &str| {
        let encoder = encoder().display().to_string();
        format!(
            "trials = 1\nseeds = 1\n[[data]]\nname = \"queries\"\npath = \"queries\"\n\
             [[teachers]]\nname = \"head\"\nencoder = \"{encoder}\"\nhidden = 24\ntrain = {{ epochs = 3 }}\n{split}\n\
             [[students]]\nname = \"n-gram\"\nstudent = \"ngram\"\nbuckets = 4096\ntrain = {{ epochs = 1 }}\n\
             [[methods]]\nmethod = \"kd\"\n[[methods]]\nmethod = \"kmeans\"\n\
             [[methods]]\nname = \"by its own\"\nmethod = \"kmeans\"\nsplit_source = \"teacher\"\n"
        )
    };
    work.write("r.toml", recipe(&format!("split_encoder = \"{}\"", encoder().display())));
    let table = work.run("compare --recipe r.toml --out out");
    assert!(table.contains("by its own"), "{table}");
    let results = fs::read_to_string(work.path("out/results.jsonl")).unwrap();
    let records = results.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let teacher = records.into_iter().find(|record| record["record"] == "teacher").unwrap();
    assert!(teacher["split_signals"].as_str().unwrap().starts_with("out/split-signals/"), "{teacher}");
    work.run("report --run out --out report.html");

    work.write("r.toml", recipe("split_encoder = \"a\"\nsplit_signals = \"b\""));
    let said = work.fails("compare --recipe r.toml --out other", 1);
    assert!(said.contains("`split_signals` and `split_encoder`"), "{said}");
}

#[test]
fn a_teacher_that_was_fine_tuned_whole_is_told_what_splits_its_classes_better() {
    let work = Workspace::new();
    let row = |row: usize| {
        format!("{} thing number {row},{}\n", ["a bad", "a good"][row % 2], ["bad", "good"][row % 2])
    };
    work.write("train.csv", format!("text,label\n{}", (0..60).map(row).collect::<String>()));
    let said = |flags: &str| {
        let line = format!("distill --data train.csv --buckets 256 --epochs 1 --out {flags}");
        let output = work.lelp(&line).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).contains("--split-encoder")
    };
    let (tuned, frozen) = (classifier(), encoder());
    let tuned = format!("--teacher {}", tuned.display());
    assert!(said(&format!("a {tuned} --method kmeans -S 2 --members label")));
    assert!(!said(&format!("b {tuned} --method kd")));
    assert!(!said(&format!(
        "c {tuned} --method kmeans -S 2 --members label --split-encoder {}",
        frozen.display()
    )));
    work.run(&format!("teach --data train.csv --encoder {} --epochs 1 --out head", frozen.display()));
    assert!(!said("d --teacher head --method kmeans -S 2 --members label"));
}

#[test]
fn the_encoder_that_a_teacher_was_made_of_splits_its_classes() {
    let work = Workspace::new();
    work.queries();
    fs::create_dir(work.path("encoder")).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(encoder().join(file), work.path("encoder").join(file)).unwrap();
    }
    work.run(
        "teach --encoder encoder --data queries --tune all --epochs 2 --learning-rate 0.003 --out teacher",
    );
    let student = |name: &str, flags: &str| {
        let output =
            work.lelp(&format!("{DISTILL} --teacher teacher {flags} --out {name}")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        (fs::read(work.path(name).join("model.safetensors")).unwrap(), said)
    };
    let (by_default, said) = student("default", "");
    assert!(said.contains("`encoder`, which it was made of (`--split-source teacher`"), "{said}");
    assert!(json(&work, "default/run.json")["split_signals"].is_string());
    assert!(by_default == student("named", "--split-encoder encoder").0);
    let (own, said) = student("own", "--split-source teacher");
    assert!(by_default != own && !said.contains("split"), "{said}");

    // Another encoder in its place is not that of the teacher.
    let config = fs::read_to_string(work.path("encoder/config.json")).unwrap();
    let other = config.replace("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": 0.5");
    assert_ne!(other, config);
    fs::write(work.path("encoder/config.json"), other).unwrap();
    let (without, said) = student("without", "");
    assert!(without == own && said.contains("--split-encoder"), "{said}");
}
