//! What `lelp eval` says of the rows that it is given.

use serde_json::Value;

use crate::support::Workspace;

fn eval(work: &Workspace, flags: &str) -> (Value, String) {
    let output = work.lelp(&format!("eval --model student --json {flags}")).output().unwrap();
    let (said, told) = (output.stdout, String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{told}");
    (serde_json::from_slice(&said).unwrap(), told)
}

fn student() -> Workspace {
    let work = Workspace::new();
    work.queries();
    work.run("distill --data queries --method ce --epochs 1 --buckets 64 --width 4 --out student");
    work
}

#[test]
fn rows_that_the_student_learned_from_are_told() {
    let work = student();
    let rows = "text,label\nWhere is my new CARD,card\nsomething else,other\n";
    let train = std::fs::read_to_string(work.path("queries/train.csv")).unwrap();
    let known: String = train.lines().skip(1).take(3).map(|row| row.to_uppercase() + "\n").collect();
    work.write("mixed.csv", format!("{rows}{}", known.replace(",CARD", ",card").replace(",OTHER", ",other")));
    let (report, told) = eval(&work, "--data mixed.csv");
    assert_eq!(report["in_training"], 3, "{report}");
    assert!(told.contains("3 of 5 given rows (60.0 %) are training rows too"), "{told}");
    let (report, told) = eval(&work, "--data queries/train.csv");
    assert!(report["in_training"].as_u64() == Some(320) && told.contains("100.0 %"), "{told}");
    // The data may be elsewhere by now: then only what is named is known.
    std::fs::rename(work.path("queries"), work.path("moved")).unwrap();
    let (report, told) = eval(&work, "--data mixed.csv");
    assert!(report["in_training"].is_null() && !told.contains("training rows"), "{told}");
    for train in ["moved", "moved/train.csv"] {
        assert_eq!(eval(&work, &format!("--data mixed.csv --train {train}")).0["in_training"], 3, "{train}");
    }
    assert!(work.fails("eval --model student --data mixed.csv --train queries", 1).contains("queries"));
}

#[test]
fn areas_under_curves_have_intervals() {
    let work = student();
    let (report, _) = eval(&work, "--data queries/test.csv");
    for (figure, interval) in [
        ("auc", "auc_interval"),
        ("average_precision", "average_precision_interval"),
        ("accuracy", "accuracy_interval"),
    ] {
        let (value, ends) = (report[figure].as_f64().unwrap(), &report[interval]);
        let [low, high] = ["low", "high"].map(|end| ends[end].as_f64().unwrap());
        assert!(low <= value && value <= high && high <= 1.0, "{figure} {value} {ends}");
    }
    let table = work.run("eval --model student --data queries/test.csv");
    let line = table.lines().find(|line| line.starts_with("AUC")).unwrap();
    assert!(line.contains(" to "), "{table}");
}

/// One pass alone says nothing, as whatever else the machine did is in it.
#[test]
fn the_time_of_a_text_has_its_range_over_repeats() {
    let work = student();
    let (report, _) = eval(&work, "--data queries/test.csv");
    let speed = |figure: &str| report["speed"][figure].as_f64().unwrap();
    let (low, median, high) = (speed("low"), speed("median"), speed("high"));
    assert!(0.0 < low && low <= median && median <= high, "{report}");
    assert_eq!(
        (&report["microseconds_per_text"], &report["speed"]["repeats"]),
        (&report["speed"]["median"], &5.into())
    );
    let table = work.run("eval --model student --data queries/test.csv");
    let line = table.lines().find(|line| line.starts_with("microseconds")).unwrap();
    assert!(line.contains('(') && line.contains(" to "), "{table}");
}
