//! Teachers that are held against labels, named classes, and answers of a teacher that is not here.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::{Workspace, classifier, encoder};

/// An `.npy` file of little-endian f32 `[rows, columns]`.
fn npy(columns: usize, values: &[f32]) -> Vec<u8> {
    let shape = format!("({}, {columns})", values.len() / columns);
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// `rows.csv` with 120 rows of two classes, and `NAME/`: arrays of a teacher that answers row `r` as `answer(r)`.
fn with_teacher(work: &Workspace, name: &str, answer: impl Fn(usize) -> usize) {
    let mut rows = String::from("text,label\n");
    let (mut embeddings, mut logits) = (Vec::new(), Vec::new());
    for row in 0..120 {
        let label = usize::from(row % 3 == 0);
        writeln!(rows, "word{} word{label} text{row},{}", row % 7, ["neg", "pos"][label]).unwrap();
        embeddings.extend((0..4).map(|column| ((row * 37 + column * 11) % 17) as f32));
        logits.extend([0.0, if answer(row) == 1 { 2.5 } else { -2.5 }]);
    }
    work.write("rows.csv", rows);
    work.write(&format!("{name}/embeddings.npy"), npy(4, &embeddings));
    work.write(&format!("{name}/logits.npy"), npy(2, &logits));
}

/// What `line` says on standard error.
fn says(work: &Workspace, line: &str) -> String {
    let output = work.lelp(line).assert().success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

const LABEL: fn(usize) -> usize = |row| usize::from(row.is_multiple_of(3));

#[test]
fn a_teacher_that_fits_its_labels_badly_is_told_before_training() {
    let work = Workspace::new();
    with_teacher(&work, "good", |row| if row % 20 == 0 { 1 - LABEL(row) } else { LABEL(row) });
    with_teacher(&work, "swapped", |row| 1 - LABEL(row));
    with_teacher(&work, "shuffled", |row| usize::from(row / 3 % 2 == 0));
    with_teacher(&work, "weak", |row| {
        if row % 3 == 0 { usize::from(row % 2 == 0) } else { usize::from(row % 4 == 1) }
    });
    for (name, expected) in [
        ("good", "agrees with the labels on 10"),
        ("swapped", "--labels pos,neg"),
        ("shuffled", "no more than chance would give"),
        ("weak", "no more than the answer `neg` for every row ("),
    ] {
        work.run(&format!("signals import --npy {name} --labels neg,pos --out {name}-signals"));
        let said = says(
            &work,
            &format!(
                "distill --data rows.csv --signals {name}-signals --method kd --epochs 1 --buckets 1024 --out {name}-student"
            ),
        );
        assert!(said.contains(expected), "{name}: {said}");
        assert_eq!(said.contains("warning: the teacher"), name != "good", "{name}: {said}");
        // A search is training too, and takes longer.
        let said = says(
            &work,
            &format!(
                "distill --data rows.csv --signals {name}-signals --epochs 1 --buckets 1024 --auto-budget 3 --out {name}-auto"
            ),
        );
        assert!(said.find(expected) < said.find("found `"), "{name}: {said}");
    }
}

#[test]
fn probabilities_in_the_place_of_logits_are_told() {
    let work = Workspace::new();
    with_teacher(&work, "teacher", LABEL);
    for (unit, sum) in [("share", 1.0), ("percent", 100.0)] {
        let rows = (0..120)
            .flat_map(|row| if LABEL(row) == 1 { [0.1 * sum, 0.9 * sum] } else { [0.8 * sum, 0.2 * sum] });
        work.write("teacher/logits.npy", npy(2, &rows.collect::<Vec<_>>()));
        let said = says(&work, &format!("signals import --npy teacher --labels neg,pos --out {unit}"));
        assert!(said.contains("warning") && said.contains("look like probabilities"), "{said}");
    }
}

#[test]
fn the_signals_and_the_data_must_name_rows_alike() {
    let work = Workspace::new();
    with_teacher(&work, "teacher", LABEL);
    work.run("signals import --npy teacher --labels neg,pos --out signals");
    let said =
        work.fails("distill --data rows.csv --signals signals --method kd --labels pos,neg --out student", 1);
    assert!(said.contains("classes neg, pos, but pos, neg are asked for"), "{said}");
    assert!(!work.path("student").exists());
}

#[test]
fn classes_of_a_checkpoint_are_called_as_the_user_says() {
    let work = Workspace::new();
    let model = work.path("model");
    fs::create_dir(&model).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(classifier().join(file), model.join(file)).unwrap();
    }
    let mut config: Value = serde_json::from_slice(&fs::read(model.join("config.json")).unwrap()).unwrap();
    config["id2label"] = json!({"0": "LABEL_0", "1": "LABEL_1"});
    fs::write(model.join("config.json"), config.to_string()).unwrap();
    work.write("rows.csv", "text,label\nmy card,pos\nlost,neg\nmy pin,pos\n");
    let said = work.fails("signals --teacher model --data rows.csv --out signals", 1);
    assert!(said.contains("`LABEL_0`, `LABEL_1`") && said.contains("`--labels`"), "{said}");
    work.run("signals --teacher model --data rows.csv --labels neg,pos --out signals");
    let signals: Value =
        serde_json::from_slice(&fs::read(work.path("signals/signals.json")).unwrap()).unwrap();
    assert_eq!(signals["label_names"], json!(["neg", "pos"]));
    let report: Value =
        serde_json::from_str(&work.run("eval --model model --data rows.csv --labels neg,pos --json"))
            .unwrap();
    assert_eq!(report["labels"], json!(["neg", "pos"]));
    let said = work.fails("eval --model model --data rows.csv --labels neg", 1);
    assert!(said.contains("1 names are given") && said.contains("2 classes"), "{said}");
}

#[test]
fn answers_in_columns_are_signals_beside_a_frozen_encoder() {
    let work = Workspace::new();
    let mut rows = String::from("text,label,no,yes,z\n");
    for row in 0..60 {
        let yes = if row % 3 == 0 { 0.75 } else { 0.125 };
        let label = ["no", "yes"][usize::from(row % 3 == 0)];
        writeln!(
            rows,
            "my card {} where {row},{label},{},{yes},{}",
            ["pin", "lost"][row % 2],
            1.0 - yes,
            row
        )
        .unwrap();
    }
    work.write("rows.csv", rows);
    let encoder = encoder().display().to_string();
    let said = says(
        &work,
        &format!("signals --encoder {encoder} --data rows.csv --probability-columns no,yes --out signals"),
    );
    assert!(said.contains("agrees with the labels on 60 of 60 rows"), "{said}");
    // One column is the second class; the names are the user's.
    work.run(&format!(
        "signals --encoder {encoder} --data rows.csv --probability-columns yes --labels no,yes --out second"
    ));
    let read = |name: &str| fs::read(work.path(&format!("{name}/part-00000.safetensors"))).unwrap();
    assert_eq!(read("second"), read("signals"));
    work.run("distill --data rows.csv --signals signals --method lelp --subclasses 2 --epochs 1 --buckets 1024 --out student");

    let line = format!("signals --encoder {encoder} --data rows.csv --out no");
    let said = work.fails(&line, 2);
    assert!(said.contains("--probability-columns"), "{said}");
    let said = work.fails(&format!("{line} --probability-columns no,z"), 1);
    assert!(said.contains("no, z") && said.contains("row 0"), "{said}");
    let said = work.fails(&format!("{line} --logit-columns no,maybe"), 1);
    assert!(said.contains("maybe"), "{said}");
    let said = work.fails(&format!("{line} --logit-columns no,yes --probability-columns no,yes"), 2);
    assert!(said.contains("cannot be used"), "{said}");
    assert!(!work.path("no").exists());
}

#[test]
fn classes_that_have_collapsed_to_a_line_are_told_by_fit() {
    let work = Workspace::new();
    with_teacher(&work, "teacher", LABEL);
    let line = |bend: f32| {
        let row = move |row: usize| {
            let (along, across) = ((row * 37 % 101) as f32, bend * (row * 53 % 89) as f32);
            [along, -along, 0.5 * along + across, across + (row % 5) as f32 * 0.01]
        };
        npy(4, &(0..120).flat_map(row).collect::<Vec<_>>())
    };
    for (bend, told) in [(0.01, true), (1.0, false)] {
        let name = format!("bend{}", u8::from(told));
        work.write("teacher/embeddings.npy", line(bend));
        work.run(&format!("signals import --npy teacher --labels neg,pos --out {name}"));
        let said = says(
            &work,
            &format!("fit --signals {name} --subclasses 2 --null-space off --out {name}.safetensors"),
        );
        assert_eq!(
            said.contains("nearly all variance of every class") && said.contains("--method kd"),
            told,
            "{said}"
        );
    }
}

#[test]
fn a_pooling_that_is_asked_for_wins_over_one_that_is_not_computed() {
    let work = Workspace::new();
    work.queries();
    let folder = work.path("encoder");
    fs::create_dir(&folder).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(encoder().join(file), folder.join(file)).unwrap();
    }
    work.write("encoder/1_Pooling/config.json", r#"{"pooling_mode_weightedmean_tokens": true}"#);
    let said = work.fails("teach --encoder encoder --data queries --out teacher", 1);
    assert!(said.contains("weightedmean") && said.contains("choose mean, cls or max"), "{said}");
    work.run("teach --encoder encoder --data queries --epochs 1 --pooling mean --out teacher");
    // The teacher's tokenizer says itself how long texts are.
    let read = |file: &str| -> Value { serde_json::from_slice(&fs::read(work.path(file)).unwrap()).unwrap() };
    let longest = &read("teacher/teacher.json")["max_length"];
    assert_eq!(&read("teacher/tokenizer.json")["truncation"]["max_length"], longest);
    assert_eq!(&read("teacher/tokenizer_config.json")["model_max_length"], longest);
}
