//! Calibration and cascade, from the validation file to the service.

use serde_json::{Value, json};

use crate::serve::Serving;
use crate::support::Workspace;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Queries, a teacher, and a student that saw little.
fn student() -> Workspace {
    let work = Workspace::taught("--hidden 32 --learning-rate 0.01");
    work.run("distill --data queries --signals signals --method kd --student ngram --out student --epochs 1 --buckets 64 --width 4");
    work
}

#[test]
fn a_calibrated_student_answers_the_same_more_honestly() {
    let work = student();
    let eval =
        |work: &Workspace| json(&work.run("eval --model student --data queries/validation.csv --json"));
    let before = eval(&work);
    let said = json(&work.run("calibrate --model student --data queries/validation.csv --json"));
    let after = eval(&work);
    let loss = |report: &Value| report["negative_log_likelihood"].as_f64().unwrap();
    assert!(loss(&after) < loss(&before), "{after} {before}");
    assert_eq!((&before["accuracy"], &before["confusion"]), (&after["accuracy"], &after["confusion"]));
    for (figures, report) in [("before", &before), ("after", &after)] {
        assert!((loss(&said[figures]) - loss(report)).abs() < 1e-6, "{said} {report}");
        let error = |of: &Value| of["expected_calibration_error"].as_f64().unwrap();
        assert!((error(&said[figures]) - error(report)).abs() < 1e-6, "{said} {report}");
    }
    // Once more is the same: figures before are those without any calibration.
    let again = json(&work.run("calibrate --model student --data queries/validation.csv --json"));
    assert!(
        (again["temperature"].as_f64().unwrap() / said["temperature"].as_f64().unwrap() - 1.0).abs() < 1e-3
    );
    let predicted = json(
        &work
            .lelp("predict --model student --json")
            .write_stdin("my card\n")
            .output()
            .map(|o| String::from_utf8(o.stdout).unwrap())
            .unwrap(),
    );
    let serving = Serving::start(&work, "--model student");
    let served = json(&serving.post("/rows", r#"{"rows": [{"text": "my card"}]}"#).1);
    for label in ["card", "other"] {
        let [one, other] =
            [&served["predictions"][0], &predicted].map(|row| row["probabilities"][label].as_f64().unwrap());
        assert!((one - other).abs() < 1e-7, "{served} {predicted}");
    }
    work.write("queries/bare.csv", "text\nmy card\n");
    assert!(work.fails("calibrate --model student --data queries/bare.csv", 1).contains("--label-column"));
}

#[test]
fn a_cascade_is_chosen_and_served() {
    let work = student();
    let choose = "cascade --model student --teacher teacher --data queries/validation.csv";
    let report = json(&work.run(&format!("{choose} --agreement 0.9 --price 200 --json")));
    let (chosen, curve) = (&report["chosen"], report["curve"].as_array().unwrap());
    assert!(chosen["agreement_bound"].as_f64().unwrap() >= 0.9, "{chosen}");
    assert!(chosen["agreement"].as_f64().unwrap() >= chosen["agreement_bound"].as_f64().unwrap());
    assert_eq!(
        (&curve[0]["to_teacher"], &curve[0]["cost"], &curve[0]["kept"]),
        (&json!(1.0), &json!(200.0), &json!(0))
    );
    assert_eq!(curve[curve.len() - 1]["to_teacher"], 0.0);
    let table = work.run(&format!("{choose} --agreement 0.9 --price 200"));
    assert!(table.contains("chosen") && table.contains("cost of a million"), "{table}");
    let serving = Serving::start(&work, "--model student --fallback teacher");
    let (status, body) = serving.post("/predict", r#"{"inputs": "where is my card"}"#);
    assert!(status.contains("200"), "{status} {body}");
    // 80 rows prove no 99 in 100: .05^(1/80) is .963.
    let none = work.lelp(&format!("{choose} --agreement 0.99")).output().unwrap();
    assert!(String::from_utf8_lossy(&none.stderr).contains("all go to the teacher"));
    work.run("calibrate --model student --data queries/validation.csv");
    let stale = work.fails("serve --model student --fallback teacher --address 127.0.0.1:0", 1);
    assert!(stale.contains("calibrated anew") && stale.contains("lelp cascade"), "{stale}");
    assert!(work.fails(&format!("{choose} --agreement 1.5"), 2).contains("agreement is 1.5"));
    work.fails("cascade --model student --data queries/validation.csv", 2);
    let same = work.run("signals --teacher teacher --data queries/validation.csv --out validation-signals");
    let by_signals = json(&work.run("cascade --model student --signals validation-signals --data queries/validation.csv --agreement 0.9 --json"));
    let again = json(&work.run(&format!("{choose} --agreement 0.9 --json")));
    assert_eq!(by_signals["chosen"]["kept"], again["chosen"]["kept"], "{same}");
}

#[test]
fn thresholds_that_are_asked_for_are_shown_in_place_of_the_usual() {
    let work = student();
    let eval = "eval --model student --data queries/test.csv --threshold 0.25,0.975 --costs 1,5";
    let table = work.run(eval);
    assert!(table.contains("0.975") && !table.contains("0.95 "), "{table}");
    let report = json(&work.run(&format!("{eval} --json")));
    assert_eq!(
        (report["thresholds"].as_array().unwrap().len(), report["curve"].as_array().unwrap().len()),
        (2, 101)
    );
    assert!(report["curve"][50]["cost"].is_number());
    work.fails("eval --model student --data queries/test.csv --threshold 1.5", 2);
}
