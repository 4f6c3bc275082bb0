//! A run as a page.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Workspace;

/// A student with everything that it was made of.
fn distilled() -> Workspace {
    let work = Workspace::taught("--hidden 32 --learning-rate 0.01");
    work.run("distill --data queries --signals signals --method lelp --out lelp --buckets 4096 --epochs 3");
    work
}

fn page(work: &Workspace, line: &str) -> (String, String) {
    let output = work.lelp(line).assert().success();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    (fs::read_to_string(work.path("r.html")).unwrap(), said)
}

#[test]
fn a_student_is_shown_with_its_answers_map_and_spectra() {
    let work = distilled();
    let (first, said) = page(&work, "report --run lelp --out r.html --title Ours --threads 1");
    assert!(said.contains("found a student: 1 method, 1 student"), "{said}");
    assert!(first.contains("<title>Ours</title>"));
    for heading in ["Results", "Learning curves", "Terms of the loss", "Reliability", "Confusion of lelp"] {
        assert!(first.contains(&format!(">{heading}<")), "{heading}");
    }
    for heading in ["Map by class", "Map by subclass", "Class spectra", "Settings and hashes"] {
        assert!(first.contains(&format!(">{heading}<")), "{heading}");
    }
    let (second, _) = page(&work, "report --run lelp --out r.html --title Ours --threads 2");
    assert!(first == second, "the same run gives the same bytes at any number of threads");
}

/// The text of every element `tag` of `html`, without what stands inside of it.
fn elements<'a>(html: &'a str, tag: &str) -> Vec<&'a str> {
    let open = format!("<{tag}");
    let parts = html.split(open.as_str()).skip(1);
    let text = |part: &'a str| {
        let start = part.find('>').unwrap() + 1;
        &part[start..part.find(&format!("</{tag}>")).unwrap_or(part.len())]
    };
    parts.filter(|part| part.starts_with(['>', ' '])).map(text).collect()
}

#[test]
fn every_figure_of_a_students_page_stands_under_its_heading() {
    let work = distilled();
    let (page, _) = page(&work, "report --run lelp --out r.html");
    let table = elements(&page, "table").into_iter().find(|table| table.contains("macro-F1")).unwrap();
    let headings = elements(elements(table, "thead")[0], "th");
    let cells = elements(elements(table, "tbody")[0], "td");
    let found: std::collections::BTreeMap<&str, &str> =
        headings.into_iter().skip(1).zip(cells.iter().copied()).collect();
    let eval: Value =
        serde_json::from_str(&work.run("eval --model lelp --data queries/test.csv --json")).unwrap();
    let expected = [
        ("accuracy", "accuracy"),
        ("macro-F1", "macro_f1"),
        ("AUC", "auc"),
        ("calibration error", "expected_calibration_error"),
        ("negative log-likelihood", "negative_log_likelihood"),
    ];
    for (heading, key) in expected {
        let value = format!("{:.4}", eval[key].as_f64().unwrap());
        let value = value.strip_prefix('0').unwrap_or(&value);
        assert_eq!(found[heading], value, "{heading}: {found:?}");
    }
    assert!(found["size"].ends_with("kB") || found["size"].ends_with("MB"), "{found:?}");
    assert_eq!((found["seeds"], found.len()), ("1", 7), "{found:?}");
}

#[test]
fn what_is_gone_is_left_out_and_said() {
    let work = distilled();
    fs::remove_dir_all(work.path("signals")).unwrap();
    let (without_signals, said) = page(&work, "report --run lelp --out r.html");
    assert!(said.contains("the signals `signals` do not exist"), "{said}");
    assert!(!without_signals.contains(">Map by class<") && without_signals.contains(">Reliability<"));
    work.write("queries/train.csv", "text,label\nanother,card\ntext,other\n");
    let (_, said) = page(&work, "report --run lelp --out r.html");
    assert!(said.contains("are not those that the student was trained on"), "{said}");
    fs::remove_dir_all(work.path("queries")).unwrap();
    let (alone, said) = page(&work, "report --run lelp --out r.html");
    assert!(said.contains("the data set `queries` does not exist"), "{said}");
    assert!(alone.contains(">Learning curves<") && alone.contains(">Left out<"));
}

#[test]
fn a_text_that_is_a_script_does_nothing() {
    let work = Workspace::new();
    let rows = |count: usize| {
        let row = |row: usize| {
            let word = ["card", "fee"][row % 2];
            format!("\"<script>alert({row})</script> {word}\",<b>{word}</b>\n")
        };
        format!("text,label\n{}", (0..count).map(row).collect::<String>())
    };
    for split in ["train", "validation", "test"] {
        work.write(&format!("queries/{split}.csv"), rows(40));
    }
    let encoder = crate::support::encoder();
    work.run(&format!("teach --encoder {} --data queries --out teacher --epochs 2", encoder.display()));
    work.run("signals --teacher teacher --data queries/train.csv --out signals");
    work.run("distill --data queries --signals signals --method kd --out kd --buckets 4096 --epochs 1");
    let (page, _) = page(&work, "report --run kd --out r.html");
    assert!(page.contains("&lt;script&gt;alert(0)") && page.contains("&lt;b&gt;card&lt;/b&gt;"));
    assert!(!page.contains("<script>alert") && !page.contains("<b>card</b>"));
}

/// A comparison's lines, made of the figures of one student.
fn comparison(work: &Workspace) -> String {
    work.run("eval --model lelp --data queries/test.csv --json");
    let test: Value =
        serde_json::from_str(&work.run("eval --model lelp --data queries/test.csv --json")).unwrap();
    let run: Value = serde_json::from_slice(&fs::read(work.path("lelp/run.json")).unwrap()).unwrap();
    let metrics = fs::read_to_string(work.path("lelp/metrics.jsonl")).unwrap();
    let epochs: Vec<Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut lines = vec![
        json!({ "record": "recipe", "version": "0.1.0", "hash": "h", "recipe": { "trials": 2 }, "baseline": "kd",
                "trials": 2, "seeds": [0, 1], "methods": ["kd", "lelp"] }),
        json!({ "record": "teacher", "data": "queries", "teacher": "t", "path": "queries", "signals": "signals",
                "teacher_hash": run["teacher_hash"], "data_hash": run["data_hash"], "labels": run["labels"],
                "train_rows": 320, "labelled_rows": 320, "validation_rows": 80, "test": test }),
    ];
    let cell = |kind: &str, key: String, method: &str| json!({ "record": kind, "key": key, "data": "queries", "teacher": "t", "student": "ngram", "method": method });
    let with = |mut line: Value, more: Value| {
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    for method in ["lelp", "kd"] {
        let distill =
            if method == "lelp" { run["settings"]["distill"].clone() } else { json!({ "method": "kd" }) };
        let (train, validation) = (&run["settings"]["train"], &run["validation"]);
        let shared = json!({ "distill": distill, "train": train, "validation": validation, "seconds": 1.0 });
        for seed in 0..2 {
            let own = json!({ "seed": seed, "epochs": epochs, "test": test, "bytes": 1000,
                              "correct": { "rows": 4, "bits": "f" } });
            lines
                .push(with(with(cell("student", format!("s-{method}-{seed}"), method), shared.clone()), own));
            let mut trial = with(cell("trial", format!("t-{method}-{seed}"), method), shared.clone());
            trial["trial"] = json!(seed);
            trial["train"]["learning_rate"] = json!(0.1 * f64::from(seed + 1));
            lines.push(trial);
        }
    }
    let refusal = json!({ "error": "two classes", "refused": true });
    lines.push(with(cell("failed", "f".to_owned(), "dkd"), refusal));
    lines.iter().map(|line| line.to_string() + "\n").collect()
}

#[test]
fn a_comparison_is_shown_with_its_search_its_failures_and_a_split_made_again() {
    let work = distilled();
    let lines = comparison(&work);
    work.write("compared/results.jsonl", &lines);
    let (first, said) = page(&work, "report --run compared --out r.html");
    assert!(said.contains("found a comparison: 2 methods, 4 students, 4 trials, 1 failure, 1 map"), "{said}");
    for heading in ["Gain over kd", "Validation against learning_rate", "Failures", "Class spectra"] {
        assert!(first.contains(&format!(">{heading}<")), "{heading}");
    }
    let (second, _) = page(&work, "report --run compared --out r.html --threads 1");
    assert!(first == second, "the same run gives the same bytes");

    work.write("compared/results.jsonl", lines.replacen("\"method\":\"kd\"", "\"method\":\"nonsense\"", 2));
    let said = work.fails("report --run compared --out other.html", 1);
    assert!(said.contains("line ") && said.contains("results.jsonl") && said.contains("nonsense"), "{said}");
    assert!(!work.path("other.html").exists());
}

#[test]
fn a_folder_that_is_no_run_is_named() {
    let work = Workspace::new();
    work.write("empty/note.txt", "");
    assert_snapshot!(work.fails("report --run empty --out r.html", 1));
    assert!(work.fails("report --run nowhere --out r.html", 1).contains("`nowhere` is no folder"));
    let recipe = json!({ "record": "recipe", "version": "1", "hash": "h", "recipe": {}, "baseline": "kd", "trials": 1,
                         "seeds": [0], "methods": ["kd"] });
    work.write("begun/results.jsonl", format!("{recipe}\n"));
    assert!(work.fails("report --run begun --out r.html", 1).contains("holds no result yet"));
    work.write("other/run.json", "{\"settings\": {\"encoder\": \"e\"}}");
    assert!(work.fails("report --run other --out r.html", 1).contains("does not describe a student"));
    work.write("empty/results.jsonl", "{\"record\": \"recipe\"}\n");
    assert!(work.fails("report --run empty --out r.html", 1).contains("line 1 of `empty/results.jsonl`"));
}
