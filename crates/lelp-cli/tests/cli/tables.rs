//! Rows of vectors, numbers and categories instead of texts.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::{Workspace, encoder};

const COLUMNS: &str = "--number-columns amount,age --category-columns country";
const VECTOR: &str = "--vector-column embedding";

const LABELS: [&str; 2] = ["yes", "no"];
const COUNTRIES: [&str; 4] = ["de", "fr", "jp", "us"];

/// Rows whose class is the sign of a number that is hidden in vector, number and category.
fn rows(first: usize, rows: usize) -> String {
    let mut file = String::new();
    for row in first..first + rows {
        let class = row % 2;
        let sign = if class == 0 { 1.0 } else { -1.0 };
        let noise = ((row * 7919) % 101) as f64 / 101.0 - 0.5;
        let age = if row % 10 == 3 { Value::Null } else { json!(20 + row % 50) };
        let (label, country) = (LABELS[class], COUNTRIES[class * 2 + row / 2 % 2]);
        let line = json!({
            "embedding": [sign + noise, noise, -sign * 0.5],
            "amount": 100.0 * sign + 60.0 * noise,
            "age": age,
            "country": country,
            "label": label,
            "group": format!("{label} {}", row / 2 % 2),
        });
        writeln!(file, "{line}").unwrap();
    }
    file
}

fn workspace() -> Workspace {
    let work = Workspace::new();
    for (split, first, count) in [("train", 0, 240), ("validation", 1000, 60), ("test", 2000, 60)] {
        work.write(&format!("rows/{split}.jsonl"), rows(first, count));
    }
    work
}

#[test]
fn students_of_every_kind_that_reads_tables_learn_answer_and_refuse_other_columns() {
    let work = workspace();
    let said = work.fails(&format!("distill --data rows {VECTOR} --method ce --student ngram --out no"), 1);
    assert!(
        said.contains("`ngram` does not read column `embedding`") && said.contains("`mlp` does"),
        "{said}"
    );
    for (student, flags) in [
        ("ngram", "--buckets 1024"),
        ("mlp", "--vector-column embedding --hidden 8"),
        ("linear", "--vector-column embedding"),
    ] {
        let flags = format!("--student {student} {flags}");
        work.run(&format!(
            "distill --data rows {COLUMNS} --method ce {flags} --learning-rate 0.05 --epochs 20 --out {student}"
        ));
        // The model's folder knows its columns.
        let report = work.run(&format!("eval --model {student} --data rows/test.jsonl --json"));
        let report: Value = serde_json::from_str(&report).unwrap();
        assert!(report["accuracy"].as_f64().unwrap() > 0.9, "{student}: {report}");

        let answers = work.run(&format!("predict --model {student} rows/test.jsonl --json"));
        assert_eq!(answers.lines().count(), 60, "{student}");
        let first: Value = serde_json::from_str(answers.lines().next().unwrap()).unwrap();
        assert_eq!(first["columns"]["country"], "de", "{student}: {first}");

        // A stream of the same rows gives the same answers; a wrong row is named.
        let stream = fs::read_to_string(work.path("rows/test.jsonl")).unwrap();
        let mut command = work.lelp(&format!("predict --model {student} --json"));
        let output = command.write_stdin(stream).assert().success();
        assert_eq!(String::from_utf8(output.get_output().stdout.clone()).unwrap(), answers);
        let refused = |line: &str| {
            let mut command = work.lelp(&format!("predict --model {student} --on-error fail"));
            let output = command.write_stdin(line.to_owned()).assert().failure().code(1);
            String::from_utf8(output.get_output().stderr.clone()).unwrap()
        };
        let said = refused(r#"{"embedding": [1, 2, 3], "amount": "much", "age": 2, "country": "de"}"#);
        assert!(said.contains("line 1") && said.contains("amount"), "{said}");
        if flags.contains(VECTOR) {
            let said = refused(r#"{"embedding": [1, 2], "amount": 1, "age": 2, "country": "de"}"#);
            assert!(said.contains("embedding") && said.contains('2') && said.contains('3'), "{said}");
        }
    }
}

/// Rows whose class is the half of the year that a date is in.
fn dated(rows: usize, first: usize) -> String {
    let day = |row: usize| (row * 37 % 12 + 1, row * 17 % 28 + 1);
    let line = |row: usize| {
        let (month, day) = day(row);
        let label = if month <= 6 { "early" } else { "late" };
        format!("2025-{month:02}-{day:02},{label}\n")
    };
    "day,label\n".to_owned() + &(first..first + rows).map(line).collect::<String>()
}

/// What a column's type makes of its values is known to every command that reads the model's folder.
#[test]
fn dates_are_learned_remembered_by_the_folder_and_asked_for() {
    let work = Workspace::new();
    for (split, first, rows) in [("train", 0, 240), ("validation", 1000, 60), ("test", 2000, 60)] {
        work.write(&format!("dated/{split}.csv"), dated(rows, first));
    }
    work.run("teach --data dated --column-types day=date --hidden 8 --learning-rate 0.03 --out teacher");
    for student in ["ngram", "mlp"] {
        let rate = "--learning-rate 0.05 --epochs 20 --method kd";
        work.run(&format!(
            "distill --data dated --teacher teacher {rate} --student {student} --out {student}"
        ));
        let report = work.run(&format!("eval --model {student} --data dated/test.csv --json"));
        let report: Value = serde_json::from_str(&report).unwrap();
        assert!(report["accuracy"].as_f64().unwrap() > 0.85, "{student}: {report}");
        let ask = |row: &str| {
            let mut command = work.lelp(&format!("predict --model {student} --on-error fail"));
            command.write_stdin(row.to_owned()).assert()
        };
        ask(r#"{"day": "2025-02-03"}"#).success();
        let refused = ask(r#"{"day": 20122}"#).failure().code(1);
        let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(said.contains("holds a number, but a date as 2026-11-30 is needed"), "{said}");
    }
    work.run("report --run ngram --out report.html");
    work.write("all.csv", dated(200, 0));
    work.run("quickstart --data all.csv --column-types day=date --seeds 1 --out quick");
    // What is held out is written as dates too, so that the students are asked for them.
    let test = fs::read_to_string(work.path("quick/data/test.jsonl")).unwrap();
    assert!(test.lines().all(|line| line.contains(r#""day":"2025-"#)), "{test}");
    let mut command = work.lelp("predict --model quick/students/kd");
    command.write_stdin(r#"{"day": "2025-02-03"}"#).assert().success();
    let said = work.fails("distill --data dated --column-types day=day --method ce --out no", 2);
    assert!(said.contains("there is no column type `day`; there are: date"), "{said}");
    let said = work.fails("distill --data dated --column-types day --method ce --out no", 2);
    assert!(said.contains("write the column and its type as `day=date`"), "{said}");
}

/// A teacher of all columns, and its signals on the training rows.
fn taught() -> Workspace {
    let work = workspace();
    work.run(&format!("teach --data rows {COLUMNS} {VECTOR} --hidden 16 --learning-rate 0.01 --out teacher"));
    work.run("signals --teacher teacher --data rows/train.jsonl --out signals");
    work
}

fn accuracy(work: &Workspace, model: &str) -> f64 {
    let report = work.run(&format!("eval --model {model} --data rows/test.jsonl --json"));
    serde_json::from_str::<Value>(&report).unwrap()["accuracy"].as_f64().unwrap()
}

#[test]
fn a_teacher_of_columns_is_distilled_into_students_that_are_asked_inspected_and_reported() {
    let work = taught();
    assert!(accuracy(&work, "teacher") > 0.9);
    let said = work.fails(&format!("teach --data rows {COLUMNS} --out teacher"), 1);
    assert!(said.contains("holds a teacher already") && said.contains("--overwrite"), "{said}");

    let ngram = format!("{COLUMNS} --student ngram --buckets 1024 --learning-rate 0.05");
    let mlp = format!("{COLUMNS} {VECTOR} --student mlp --hidden 8 --learning-rate 0.01");
    let linear = format!("{COLUMNS} {VECTOR} --student linear --learning-rate 0.05");
    for (out, flags, method) in [
        ("ngram-kd", &ngram, "kd"),
        ("ngram-lelp", &ngram, "lelp -S 2"),
        ("mlp-lelp", &mlp, "lelp -S 2"),
        ("mlp-kmeans", &mlp, "kmeans -S 2"),
        ("mlp-oracle", &mlp, "oracle --fine-column group"),
        ("linear-kd", &linear, "kd"),
    ] {
        work.run(&format!("distill --data rows --signals signals --method {method} {flags} --out {out}"));
        assert!(accuracy(&work, out) > 0.9, "{out}");
    }

    // A teacher that is asked by `distill` reads its own columns, whatever the student reads.
    for (out, flags) in [
        ("asked", format!("{COLUMNS} --student ngram --buckets 1024")),
        ("all", "--student mlp --learning-rate 0.01".into()),
    ] {
        work.run(&format!("distill --data rows --teacher teacher --method kd {flags} --out {out}"));
        assert!(accuracy(&work, out) > 0.9, "{out}");
    }

    // Rows of a table with other columns beside, in another order, are found by the names of the columns.
    let rows = "country,note,age,amount\nde,a,30,110\njp,b,,-90\n";
    work.write("new.csv", rows);
    let answers = work.run("predict --model ngram-lelp new.csv");
    let answered: Vec<&str> = answers.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(answered, ["yes", "no"], "{answers}");
    assert!(answers.contains("amount=110") && answers.contains("country=jp"), "{answers}");
    let said = work.fails("predict --model mlp-lelp new.csv", 1);
    assert!(said.contains("`embedding`") && said.contains("new.csv"), "{said}");

    for model in ["mlp-kmeans", "mlp-oracle", "ngram-lelp"] {
        let told = work.run(&format!("inspect --model {model}"));
        assert!(told.contains("country=") && told.contains("amount="), "{model}: {told}");
        work.run(&format!("report --run {model} --out {model}.html"));
        let page = fs::read_to_string(work.path(&format!("{model}.html"))).unwrap();
        assert!(page.contains("country=") && page.contains("amount="), "{model}");
    }
    work.run(&format!("inspect --signals signals --data rows/train.jsonl {COLUMNS} {VECTOR}"));
}

#[test]
fn a_teacher_of_columns_may_split_its_classes_itself() {
    let work = workspace();
    work.run(&format!("teach --data rows {COLUMNS} --subclasses 2 --learning-rate 0.01 --out teacher"));
    work.run("signals --teacher teacher --data rows/train.jsonl --out signals");
    let student = "--method subclass --student linear --learning-rate 0.05";
    work.run(&format!("distill --data rows {COLUMNS} --signals signals {student} --out student"));
    assert!(accuracy(&work, "student") > 0.8);
}

#[test]
fn a_comparison_trains_its_teacher_on_columns() {
    let work = workspace();
    let recipe = "trials = 2\nseeds = 2\n[[data]]\nname = \"rows\"\npath = \"rows\"\n\
        [data.columns]\nnumbers = [\"amount\", \"age\"]\ncategories = [\"country\"]\nfine = \"group\"\n\
        [[teachers]]\nname = \"head on columns\"\nhidden = 16\n\
        [[students]]\nname = \"n-gram\"\nstudent = \"ngram\"\nbuckets = 1024\n\
        [[students]]\nname = \"MLP\"\nstudent = \"mlp\"\nhidden = 4\n\
        [[students]]\nname = \"linear\"\nstudent = \"linear\"\n\
        [[methods]]\nmethod = \"kd\"\n[[methods]]\nmethod = \"lelp\"\nsubclasses = 2\n\
        [[methods]]\nmethod = \"kmeans\"\nsubclasses = 2\n[[methods]]\nmethod = \"oracle\"\n";
    work.write("r.toml", recipe);
    let table = work.run("compare --recipe r.toml --out out");
    for student in ["n-gram", "MLP", "linear"] {
        assert!(table.contains(&format!("rows, head on columns, {student}")), "{table}");
    }
    assert!(!table.contains("FAILED") && !table.contains("not run"), "{table}");
    assert_eq!(work.run("compare --recipe r.toml --out out"), table);
    work.run("report --run out --out page.html");
    assert!(fs::read_to_string(work.path("page.html")).unwrap().contains("country="));
}

#[test]
fn quickstart_takes_a_table() {
    let work = workspace();
    let mut quickstart =
        work.lelp(&format!("quickstart --data rows {COLUMNS} {VECTOR} --out quick --seeds 1"));
    let said = String::from_utf8(quickstart.assert().success().get_output().stderr.clone()).unwrap();
    // What was chosen answers, and is what to go on with.
    assert!(said.contains("of the student of `auto`") && said.contains("quick/students/auto "), "{said}");
    let answers = work.run("predict --model quick/students/lelp rows/test.jsonl");
    assert_eq!(answers.lines().count(), 60);
    let recipe = fs::read_to_string(work.path("quick/recipe.toml")).unwrap();
    assert!(recipe.contains("\"mlp\"") && !recipe.contains("encoder"), "{recipe}");
}

#[test]
fn what_reads_texts_refuses_a_table_without_them_and_names_what_there_is() {
    let work = taught();
    let encoder = encoder();
    let encoder = encoder.display();
    let no_text = "there is no column `text` (a text); there are `amount`, `age`, `country`";
    for line in [
        format!("teach --encoder {encoder} --data rows {COLUMNS} --out no"),
        format!("teach --encoder {encoder} --tune all --data rows {COLUMNS} --out no"),
    ] {
        assert!(work.fails(&line, 1).contains(no_text), "{line}");
    }
    let said = work.fails("teach --data rows --text-column country --out no", 1);
    assert!(said.contains("texts alone") && said.contains("--encoder"), "{said}");
    let data = format!("--data rows {COLUMNS}");
    let line =
        format!("distill {data} --signals signals --method kd --student encoder --from {encoder} --out no");
    let said = work.fails(&line, 1);
    assert!(said.contains("`encoder` reads a text"), "{said}");
    for flags in ["--pooling cls", "--max-length 8", "--tune all"] {
        assert!(work.fails(&format!("teach {data} {flags} --out no"), 2).contains("--encoder"), "{flags}");
    }
}

/// The text says nothing; all that can be learned is in the numbers and categories beside it.
#[test]
fn a_teacher_and_a_student_read_a_text_by_an_encoder_beside_the_columns() {
    let work = workspace();
    for split in ["train", "validation", "test"] {
        let rows = fs::read_to_string(work.path(&format!("rows/{split}.jsonl"))).unwrap();
        work.write(
            &format!("rows/{split}.jsonl"),
            rows.replace("\"label\":", "\"text\":\"a row\",\"label\":"),
        );
    }
    let encoder = encoder();
    let head = format!("--encoder {} --hidden 8 --learning-rate 0.01 {COLUMNS}", encoder.display());
    work.run(&format!("teach --data rows {head} --out teacher"));
    assert!(accuracy(&work, "teacher") > 0.9);
    work.run("signals --teacher teacher --data rows/train.jsonl --out signals");
    work.run(&format!(
        "distill --data rows --signals signals --method kd --student mlp {head} --out student"
    ));
    assert!(accuracy(&work, "student") > 0.9);
    let answers = work.run("predict --model student rows/test.jsonl --json");
    let first: Value = serde_json::from_str(answers.lines().next().unwrap()).unwrap();
    assert_eq!((&first["text"], &first["columns"]["country"]), (&json!("a row"), &json!("de")), "{first}");
}

#[test]
fn a_teacher_on_columns_whose_weights_were_changed_is_refused() {
    let work = workspace();
    work.run(&format!("teach --data rows {COLUMNS} --hidden 4 --epochs 1 --out teacher"));
    work.run("eval --model teacher --data rows/test.jsonl");
    let weights = work.path("teacher/model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    for line in
        ["eval --model teacher --data rows/test.jsonl", "signals --teacher teacher --data rows --out no"]
    {
        let said = work.fails(line, 1);
        assert!(said.contains("model.safetensors") && said.contains("--overwrite"), "{said}");
    }
}
