//! Numbers that no computer has room for are refused in words, whichever flag or recipe they come in.

use crate::support::{Workspace, encoder};

/// The largest number that a flag can be given.
const HUGE: &str = "18446744073709551615";

#[test]
fn a_table_is_a_power_of_two_before_anything_is_hashed_into_it() {
    let work = Workspace::new();
    work.queries();
    for buckets in ["1", "7", "1000", "100001", "9223372036854775807"] {
        let line = format!("distill --data queries --method ce --student ngram --buckets {buckets} --out no");
        let said = work.lelp(&line).assert().failure();
        let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
        assert!(said.contains("power of two") && !said.contains("defect"), "{said}");
    }
}

#[test]
fn huge_numbers_in_flags_are_refused_before_anything_is_made() {
    let work = Workspace::taught("--epochs 1");
    let encoder = encoder().display().to_string();
    for line in [
        format!("distill --data queries --signals signals --method kd --width {HUGE} --out no"),
        format!("distill --data queries --signals signals --method kd --batch {HUGE} --out no"),
        "distill --data queries --signals signals --method kd --batch 1000000000000 --out no".to_owned(),
        format!("distill --data queries --signals signals --method lelp --subclasses {HUGE} --out no"),
        "distill --data queries --signals signals --method crd --force --negatives 100000000000 --out no"
            .to_owned(),
        format!("fit --signals signals --split kmeans --starts {HUGE} --out no"),
        format!("distill --data queries --signals signals --method kd --threads {HUGE} --out no"),
        "fit --signals signals --threads 1000000000000 --out no".to_owned(),
        format!("teach --encoder {encoder} --data queries --hidden 1000000000000 --out no"),
        format!("teach --encoder {encoder} --data queries --subclasses 1000000000000 --out no"),
        format!("teach --encoder {encoder} --data queries --epochs {HUGE} --out no"),
    ] {
        let output = work.lelp(&line).assert().failure();
        let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(matches!(output.get_output().status.code(), Some(1 | 2)), "{line}: {said}");
        assert!(
            said.contains("error: ") && !said.contains("panicked") && !said.contains("defect"),
            "{line}: {said}"
        );
        assert!(!work.path("no").exists(), "{line}");
    }
}

#[test]
fn a_folder_that_another_run_writes_to_is_left_to_it() {
    let work = Workspace::new();
    work.queries();
    let lock = lelp_data::storage::FolderLock::take(&work.path("student")).unwrap();
    let said = work.fails("distill --data queries --method ce --epochs 1 --buckets 1024 --out student", 1);
    assert!(said.contains("in use by another run (process "), "{said}");
    drop(lock);
    work.run("distill --data queries --method ce --epochs 1 --buckets 1024 --out student");
    let mut left: Vec<String> = std::fs::read_dir(work.path("student"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort_unstable();
    assert_eq!(left, ["config.json", "metrics.jsonl", "model.safetensors", "run.json"]);
}

#[test]
fn what_a_text_or_label_holds_goes_into_a_pipe_as_it_is() {
    let work = Workspace::new();
    work.queries();
    work.run("distill --data queries --method ce --epochs 1 --buckets 1024 --out student");
    work.write("rows.jsonl", "{\"text\": \"red \\u001b[31mcard\\u001b]0;x\\u0007\"}\n");
    assert!(work.run("predict --model student rows.jsonl").contains("red \u{1b}[31mcard\u{1b}]0;x\u{7}"));
    // Messages are for people, wherever they go.
    work.write("labels.csv", "text,label\nmy card,car\u{1b}]0;pwn\u{7}d\n");
    let said = work.fails("eval --model student --data labels.csv", 1);
    assert!(!said.contains('\u{1b}') && said.contains("car ]0;pwn d"), "{said}");
}
