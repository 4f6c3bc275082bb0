//! Bad input: a clear error, the right exit code, nothing half-written.

use std::fs;

use insta::assert_snapshot;

use crate::support::{Workspace, encoder};

/// Each command with a flaw in its data, the exit code, and what the error must name.
#[test]
fn bad_data_is_named_with_its_file() {
    let work = Workspace::new();
    work.queries();
    work.write("empty.csv", "");
    work.write("header.csv", "text,label\n");
    work.write("columns.csv", "query,label\na,x\n");
    work.write("one.csv", "text,label\na,x\nb,x\n");
    work.write("latin.csv", b"text,label\nfine,x\ncaf\xe9,y\n");
    work.write("ragged.csv", "text,label\na,x\nb,y,z\n");
    work.write("broken.jsonl", "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \n");
    work.write("cut.parquet", b"PAR1 and then nothing");
    work.write("data.xlsx", "");
    let cases = [
        ("missing.csv", "missing.csv"),
        ("empty.csv", "empty.csv"),
        ("header.csv", "no rows"),
        ("columns.csv", "no column `text`; it has `query`"),
        ("one.csv", "`x`"),
        ("latin.csv", "line 3"),
        ("ragged.csv", "line 3"),
        ("broken.jsonl", "line 2"),
        ("cut.parquet", "cut.parquet"),
        ("data.xlsx", "is a workbook: save it as CSV"),
    ];
    for (file, named) in cases {
        let said = work.fails(&format!("distill --data {file} --method ce --out student"), 1);
        assert!(said.starts_with("error: ") && said.contains(named), "{file}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        assert!(!work.path("student").exists(), "{file} left something behind");
    }
}

#[test]
fn an_error_says_what_where_and_what_next() {
    let work = Workspace::new();
    work.write("q.csv", "query,label\nwhere is my card,card\n");
    let said = work.fails("distill --data q.csv --method ce --out m", 1);
    assert_snapshot!(said, @"error: `q.csv` has no column `text`; it has `query`, `label`

hint: name the column to read, for example with `--text-column` or `--label-column`; the first line of a file has to name its columns");
}

#[test]
fn a_folder_without_splits_names_what_may_be_meant() {
    let work = Workspace::new();
    work.write("clone/data/train.csv", "text,label\na,x\nb,y\n");
    work.write("clone/README.md", "");
    let said = work.fails("distill --data clone --method ce --out m", 1);
    assert!(
        said.contains("holds no train file") && said.contains("hint: give `clone/data` in its place"),
        "{said}"
    );
    work.write("one/reviews.csv", "text,label\na,x\nb,y\n");
    let said = work.fails("distill --data one --method ce --out m", 1);
    assert!(said.contains("hint: give `one/reviews.csv` in its place"), "{said}");
}

#[test]
fn signals_of_other_texts_are_refused() {
    let work = Workspace::new();
    work.queries();
    let encoder = encoder();
    work.run(&format!("teach --encoder {} --data queries --out teacher --epochs 1", encoder.display()));
    work.run("signals --teacher teacher --data queries/test.csv --out signals");
    let said = work.fails("distill --data queries --signals signals --method kd --out student", 1);
    assert!(said.contains("80") && said.contains("320"), "both numbers of rows: {said}");

    // A part that lost its end.
    let part = work.path("signals/part-00000.safetensors");
    let bytes = fs::read(&part).unwrap();
    fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    let said = work.fails("fit --signals signals --out fit", 1);
    assert!(said.contains("part-00000.safetensors"), "{said}");
    // A header that claims more than there is in the world.
    let mut hostile = (1_u64 << 60).to_le_bytes().to_vec();
    hostile.extend_from_slice(b"{}");
    fs::write(&part, &hostile).unwrap();
    assert!(work.fails("fit --signals signals --out fit", 1).contains("part-00000.safetensors"));
    assert!(!work.path("fit").exists());
}

#[test]
fn too_many_subclasses_are_told_with_both_numbers() {
    let work = Workspace::new();
    work.queries();
    let encoder = encoder();
    work.run(&format!(
        "teach --encoder {} --data queries --out teacher --hidden 8 --epochs 2",
        encoder.display()
    ));
    work.run("signals --teacher teacher --data queries/test.csv --out signals");
    let said = work.fails("fit --signals signals --subclasses 200 --out fit", 1);
    assert!(said.contains("200") && said.contains("while fitting `signals`"), "{said}");
}

#[test]
fn bad_arguments_end_with_2() {
    let work = Workspace::new();
    work.queries();
    for line in [
        "fit --signals s --subclasses 0 --out f",
        "fit --signals s --split kmeans --perplexity 5 --out f",
        "fit --signals s --split oracle --out f",
        "fit --signals s --split oracle --subclasses 3 --data d --fine-column c --out f",
        "targets --signals s --fit f --beta 0.1 --entropy 1 --out t",
        "distill --data queries --method distillery --out m",
        "distill --data queries --method kd --add lelp --out m",
        "distill --data queries --method kd --angle-weight 1 --out m",
        "distill --data queries --method ce --beta 0.1 --out m",
        "signals --teacher t",
        "nonsense",
    ] {
        let said = work.fails(line, 2);
        assert!(said.contains("error"), "{line}: {said}");
    }
}

#[test]
fn a_method_without_what_it_learns_from_says_so() {
    let work = Workspace::new();
    work.queries();
    let said = work.fails("distill --data queries --method lelp --out m", 1);
    assert!(said.contains("method `lelp` learns from a teacher"), "{said}");
    assert!(!work.path("m").exists());
}

#[test]
fn a_model_is_not_overwritten_unasked() {
    let work = Workspace::new();
    work.queries();
    let line = "distill --data queries --method ce --out m --buckets 4096 --epochs 1";
    work.run(line);
    assert!(work.fails(line, 1).contains("--overwrite"));
    work.run(&format!("{line} --overwrite"));
}

#[test]
fn a_folder_that_is_no_model_is_refused() {
    let work = Workspace::new();
    work.queries();
    fs::create_dir(work.path("nothing")).unwrap();
    assert!(work.fails("eval --model nothing --data queries/test.csv", 1).contains("nothing"));
    assert!(work.fails("predict --model nowhere queries/test.csv", 1).contains("nowhere"));
}

#[test]
fn an_endless_text_is_answered_like_any_other() {
    let work = Workspace::new();
    work.queries();
    work.run("distill --data queries --method ce --out m --buckets 4096 --epochs 1");
    let text = "where is my card ".repeat(600_000); // 10 MB
    let mut command = work.lelp("predict --model m --json");
    let output = command.write_stdin(text).assert().success();
    assert!(output.get_output().stdout.starts_with(b"{"));
}
