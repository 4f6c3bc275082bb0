//! Students with static embeddings, which begin as those of the small random encoder of the goldens.

use std::fs;

use serde_json::Value;

use crate::support::{Workspace, encoder};

fn report(work: &Workspace, model: &str) -> Value {
    let line = format!("eval --model {model} --data queries/test.csv --json");
    serde_json::from_str(&work.run(&line)).unwrap()
}

#[test]
fn every_method_trains_students_with_static_embeddings_alone_and_beside_n_grams() {
    let work = Workspace::taught("--epochs 9 --learning-rate 0.05");
    for line in work.run("methods --json").lines() {
        let about: Value = serde_json::from_str(line).unwrap();
        let name = about["name"].as_str().unwrap();
        if ["oracle", "subclass"].contains(&name) {
            continue;
        }
        let method = format!("distill --data queries --teacher teacher --method {name} --force --epochs 1");
        work.run(&format!("{method} --student static --static-width 8 --out static-{name}"));
        work.run(&format!("{method} --buckets 64 --static-width 8 --out ngram-{name}"));
        for kind in ["static", "ngram"] {
            let answers = work.run(&format!("predict --model {kind}-{name} queries/test.csv"));
            assert_eq!(answers.lines().count(), 80);
        }
    }
}

#[test]
fn a_static_student_learns_and_gives_the_same_bytes_on_any_number_of_threads_and_in_a_few_bits() {
    let work = Workspace::taught("--epochs 9 --learning-rate 0.05");
    let line = "distill --data queries --teacher teacher --method kd --student static --static-width 16";
    let mut files = Vec::new();
    for threads in [1, 2] {
        work.run(&format!("{line} --threads {threads} --out t{threads}"));
        files.push(fs::read(work.path(&format!("t{threads}/model.safetensors"))).unwrap());
    }
    assert_eq!(files[0], files[1]);
    let full = report(&work, "t1");
    assert!(full["accuracy"].as_f64().unwrap() > 0.8, "{full}");
    work.run(&format!("{line} --int8 --out small"));
    let bytes = |model: &str| fs::metadata(work.path(model).join("model.safetensors")).unwrap().len();
    assert!(bytes("small") < bytes("t1"), "{} {}", bytes("small"), bytes("t1"));
    let small = report(&work, "small");
    let difference = small["accuracy"].as_f64().unwrap() - full["accuracy"].as_f64().unwrap();
    assert!(difference.abs() < 0.1, "{small}");
}

#[test]
fn what_static_embeddings_cannot_begin_as_is_told() {
    let work = Workspace::taught("--epochs 9 --learning-rate 0.05");
    let wide = work.fails(
        "distill --data queries --teacher teacher --method kd --student static --static-width 33 --out no",
        1,
    );
    assert!(wide.contains("width 33") && wide.contains("32 columns"), "{wide}");
    let none = work.fails("distill --data queries --method ce --student static --out no", 1);
    assert!(none.contains("name one") && none.contains("--encoder"), "{none}");
    work.run(&format!(
        "distill --data queries --method ce --student static --static-width 8 --encoder {} --epochs 1 --out own",
        encoder().display()
    ));
    let said = work.fails("shrink --model own --data queries --out small", 1);
    assert!(said.contains("static"), "{said}");
    assert!(!work.path("no").exists());
}
