//! Fine-tuned teachers and students made of encoders, on the small random encoder of the goldens.

use std::fs;

use serde_json::Value;

use crate::support::{Workspace, encoder};

/// Queries, a fine-tuned teacher and its signals.
fn fine_tuned() -> Workspace {
    Workspace::taught("--tune all --epochs 12 --learning-rate 0.003 --max-length 16 --tensorboard events")
}

fn json(work: &Workspace, path: &str) -> Value {
    serde_json::from_slice(&fs::read(work.path(path)).unwrap()).unwrap()
}

#[test]
fn a_path_without_a_folder_is_told_before_a_hub_is_asked() {
    let work = Workspace::new();
    work.queries();
    work.write("file", "");
    for path in ["./models/tiny", "/nowhere/tiny", "models/tiny/", "a/models/tiny", "file"] {
        let said = work.fails(&format!("teach --encoder {path} --data queries --out no"), 1);
        assert!(said.contains(&format!("there is no folder `{path}`")) && !said.contains("trying"), "{said}");
    }
    // As an organisation and a name: a hub is asked, which nobody is at.
    let line = "teach --encoder models/tiny --data queries --out no";
    let output = work.lelp(line).env("HF_ENDPOINT", "http://127.0.0.1:9").assert().failure().code(1);
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(said.contains("there is none at `models/tiny`"), "{said}");
    assert_eq!(said.matches("Connection refused").count(), 1, "{said}");
}

#[test]
fn a_fine_tuned_teacher_leaves_a_classifier_and_its_record() {
    let work = fine_tuned();
    let config = json(&work, "teacher/config.json");
    assert_eq!(config["architectures"][0], "BertForSequenceClassification");
    assert_eq!(config["id2label"]["1"], "other");
    let lines = fs::read_to_string(work.path("teacher/metrics.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 12);
    assert_eq!(json(&work, "teacher/run.json")["settings"]["train"]["epochs"], 12);
    assert!(!work.path("teacher/checkpoint.safetensors").exists(), "a finished training needs no checkpoint");
    assert_eq!(fs::read_dir(work.path("events")).unwrap().count(), 1);
    let report: Value =
        serde_json::from_str(&work.run("eval --model teacher --data queries/test.csv --json")).unwrap();
    assert!(report["accuracy"].as_f64().unwrap() > 0.9, "{report}");
    let said = work.fails("teach --encoder teacher --data queries --tune all --out teacher", 1);
    assert!(said.contains("--overwrite"), "{said}");
}

#[test]
fn every_method_trains_an_encoder_student_of_the_teachers_layers() {
    let work = fine_tuned();
    let listed = work.run("methods --json");
    for line in listed.lines() {
        let about: Value = serde_json::from_str(line).unwrap();
        let name = about["name"].as_str().unwrap();
        // They need fine labels or a teacher of their own kind.
        if ["oracle", "subclass"].contains(&name) {
            continue;
        }
        work.run(&format!(
            "distill --data queries --signals signals --method {name} --force --student encoder --from teacher --layers 1 --epochs 1 --out {name}"
        ));
        let config = json(&work, &format!("{name}/config.json"));
        assert_eq!(config["num_hidden_layers"], 1, "{name}");
        assert_eq!(work.run(&format!("predict --model {name} queries/test.csv")).lines().count(), 80);
    }
    work.run("export --model lelp --out lelp.onnx");
    assert_eq!(json(&work, "lelp/lelp.json")["subclasses"], 4);
}

#[test]
fn a_student_can_start_from_scratch_or_stand_on_a_frozen_encoder() {
    let work = fine_tuned();
    let flags = "--data queries --signals signals --method lelp";
    work.run(&format!(
        "distill {flags} --student encoder --from teacher --scratch --layers 1 --width 8 --heads 2 --inner 16 --epochs 30 --learning-rate 0.01 --out scratch"
    ));
    assert_eq!(json(&work, "scratch/config.json")["hidden_size"], 8);
    work.run(&format!(
        "distill {flags} --student mlp --encoder {} --hidden 16 --learning-rate 0.01 --out mlp",
        encoder().display()
    ));
    for model in ["scratch", "mlp"] {
        let report: Value =
            serde_json::from_str(&work.run(&format!("eval --model {model} --data queries/test.csv --json")))
                .unwrap();
        assert!(report["accuracy"].as_f64().unwrap() > 0.7, "{model}: {report}");
    }
    // A flag of another student is a bad argument.
    let said = work.fails(&format!("distill {flags} --student mlp --layers 2 --encoder x --out no"), 2);
    assert!(said.contains("layers"), "{said}");
    let said = work.fails(&format!("distill {flags} --student encoder --out no"), 2);
    assert!(said.contains("`from`") && said.contains("is a flag"), "{said}");
}

#[test]
fn a_teacher_with_subclasses_can_be_fine_tuned_whole() {
    let work = Workspace::new();
    work.queries();
    work.run(&format!(
        "teach --encoder {} --data queries --tune all --subclasses 3 --epochs 3 --learning-rate 0.003 --out teacher",
        encoder().display()
    ));
    work.run("signals --teacher teacher --data queries/train.csv --out signals");
    assert_eq!(json(&work, "signals/signals.json")["subclasses"], 3);
    work.run(
        "distill --data queries --signals signals --method subclass --out student --buckets 4096 --epochs 2",
    );
}

#[test]
fn what_an_encoder_cannot_do_is_told() {
    let work = Workspace::new();
    work.queries();
    let teach = format!("teach --encoder {} --data queries --tune all --out no", encoder().display());
    for (flags, code, expected) in [
        ("--hidden 8", 2, "`--tune head`"),
        ("--device cuda", 1, "--features cuda"),
        ("--device gpu", 2, "cuda:1"),
        ("--clip=-1", 1, "clip is -1"),
        ("--warmup 2", 1, "warmup is 2"),
        ("--label-smoothing 1", 1, "label_smoothing"),
        ("--max-length 4096", 1, "--max-length"),
        ("--learning-rate 1e30 --clip 0 --warmup 0", 1, "lower the learning rate"),
    ] {
        let said = work.fails(&format!("{teach} {flags}"), code);
        assert!(said.contains(expected), "{flags}: {said}");
    }
}
