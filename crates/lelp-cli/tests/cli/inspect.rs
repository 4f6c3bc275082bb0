//! What `lelp inspect` tells, of a student and of splits.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::Workspace;

/// Teacher and signals of the small queries.
fn taught() -> Workspace {
    Workspace::taught("--hidden 32 --learning-rate 0.01")
}

const SPLIT: &str = "inspect --signals signals --data queries/train.csv";

/// With the topic of each query beside it.
fn with_topics(work: &Workspace) {
    let rows = fs::read_to_string(work.path("queries/train.csv")).unwrap();
    let topic = |(row, line): (usize, &str)| match row {
        0 => format!("{line},topic"),
        _ => format!("{line},topic {}", (row - 1) / 2 % 4),
    };
    let rows: Vec<String> = rows.lines().enumerate().map(topic).collect();
    work.write("queries/train.csv", rows.join("\n"));
}

#[test]
fn without_arguments_both_ways_to_say_what_is_inspected_are_named() {
    let work = Workspace::new();
    for line in ["inspect", "inspect --signals signals", "inspect --data queries"] {
        let said = work.fails(line, 2);
        assert!(["`--model`", "`--signals`", "`--data`"].iter().all(|flag| said.contains(flag)), "{said}");
    }
}

/// Fine labels depend on no arithmetic, so that all that is printed can be held to the letter.
#[test]
fn every_subclass_is_told_in_words_and_numbers() {
    let work = taught();
    with_topics(&work);
    // Two rows: the third of a subclass is as far from the others as the fourth, up to the machine's rounding.
    let flags = "--split oracle --fine-column topic --class card --words 3 --rows 2";
    let told = work.run(&format!("{SPLIT} {flags}"));
    // The teacher's probabilities may differ in their last digits between machines.
    let without_confidence = |line: &str| match line.split_once("  confidence ") {
        Some((before, _)) => format!("{before}  confidence ..."),
        None => line.to_owned(),
    };
    let told: Vec<String> = told.lines().map(without_confidence).collect();
    assert!(told.iter().all(|line| line.chars().count() <= 100));
    assert_snapshot!(told.join("\n"));
}

#[test]
fn a_student_needs_nothing_but_its_folder() {
    let work = taught();
    let flags = "--data queries --signals signals --buckets 4096 --epochs 1";
    work.run(&format!("distill {flags} --method kmeans --entropy 0.5 --out student"));
    let of_student: Value = serde_json::from_str(&work.run("inspect --model student --json")).unwrap();
    assert!((of_student["entropy"].as_f64().unwrap() - 0.5).abs() < 1e-4);
    assert_eq!(of_student["split"], "kmeans");

    // The same split by hand, at the same sharpness.
    let by_hand = work.run(&format!("{SPLIT} --fit student/lelp.safetensors --entropy 0.5 --json"));
    assert_eq!(of_student, serde_json::from_str::<Value>(&by_hand).unwrap());
    let anew = work.run(&format!("{SPLIT} --split kmeans --entropy 0.5 --json"));
    assert_eq!(of_student, serde_json::from_str::<Value>(&anew).unwrap());

    let told = work.run("inspect --model student --class other");
    assert!(told.contains("class other: ") && !told.contains("class card: "), "{told}");

    // Moved away, the record's paths are wrong, and flags replace them.
    fs::rename(work.path("signals"), work.path("moved")).unwrap();
    let said = work.fails("inspect --model student", 1);
    assert!(said.contains("`signals`") && said.contains("--signals"), "{said}");
    work.run("inspect --model student --signals moved");
}

#[test]
fn shares_add_up_whatever_the_split_and_the_threads() {
    let work = taught();
    with_topics(&work);
    for split in ["lelp", "agglomerative", "random-projection", "random-subclass", "oracle"] {
        let column = if split == "oracle" { "--fine-column topic" } else { "-S 3" };
        let line = format!("{SPLIT} --split {split} {column} --json");
        let found = work.run(&format!("{line} --threads 1"));
        assert_eq!(found, work.run(&format!("{line} --threads 2")), "{split}");
        let found: Value = serde_json::from_str(&found).unwrap();
        for class in found["classes"].as_array().unwrap() {
            let subclasses = class["subclasses"].as_array().unwrap();
            let sum: f64 = subclasses.iter().map(|subclass| subclass["share"].as_f64().unwrap()).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{split}: {class}");
        }
    }
}

#[test]
fn what_cannot_be_inspected_says_why() {
    let work = taught();
    let flags = "--data queries --signals signals --buckets 4096 --epochs 1";
    work.run(&format!("distill {flags} --method kd --out kd"));
    let said = work.fails("inspect --model kd", 1);
    assert_snapshot!(said, @"error: `kd` was trained with method `kd`, which does not split classes

hint: inspect a student of `lelp` or of another method that splits classes; `lelp methods` lists them");
    let said = work.fails("inspect --model teacher", 1);
    assert!(said.contains("run.json"), "{said}");
    let said = work.fails("inspect --signals signals --data queries/test.csv", 1);
    assert!(said.contains("another data set") && said.contains("320") && said.contains("80"), "{said}");
    let said = work.fails(&format!("{SPLIT} --class cards"), 1);
    assert_snapshot!(said, @"error: there is no class `cards`; the teacher knows `card`, `other`");
    work.write("broken.fit", "no fit");
    assert!(work.fails(&format!("{SPLIT} --fit broken.fit"), 1).contains("broken.fit"));
    for line in [
        "inspect --signals signals",
        "inspect --model kd --split kmeans",
        "inspect --signals signals --data queries/train.csv --fit f --subclasses 3",
        "inspect --signals signals --data queries/train.csv --split oracle",
        "inspect --signals signals --data queries/train.csv --split lelp --starts 3",
        "inspect --signals signals --data queries/train.csv --beta 0",
        "inspect --signals signals --data queries/train.csv --beta 0.1 --entropy 1",
    ] {
        work.fails(line, 2);
    }
}
