//! N-gram students in small files.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::Workspace;

/// Texts whose class is told by one of two words, among many that tell nothing.
fn texts(rows: usize, first: usize) -> String {
    let mut file = String::from("text,label\n");
    for row in first..first + rows {
        let (word, class) = if row % 2 == 0 { ("even", "a") } else { ("odd", "b") };
        writeln!(file, "word{} {word} other{},{class}", row * 7 % 131, row * 11 % 173).unwrap();
    }
    file
}

fn workspace() -> Workspace {
    let work = Workspace::new();
    for (split, rows, first) in [("train", 400, 0), ("validation", 100, 1000)] {
        work.write(&format!("data/{split}.csv"), texts(rows, first));
    }
    work.run("distill --data data --method ce --student ngram --buckets 65536 --epochs 5 --out student");
    work
}

fn bytes(work: &Workspace, folder: &str) -> u64 {
    let size = |file: &str| fs::metadata(work.path(&format!("{folder}/{file}"))).unwrap().len();
    size("model.safetensors") + size("config.json")
}

#[test]
fn a_student_fits_into_a_size_and_answers_as_before() {
    let work = workspace();
    let said = work.run("shrink --model student --data data --max-size 40kB --out small --json");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert!(bytes(&work, "small") <= 40_000 && bytes(&work, "student") > 8_000_000);
    assert_eq!(said["after"]["bytes"], bytes(&work, "small"));
    assert_eq!((&said["after"]["accuracy"], &said["before"]["accuracy"]), (&1.0.into(), &1.0.into()));
    assert_eq!(said["tried"].as_array().unwrap().len(), 4, "8 and 4 bits, each taught again or not");
    let alone = work.run("shrink --model student --data data --max-size 40kB --epochs 0 --out still --json");
    let alone: Value = serde_json::from_str(&alone).unwrap();
    assert_eq!(alone["tried"].as_array().unwrap().len(), 2);
    // The one that is taken keeps most of the answers of all that were tried.
    let most = said["tried"].as_array().unwrap().iter().map(|tried| tried["agreement"].as_f64().unwrap());
    assert_eq!(said["after"]["agreement"].as_f64(), most.reduce(f64::max));
    let report = work.run("eval --model small --data data/validation.csv --json");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["accuracy"], said["after"]["accuracy"]);
    let record: Value = serde_json::from_slice(&fs::read(work.path("small/shrink.json")).unwrap()).unwrap();
    assert_eq!(record["after"]["agreement"], said["after"]["agreement"]);
}

#[test]
fn a_student_loses_no_more_than_it_may_and_the_same_command_gives_the_same_bytes() {
    let work = workspace();
    for (out, threads) in [("one", 1), ("two", 2)] {
        work.run(&format!("shrink --model student --data data --max-drop 1 --out {out} --threads {threads}"));
    }
    assert!(bytes(&work, "one") < bytes(&work, "student") / 100);
    let weights = |folder: &str| fs::read(work.path(&format!("{folder}/model.safetensors"))).unwrap();
    assert_eq!(weights("one"), weights("two"));
    let said = work.fails("shrink --model one --data data --out three", 1);
    assert!(said.contains("only one in 32 bits"), "{said}");
    let said = work.fails("shrink --model student --data data --max-size 100B --out three", 1);
    assert!(said.contains("100 bytes") && said.contains("--max-size"), "{said}");
    work.fails("shrink --model student --data data --max-size lots --out three", 2);
    let said = work.fails("shrink --model student --data data --out one", 1);
    assert!(said.contains("--overwrite"), "{said}");
    assert!(!work.path("three").exists());
    // What was fitted to the student does not come with another one.
    work.run("calibrate --model student --data data/validation.csv --force");
    work.run("shrink --model student --data data --max-size 40kB --out fitted");
    work.write("fitted/calibration.json", fs::read(work.path("student/calibration.json")).unwrap());
    work.run("shrink --model student --data data --max-size 40kB --out fitted --overwrite");
    assert!(!work.path("fitted/calibration.json").exists());
    work.run("distill --data data --method ce --student ngram --buckets 65536 --epochs 5 --out student --overwrite");
    assert!(!work.path("student/calibration.json").exists());
    let said = work.fails("shrink --model one --data data --out one --overwrite", 2);
    assert!(said.contains("cannot take the place of the student that it is made of"), "{said}");
}

#[test]
fn what_cannot_be_made_smaller_is_told_before_the_work() {
    let work = workspace();
    let shrink = "shrink --model student --data data --max-size 40kB --out small";
    for bad in ["--learning-rate nan", "--learning-rate -1", "--learning-rate inf", "--max-drop nan"] {
        work.fails(&shrink.replace("--max-size 40kB", bad), 2);
    }
    work.run("distill --data data --method ce --student tfidf --out terms");
    let said = work.fails(&shrink.replace("--model student", "--model terms"), 1);
    assert!(
        said.contains("`terms` holds a model of kind tfidf") && said.contains("--student ngram"),
        "{said}"
    );
    // Texts that are read first would be missed first.
    work.write("taken", "a file");
    let said = work.fails(&shrink.replace("data --max", "none --max").replace("small", "taken"), 1);
    assert!(said.contains("taken"), "{said}");
    assert!(!work.path("small").exists());
}

#[test]
fn a_student_whose_files_were_changed_is_refused_before_and_after() {
    let work = workspace();
    let shrink = "shrink --model student --data data --max-size 40kB --out small";
    work.run(shrink);
    let said = work.fails("report --run small --out report.html", 1);
    assert!(said.contains("made smaller of `student`") && said.contains("lelp eval"), "{said}");
    for folder in ["small", "student"] {
        let weights = work.path(&format!("{folder}/model.safetensors"));
        let mut bytes = fs::read(&weights).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::remove_file(&weights).unwrap();
        fs::write(&weights, bytes).unwrap();
    }
    assert!(work.fails("eval --model small --data data/validation.csv", 1).contains("is not the file"));
    assert!(work.fails(&shrink.replace("--out small", "--out other"), 1).contains("is not the file"));
}
