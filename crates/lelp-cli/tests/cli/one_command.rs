//! From a teacher and data to a student in one command, and unlabelled texts beside.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::Workspace;

/// The queries, and a teacher of them.
fn taught() -> Workspace {
    let work = Workspace::taught("--hidden 32 --learning-rate 0.01");
    fs::remove_dir_all(work.path("signals")).unwrap();
    work
}

/// What a command says on standard error.
fn said(work: &Workspace, line: &str) -> String {
    let output = work.lelp(line).assert().success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

fn record(work: &Workspace, student: &str) -> Value {
    serde_json::from_slice(&fs::read(work.path(student).join("run.json")).unwrap()).unwrap()
}

fn weights(work: &Workspace, student: &str) -> Vec<u8> {
    fs::read(work.path(student).join("model.safetensors")).unwrap()
}

const SMALL: &str = "--buckets 4096 --epochs 3";

#[test]
fn a_teacher_is_asked_once_and_its_answers_are_those_of_signals() {
    let work = taught();
    let line = format!("distill --data queries --teacher teacher --method lelp {SMALL} --out");
    let first = said(&work, &format!("{line} first"));
    assert!(first.contains("on 320 rows of `queries/train.csv`, kept for later runs"), "{first}");
    let second = said(&work, &format!("{line} second"));
    assert!(second.contains("on 320 rows of `queries/train.csv`, kept by an earlier run"), "{second}");
    work.run("signals --teacher teacher --data queries/train.csv --out signals");
    work.run(&format!("distill --data queries --signals signals --method lelp {SMALL} --out third"));
    assert_eq!(weights(&work, "first"), weights(&work, "second"));
    assert_eq!(weights(&work, "first"), weights(&work, "third"));
    let recorded = record(&work, "first");
    assert_eq!(recorded["settings"]["teacher"], "teacher");
    let signals = recorded["settings"]["signals"].as_str().unwrap();
    assert!(signals.starts_with(work.path("cache").to_str().unwrap()), "{signals}");
    // What was kept serves every other command.
    assert!(work.run("inspect --model first").contains("card"));

    // Whatever happened to what was kept, the student is the same.
    let lost: [&dyn Fn(); 3] = [
        &|| fs::remove_file(format!("{signals}/head.safetensors")).unwrap(),
        &|| fs::write(format!("{signals}/signals.json"), "{").unwrap(),
        &|| fs::remove_file(format!("{signals}/signals.json")).unwrap(),
    ];
    for lose in lost {
        lose();
        assert!(said(&work, &format!("{line} again --overwrite")).contains("kept for later runs"));
        assert_eq!(weights(&work, "first"), weights(&work, "again"));
    }
    // Given by name, signals without their head are refused.
    fs::remove_file(work.path("signals/head.safetensors")).unwrap();
    let refused = work.fails("distill --data queries --signals signals --method lelp --out no", 1);
    assert!(refused.contains("head.safetensors"), "{refused}");

    // Another teacher, in the same folder.
    work.run(
        "teach --encoder teacher --data queries --out teacher --overwrite --hidden 16 --learning-rate 0.01",
    );
    let other = said(&work, &format!("{line} fourth"));
    assert!(other.contains("kept for later runs"), "{other}");
}

#[test]
fn without_a_method_a_probe_chooses_one() {
    let work = taught();
    let said = said(&work, &format!("distill --data queries --teacher teacher {SMALL} --out student"));
    assert!(said.contains("found"), "{said}");
}

/// Unlabelled texts beside the training file teach what they teach inside of it.
#[test]
fn unlabelled_texts_are_training_rows_without_a_label() {
    let work = taught();
    let train = fs::read_to_string(work.path("queries/train.csv")).unwrap();
    let (mut all, mut beside) = (train.clone(), String::new());
    for row in 0..150 {
        let text = format!("card number {row} of lot {}", row * 7919 % 1000);
        writeln!(all, "{text},").unwrap();
        writeln!(beside, "{text}").unwrap();
    }
    work.write("more.txt", &beside);
    work.write("inside/train.csv", &all);
    for split in ["validation", "test"] {
        let name = format!("{split}.csv");
        fs::copy(work.path("queries").join(&name), work.path("inside").join(&name)).unwrap();
    }
    let line = format!("--teacher teacher --method kd {SMALL} --out");
    work.run(&format!("distill --data inside {line} inside-student"));
    let beside = said(&work, &format!("distill --data queries --unlabelled more.txt {line} beside-student"));
    assert!(beside.contains("150 rows of `more.txt`"), "{beside}");
    assert_eq!(weights(&work, "inside-student"), weights(&work, "beside-student"));
    assert_eq!(record(&work, "beside-student")["unlabelled_rows"], 150);
    assert_eq!(record(&work, "beside-student")["train_rows"], 470);

    // Every method learns from them; a share of them takes another way.
    for method in ["ce", "lelp", "kmeans", "fitnet", "random-subclass"] {
        work.run(&format!(
            "distill --data queries --teacher teacher --unlabelled more.txt --unlabelled-weight 0.3 \
             --method {method} {SMALL} --out {method}"
        ));
        assert_eq!(record(&work, method)["settings"]["unlabelled_weight"], 0.3);
    }
}

#[test]
fn held_out_texts_are_no_unlabelled_ones_and_foreign_ones_are_told() {
    let work = taught();
    let test = fs::read_to_string(work.path("queries/test.csv")).unwrap();
    let texts = test.lines().skip(1).map(|line| line.split(',').next().unwrap().to_uppercase() + "!");
    let foreign = (0..40).map(|row| format!("quarterly gene sequencing report {row}"));
    work.write("more.txt", texts.chain(foreign).collect::<Vec<_>>().join("\n"));
    let line = format!("distill --data queries --teacher teacher --method kd {SMALL}");
    let said = said(&work, &format!("{line} --unlabelled more.txt --out student"));
    assert!(said.contains("80 of them are left out: nearly the same as held-out rows"), "{said}");
    assert!(said.contains("warning: 100.0 % of them are unlike the training rows"), "{said}");
    assert!(said.contains("quarterly gene sequencing report 0"), "{said}");
    assert_eq!(record(&work, "student")["unlabelled_rows"], 40);

    work.write(
        "test.txt",
        test.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect::<Vec<_>>().join("\n"),
    );
    let refused = work.fails(&format!("{line} --unlabelled test.txt --out none"), 1);
    assert!(refused.contains("none is left"), "{refused}");
}

#[test]
fn unlabelled_texts_without_anyone_to_answer_them_are_refused() {
    let work = taught();
    work.write("more.txt", "where is my card\n");
    work.run("signals --teacher teacher --data queries/train.csv --out signals");
    let line = format!("distill --data queries --unlabelled more.txt --method kd {SMALL} --out student");
    for line in [line.clone(), format!("{line} --signals signals")] {
        let refused = work.fails(&line, 1);
        assert!(refused.contains("no teacher is named") && refused.contains("--teacher"), "{refused}");
    }
    let refused = work.fails(&format!("{line} --teacher teacher --unlabelled-weight 0"), 1);
    assert!(refused.contains("cannot weigh 0"), "{refused}");
    // With signals of the training file the teacher answers the other rows alone.
    let said = said(&work, &format!("{line} --teacher teacher --signals signals"));
    assert!(said.contains("on 1 row of `more.txt`") && !said.contains("train.csv`, kept"), "{said}");
}

#[test]
fn rows_that_splits_have_in_common_are_told() {
    let work = taught();
    let train = fs::read_to_string(work.path("queries/train.csv")).unwrap();
    let mut test = fs::read_to_string(work.path("queries/test.csv")).unwrap();
    let first = train.lines().nth(1).unwrap();
    writeln!(test, "{first}").unwrap();
    work.write("queries/test.csv", test);
    let expected = "of 81 test rows";
    for line in [
        format!("distill --data queries --method ce {SMALL} --out student"),
        "teach --encoder teacher --data queries --out other".to_owned(),
    ] {
        let said = said(&work, &line);
        assert!(said.contains(expected) && said.contains("are training rows too"), "{said}");
    }
}
