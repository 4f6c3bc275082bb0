//! What a person reads when something is wrong: dozens of wrong inputs, each with its command and exit code.
//!
//! The snapshot is the list of all messages. Nothing may be said twice in one of them.

use std::fmt::Write as _;
use std::fs;

use insta::assert_snapshot;

use crate::support::{Workspace, encoder};

/// Runs commands that must fail and keeps what they say.
struct Transcript<'a> {
    work: &'a Workspace,
    text: String,
}

impl Transcript<'_> {
    /// Fails with 1: the input or the environment is at fault.
    fn input(&mut self, line: &str) {
        self.fails(line, 1);
    }

    /// Fails with 2: the arguments are at fault.
    fn usage(&mut self, line: &str) {
        self.fails(line, 2);
    }

    fn fails(&mut self, line: &str, code: i32) {
        let said = self.work.fails(&format!("{line} --quiet"), code);
        // The small queries of one split are those of another, which is warned of.
        let said =
            said.lines().skip_while(|line| line.starts_with("warning: ")).collect::<Vec<_>>().join("\n");
        assert!(said.starts_with("error: "), "{line}: {said}");
        assert!(!said.contains("panicked"), "{line}: {said}");
        assert_nothing_is_said_twice(line, &said);
        let said = said.replace(&encoder().display().to_string(), "ENCODER");
        writeln!(self.text, "$ lelp {}\n{}\n", shown(line), said.trim_end()).unwrap();
    }
}

fn shown(line: &str) -> String {
    line.replace(&encoder().display().to_string(), "ENCODER")
}

/// No line of a message holds another one.
fn assert_nothing_is_said_twice(line: &str, said: &str) {
    let sentence = |line: &str| {
        let text = line.trim();
        let prefixes = ["error: ", "because ", "while ", "hint: "];
        prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text).to_owned()
    };
    let sentences: Vec<String> = said.lines().map(sentence).filter(|text| text.len() > 8).collect();
    for (place, one) in sentences.iter().enumerate() {
        for other in &sentences[place + 1..] {
            assert!(!one.contains(other.as_str()) && !other.contains(one.as_str()), "{line}: {said}");
        }
    }
}

#[test]
fn files_of_data() {
    let work = Workspace::new();
    work.queries();
    work.write("empty.csv", "");
    work.write("header.csv", "text,label\n");
    work.write("columns.csv", "query,label\na,x\n");
    work.write("one.csv", "text,label\na,x\nb,x\n");
    work.write("latin.csv", b"text,label\nfine,x\ncaf\xe9,y\n");
    work.write("ragged.csv", "text,label\na,x\nb,y,z\n");
    work.write("bare.csv", "text\na\nb\n");
    work.write("broken.jsonl", "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \n");
    work.write("type.jsonl", "{\"text\": 3, \"label\": \"x\"}\n");
    work.write("cut.parquet", b"PAR1 and then nothing");
    work.write("data.xlsx", "");
    fs::create_dir(work.path("empty")).unwrap();
    let mut said = Transcript { work: &work, text: String::new() };
    for file in [
        "missing.csv",
        "empty.csv",
        "header.csv",
        "columns.csv",
        "one.csv",
        "latin.csv",
        "ragged.csv",
        "bare.csv",
        "broken.jsonl",
        "type.jsonl",
        "cut.parquet",
        "data.xlsx",
        "empty",
    ] {
        said.input(&format!("distill --data {file} --method ce --out student"));
    }
    said.input("distill --data queries --method ce --labels card,transfer --out student");
    said.input("distill --data queries --method ce --label-column class --out student");
    said.input(&format!("teach --encoder {} --data bare.csv --out teacher", encoder().display()));
    assert_snapshot!(said.text);
}

#[test]
fn models_and_their_folders() {
    let work = Workspace::new();
    work.queries();
    work.run("distill --data queries --method ce --out student --buckets 1024 --epochs 1");
    fs::create_dir(work.path("empty")).unwrap();
    let copy = |name: &str| {
        for file in fs::read_dir(work.path("student")).unwrap() {
            let file = file.unwrap();
            work.write(&format!("{name}/{}", file.file_name().display()), fs::read(file.path()).unwrap());
        }
    };
    copy("cut");
    let weights = fs::read(work.path("cut/model.safetensors")).unwrap();
    work.write("cut/model.safetensors", &weights[..weights.len() / 2]);
    copy("config");
    work.write("config/config.json", "{\"model\": ");
    work.write(
        "electra/config.json",
        "{\"model_type\": \"electra\", \"architectures\": [\"ElectraForSequenceClassification\"]}",
    );
    work.write("file", "");
    let mut said = Transcript { work: &work, text: String::new() };
    for model in ["nowhere", "empty", "cut", "config", "electra"] {
        said.input(&format!("eval --model {model} --data queries/test.csv"));
    }
    let encoder = encoder();
    said.input(&format!("eval --model {} --data queries/test.csv", encoder.display()));
    said.input("distill --data queries --method ce --out student");
    said.input("distill --data queries --method ce --out file/student --buckets 1024 --epochs 1");
    said.input("export --model student --format transformers --out folder");
    said.input("inspect --model student");
    said.input("inspect --model empty");
    said.input("report --run nowhere --out r.html");
    said.input("report --run empty --out r.html");
    said.input("pull no/such/model");
    said.input("quickstart --data queries --out empty");
    said.input("teach --encoder electra --data queries --out teacher");
    said.input(&format!(
        "teach --encoder {} --data queries --tune all --device cuda --out teacher",
        encoder.display()
    ));
    said.input(&format!(
        "teach --encoder {} --data queries --tune all --max-length 4096 --out teacher",
        encoder.display()
    ));
    said.input(&format!(
        "distill --data queries --method ce --student encoder --from {} --layers 9 --out no",
        encoder.display()
    ));
    said.input("distill --data queries --method ce --student mlp --out no");
    assert_snapshot!(said.text);
}

#[test]
fn signals_and_splits() {
    let work = Workspace::taught("--hidden 8 --epochs 1");
    work.run("fit --signals signals --out fit -S 2");
    work.run("targets --signals signals --fit fit --out targets");
    work.write("damaged/signals.json", "{");
    work.write("file.npz", "no archive");
    work.write("file.safetensors", "no tensors");
    work.write("broken.fit", "no fit");
    work.write("recipe.toml", "data = 3\n[distill\n");
    work.write("key.toml", "data = \"queries\"\n[distill]\nmethod = \"kd\"\nsubclass = 3\n");
    let mut said = Transcript { work: &work, text: String::new() };
    for line in [
        "distill --data queries --signals nowhere --method kd --out no",
        "distill --data queries --signals damaged --method kd --out no",
        "distill --data queries/test.csv --signals signals --method kd --out no",
        "distill --data queries --method lelp --out no",
        "distill --data queries --signals signals --method dkd --out no",
        "distill --data queries --signals signals --method subclass --out no",
        "distill --data queries --signals signals --method oracle --out no",
        "distill --data queries --signals signals --method rkd --add rkd --out no",
        "distill --data queries --signals signals --method kd --learning-rate=-1 --out no",
        "distill --recipe recipe.toml --out no",
        "distill --recipe key.toml --out no",
        "distill --recipe nowhere.toml --out no",
        "compare --recipe recipe.toml --out no",
        "compare --recipe nowhere.toml --out no",
        "targets --signals signals --fit broken.fit --out no",
        "targets --signals signals --fit targets --out no",
        "targets --signals signals --fit nowhere --out no",
        "inspect --signals signals --data queries/test.csv",
        "inspect --signals signals --data queries/train.csv --class cards",
        "signals --teacher teacher --data queries/test.csv --out signals",
        "signals import --npz nowhere.npz --out no",
        "signals import --npz file.npz --out no",
        "signals import --safetensors file.safetensors --out no",
    ] {
        said.input(line);
    }
    for line in [
        "distill --data queries --signals signals --method kd --alpha 2 --out no",
        "targets --signals signals --fit fit --beta 0 --out no",
        "fit --signals signals --split oracle --out no",
        "distill --data queries --method ce --student mlp --layers 2 --encoder x --out no",
        "teach --encoder teacher --data queries --auxiliary-weight 2 --out no",
        "teach --encoder teacher --data queries --balanced --out no",
    ] {
        said.usage(line);
    }
    assert_snapshot!(said.text);
}
