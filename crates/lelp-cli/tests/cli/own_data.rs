//! What users bring, and what they get back.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Workspace, encoder};

/// Sixty texts between semicolons, two in ten without a label.
fn semicolons() -> String {
    let row = |row: usize| {
        let (word, class) = [("lovely", "pos"), ("dull", "neg")][row % 2];
        let label = if row % 10 > 7 { "" } else { class };
        format!("a {word} film, number {row};{label}\n")
    };
    format!("text;label\n{}", (0..60).map(row).collect::<Vec<_>>().concat())
}

fn stderr(work: &Workspace, line: &str) -> String {
    let output = work.lelp(line).assert().success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_quickstart_on_one_file_holds_out_what_is_missing_and_ends_with_a_table() {
    let work = Workspace::new();
    work.write("films.csv", semicolons());
    let line = format!("quickstart --data films.csv --encoder {} --seeds 1 --out quick", encoder().display());
    let output = work.lelp(&line).assert().success();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(
        said.contains("training rows as test rows") && said.contains("training rows as validation rows"),
        "{said}"
    );
    for method in ["teacher", "ce", "kd"] {
        assert!(printed.lines().any(|row| row.contains(method)), "{method}: {printed}");
    }
    let test = fs::read_to_string(work.path("quick/data/test.jsonl")).unwrap();
    assert!(test.contains("\"pos\"") && test.contains("\"neg\"") && !test.contains("null"), "{test}");
}

#[test]
fn a_quickstart_on_other_data_never_takes_the_place_of_one() {
    let work = Workspace::new();
    let rows = |word: &str| {
        let row = |row: usize| format!("{} {row},{}\n", [word, "other"][row % 2], ["yes", "no"][row % 2]);
        format!("text,label\n{}", (0..60).map(row).collect::<String>())
    };
    work.write("one/data.csv", rows("first"));
    work.write("two/data.csv", rows("second"));
    work.write(
        "quick/recipe.toml",
        format!("# Data: {}\n", work.path("one/data.csv").canonicalize().unwrap().display()),
    );
    for data in ["--data two/data.csv", ""] {
        let said = work.fails(&format!("quickstart {data} --encoder {} --out quick", encoder().display()), 1);
        assert!(said.contains("is a quickstart on other data"), "{said}");
        assert!(!work.path("quick/data").exists());
    }
}

#[test]
fn a_quickstart_refuses_at_once_what_cannot_be_learned() {
    let work = Workspace::new();
    work.write("column.csv", "sentence,label\na,x\nb,y\n");
    work.write("one.csv", "text,label\na,x\nb,x\n");
    work.write("none.csv", "text\na\nb\n");
    work.write("few.csv", "text,label\na,x\nb,y\nc,x\n");
    for (file, words) in [
        ("column.csv", "it has `sentence`, `label`"),
        ("one.csv", "at least 2 classes are needed"),
        ("none.csv", "--label-column"),
        ("few.csv", "none can be held out"),
    ] {
        let said = work.fails(&format!("quickstart --data {file} --encoder nowhere --out quick"), 1);
        assert!(said.contains(words), "{file}: {said}");
        assert!(!work.path("quick").exists(), "{file}");
    }
}

/// A student of the queries.
fn student() -> Workspace {
    let work = Workspace::new();
    work.queries();
    work.run("distill --data queries --method ce --out student --buckets 4096");
    work
}

#[test]
fn rows_that_cannot_be_read_are_marked_skipped_or_the_end() {
    let work = student();
    let answers = |line: &str, bytes: &[u8]| {
        let mut command = work.lelp(line);
        let output = command.write_stdin(bytes.to_vec()).assert().get_output().clone();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let lines = b"card card\nnot \xff\nfee fee\n";
    let (code, said, told) = answers("predict --model student", lines);
    let rows: Vec<&str> = said.lines().collect();
    assert_eq!((code, rows.len()), (1, 3), "{said}");
    assert!(
        rows[0].starts_with("card\t") && rows[1].starts_with("\t\t") && rows[2].starts_with("other\t"),
        "{said}"
    );
    assert!(told.contains("warning: `standard input`, line 2: not valid UTF-8"), "{told}");
    let (code, said, _) = answers("predict --model student --on-error mark", lines);
    assert_eq!((code, said.lines().count()), (0, 3));
    let (code, said, _) = answers("predict --model student --on-error skip", lines);
    assert_eq!((code, said.lines().count()), (0, 2));
    let (code, said, told) = answers("predict --model student --on-error fail", lines);
    assert_eq!((code, said.lines().count()), (1, 1));
    assert!(told.contains("line 2"), "{told}");
    let (_, said, _) =
        answers("predict --model student --json --format jsonl", b"{\"text\":1}\n{\"text\":\"card\"}\n");
    let first: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert!(
        first["error"].as_str().unwrap().contains("holds a number") && said.lines().count() == 2,
        "{said}"
    );
    // A file ends the answers, unless it is asked to go on.
    work.write("new.csv", "text\ncard card\na,b\nfee\n");
    assert!(work.fails("predict --model student new.csv", 1).contains("line 3"));
    assert_eq!(work.run("predict --model student new.csv --on-error skip").lines().count(), 2);
}

#[test]
fn an_id_and_both_texts_of_a_pair_stand_beside_the_answer() {
    let work = student();
    work.write("new.csv", "id,text,text_pair,source\n07,card card,\"new\tone\",web\n8,fee fee,transfer,\n");
    let said = work.run("predict --model student new.csv --carry id,source");
    let cells: Vec<Vec<&str>> = said.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(
        [cells[0][0], cells[0][2], cells[0][3], cells[0][4], cells[0][5]],
        ["card", "07", "web", "card card", "new one"]
    );
    assert_eq!(cells[1][2..], ["8", "", "fee fee", "transfer"]);
    let line = work.run("predict --model student new.csv --carry id --json");
    let first: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!((&first["columns"]["id"], &first["text_pair"]), (&"07".into(), &"new\tone".into()));
    assert!(work.fails("predict --model student new.csv --carry number", 1).contains("`number`"));
}

#[test]
fn a_model_of_pairs_is_not_asked_single_texts_unawares() {
    let work = Workspace::new();
    let row = |row: usize| {
        format!("{} card,{} fee,{}\n", ["my", "new"][row % 2], ["my", "old"][row / 2 % 2], row % 2)
    };
    work.write(
        "train.csv",
        format!("text,text_pair,label\n{}", (0..80).map(row).collect::<Vec<_>>().concat()),
    );
    work.run("distill --data train.csv --method ce --out student --buckets 4096 --epochs 2");
    work.write("single.csv", "text\nmy card\n");
    let said = work.fails("predict --model student single.csv", 1);
    assert!(said.contains("no column `text_pair`; it has `text`"), "{said}");
    work.write("pairs.csv", "text,ad\nmy card,my fee\n");
    assert!(work.run("predict --model student pairs.csv --pair-column ad").contains("my card\tmy fee"));
}

#[test]
fn a_label_with_a_line_break_breaks_no_line_of_output() {
    let work = Workspace::new();
    let rows: Vec<String> = (0..60)
        .map(|row| format!("{} film,\"{}\"\n", ["good", "bad"][row % 2], ["a\tb\nc", "d"][row % 2]))
        .collect();
    work.write("train.csv", format!("text,label\n{}", rows.concat()));
    let said = stderr(&work, "distill --data train.csv --method ce --out student --buckets 4096 --epochs 2");
    assert!(said.contains("classes a b c, d"), "{said}");
    work.write("new.txt", "good film\nbad film\n");
    let said = work.run("predict --model student new.txt");
    assert!(said.lines().count() == 2 && said.lines().all(|line| line.split('\t').count() == 3), "{said}");
}

#[test]
fn what_is_read_otherwise_than_it_stands_is_a_warning() {
    let work = Workspace::new();
    let rows: Vec<String> = (0..60)
        .map(|row| format!("{} film,{}\n", ["good", "bad"][row % 2], ["1", "0", "-1"][row % 3]))
        .collect();
    work.write("data/train.csv", format!("text,label\n{}", rows.concat()));
    work.write("data/train_old.csv", "text,label\na,1\n");
    let said = stderr(&work, "distill --data data --method ce --out student --buckets 4096 --epochs 2");
    assert!(
        said.contains(
            "20 rows with the label `-1` count as unlabelled; if it is a class, pass `--missing-labels ''`"
        ),
        "{said}"
    );
    assert!(said.contains("train_old.csv` is none of the splits and is passed over"), "{said}");
    let mut command =
        work.lelp("distill --data data --method ce --out signed --buckets 4096 --epochs 2 --missing-labels");
    let output = command.arg("").assert().success();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(said.contains("classes -1, 0, 1") && !said.contains("unlabelled"), "{said}");
}

#[test]
fn an_evaluation_says_what_skewed_classes_need() {
    let work = student();
    let rows: Vec<String> = (0..50)
        .map(|row| {
            format!(
                "{},{}\n",
                ["where is my card card", "the fee"][usize::from(row == 7)],
                ["card", "other"][usize::from(row == 7)]
            )
        })
        .collect();
    work.write("skewed.csv", format!("text,label\n{}", rows.concat()));
    let line = "eval --model student --data skewed.csv --costs 1,10";
    let said = work.run(line);
    for words in
        ["always `card`", "95 % interval", "average precision", "precision", "`other` from", "mean cost"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let all: Value = serde_json::from_str(&work.run(&format!("{line} --json"))).unwrap();
    assert_eq!(
        (all["majority"]["label"].as_str(), all["majority"]["accuracy"].as_f64()),
        (Some("card"), Some(0.98))
    );
    assert_eq!(all["majority"]["cost"].as_f64(), Some(0.2));
    for key in [
        "accuracy",
        "macro_f1",
        "auc",
        "calibration",
        "confusion",
        "classes",
        "thresholds",
        "cost",
        "average_precision",
        "accuracy_interval",
        "macro_f1_interval",
    ] {
        assert!(!all[key].is_null(), "{key}");
    }
    assert_eq!(
        (all["classes"].as_array().unwrap().len(), all["thresholds"].as_array().unwrap().len()),
        (2, 13)
    );
    // A model that never answers a class.
    work.write("all.csv", "text,label\nmy card card,card\nnew card card,other\n");
    assert!(
        stderr(&work, "eval --model student --data all.csv")
            .contains("class `other` is never answered, but 1 row has it")
    );
    assert!(work.fails("eval --model student --data skewed.csv --costs 1", 2).contains("1 cost given"));
}

#[test]
fn the_names_of_the_data_stand_for_the_classes_of_a_model() {
    let work = student();
    work.write("numbered.csv", "text,label\nmy card card,yes\nthe fee fee,no\n");
    let all: Value =
        serde_json::from_str(&work.run("eval --model student --data numbered.csv --labels yes,no --json"))
            .unwrap();
    assert_eq!((all["accuracy"].as_f64(), all["labels"][0].as_str()), (Some(1.0), Some("yes")));
    let said = work.fails("eval --model student --data numbered.csv", 1);
    assert!(said.contains("none of the 2 classes `card`, `other`") && said.contains("--labels"), "{said}");
    assert!(
        work.fails("eval --model student --data numbered.csv --labels yes,no,other", 1)
            .contains("3 names are given")
    );
}

/// The 20 lines that the book shows.
#[test]
fn a_program_in_python_asks_a_student_that_runs_beside_it() {
    let work = student();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/predict_coprocess.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_lelp"))
        .arg(work.path("student"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = said.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(answers, ["card", "other"], "{said}");
}

#[test]
fn a_model_of_pairs_tells_of_a_missing_second_text() {
    let work = Workspace::new();
    let rows: Vec<String> =
        (0..60).map(|row| format!("word{row} a,b{},{}", row % 3, ["x", "y"][row % 2])).collect();
    work.write("pairs.csv", format!("text,text_pair,label\n{}\n", rows.join("\n")));
    work.run("distill --data pairs.csv --method ce --out student --buckets 1024 --epochs 1");
    work.write("new.jsonl", "{\"text\":\"word1 a\"}\n{\"text\":\"word2 a\",\"text_pair\":null}\n");
    let output = work.lelp("predict --model student new.jsonl").assert().success().get_output().clone();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("2 rows had no second text, and the model was made of pairs"), "{told}");
    work.write("both.csv", "text,text_pair\nword1 a,b1\n");
    let output = work.lelp("predict --model student both.csv").assert().success().get_output().clone();
    assert!(!String::from_utf8(output.stderr).unwrap().contains("second text"));
}
