//! Encoders in 8 bits, from signals to a service, and what is refused.

use std::fs;

use serde_json::Value;

use crate::support::{Workspace, encoder};

fn signals_json(work: &Workspace, folder: &str) -> Value {
    serde_json::from_slice(&fs::read(work.path(folder).join("signals.json")).unwrap()).unwrap()
}

#[test]
fn signals_in_int8_are_measured_and_never_taken_for_those_in_f32() {
    let work = Workspace::taught("");
    let command = "signals --teacher teacher --data queries/train.csv --max-drop 100";
    let output = work.lelp(&format!("{command} --precision int8 --out int8")).assert().success();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(said.contains("on 320 rows the same answer as in f32"), "{said}");
    assert!(said.contains("accuracy"), "{said}");
    let (exact, lower) = (signals_json(&work, "signals"), signals_json(&work, "int8"));
    assert_eq!((&exact["encoder_precision"], &lower["encoder_precision"]), (&Value::Null, &"int8".into()));
    assert_ne!(exact["teacher"], lower["teacher"]);
    // One thread and two, the cache and the encoder: the same bytes. Embeddings in f32 are not taken for them.
    let part = |folder: &str| fs::read(work.path(folder).join("part-00000.safetensors")).unwrap();
    work.run(&format!("{command} --precision int8 --threads 1 --out again"));
    assert_eq!(part("int8"), part("again"));
    assert_ne!(part("int8"), part("signals"));
    for (folder, flags) in [("signals", "--precision int8"), ("int8", "")] {
        let said = work.fails(&format!("{command} {flags} --out {folder}"), 1);
        assert!(said.contains("encoder's precision") && said.contains("--overwrite"), "{said}");
    }
    work.run("distill --data queries --signals int8 --method kd --epochs 2 --buckets 4096 --out student");
}

#[test]
fn eval_and_predict_tell_what_int8_costs_and_refuse_too_much() {
    // A teacher that has hardly learned is unsure of all, and some of its answers turn.
    let work = Workspace::taught("--epochs 1 --learning-rate 0.001");
    let eval = "eval --model teacher --data queries/test.csv --precision int8 --json";
    let report: Value = serde_json::from_str(&work.run(&format!("{eval} --max-drop 100"))).unwrap();
    assert_eq!(report["precision"]["rows"], 80);
    assert!(report["precision"]["agreement"].as_f64().unwrap() > 0.8, "{report}");
    assert!(report["precision"]["accuracy"]["exact"].is_number());
    let predict = "predict --model teacher queries/test.csv";
    assert_eq!(work.run(&format!("{predict} --precision int8 --max-drop 100")).lines().count(), 80);
    let mut piped = work.lelp("predict --model teacher --precision int8");
    let output = piped.write_stdin("where is my card\n").assert().success();
    assert!(String::from_utf8_lossy(&output.get_output().stderr).contains("not measured"));

    let said = work.fails("predict --model teacher queries/train.csv --precision int8 --max-drop 0", 1);
    assert!(said.contains("more than 0 points are lost") && said.contains("`--max-drop`"), "{said}");
}

#[test]
fn a_frozen_encoder_in_int8_is_near_itself() {
    let work = Workspace::new();
    work.queries();
    let train = fs::read_to_string(work.path("queries/train.csv")).unwrap();
    let answered: Vec<String> = train
        .lines()
        .enumerate()
        .map(|(row, line)| format!("{line},{}", if row == 0 { "p".to_owned() } else { format!("0.{row}") }))
        .collect();
    work.write("answered.csv", answered.join("\n"));
    let command = format!(
        "signals --encoder {} --data answered.csv --probability-columns p --labels other,card --out signals --precision int8",
        encoder().display()
    );
    let output = work.lelp(&command).assert().success();
    assert!(String::from_utf8_lossy(&output.get_output().stderr).contains("cosine to the embeddings in f32"));
    assert_eq!(signals_json(&work, "signals")["encoder_precision"], "int8");
}

#[test]
fn models_without_an_encoder_and_unknown_precisions_are_refused() {
    let work = Workspace::new();
    work.queries();
    work.run("distill --data queries --method ce --epochs 1 --buckets 4096 --out student");
    for command in
        ["eval --model student --data queries/test.csv", "serve --model student --address 127.0.0.1:0"]
    {
        let said = work.fails(&format!("{command} --precision int8"), 1);
        assert!(said.contains("ngram") && said.contains("no encoder to run in int8"), "{said}");
    }
    let said = work.fails("eval --model student --data queries/test.csv --precision bf16", 2);
    assert!(said.contains("possible values: f32, int8"), "{said}");
}
