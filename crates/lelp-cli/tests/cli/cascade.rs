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
    assert_eq!(again, said, "it is fitted to the model by itself");
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
    // Rows that it learned from are not passed over in silence.
    let output = work.lelp("calibrate --model student --data queries/train.csv --force").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("are training rows too"));
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

#[test]
fn a_cascade_names_its_teacher_and_another_one_is_refused() {
    let work = student();
    let encoder = crate::support::encoder();
    let other =
        format!("teach --encoder {} --data queries --out other --epochs 1 --hidden 8", encoder.display());
    work.run(&other);
    let choose = "cascade --model student --teacher teacher --data queries/validation.csv --agreement 0.9";
    work.run(choose);
    let stored = json(&std::fs::read_to_string(work.path("student/cascade.json")).unwrap());
    assert_eq!(
        (&stored["teacher"]["name"], stored["teacher"]["hash"].as_str().unwrap().len()),
        (&json!("teacher"), 64)
    );
    assert!(stored["curve"].as_array().unwrap().len() > 3, "{stored}");
    let serve = "serve --model student --address 127.0.0.1:0 --fallback";
    let said = work.fails(&format!("{serve} other"), 1);
    assert!(said.contains("chosen for the teacher `teacher`") && said.contains("lelp cascade"), "{said}");
    // Its signals are of the same teacher; a threshold of one's own needs no teacher.
    work.run("signals --teacher teacher --data queries/validation.csv --out said");
    work.run("cascade --model student --signals said --data queries/validation.csv --agreement 0.9");
    let by_signals = json(&std::fs::read_to_string(work.path("student/cascade.json")).unwrap());
    assert_eq!(by_signals["teacher"]["hash"], stored["teacher"]["hash"]);
    drop(Serving::start(&work, "--model student --fallback teacher"));
    drop(Serving::start(&work, "--model student --fallback other --fallback-threshold 0.8"));
}

/// `queries` with a second text in each row.
fn pairs(work: &Workspace) {
    for split in ["train", "validation", "test"] {
        let rows = std::fs::read_to_string(work.path(&format!("queries/{split}.csv"))).unwrap();
        let paired: Vec<String> = rows.lines().skip(1).map(|row| format!("an ad,{row}\n")).collect();
        work.write(&format!("pairs/{split}.csv"), format!("text_pair,text,label\n{}", paired.concat()));
    }
}

#[test]
fn a_student_of_single_texts_has_no_teacher_of_pairs_and_the_reverse() {
    let work = student();
    pairs(&work);
    work.run(
        "distill --data pairs --method ce --student ngram --out paired --epochs 1 --buckets 64 --width 4",
    );
    for (student, teacher, says) in [
        ("student", "paired", "made of single texts, but the teacher reads pairs"),
        ("paired", "student", "made of pairs of texts, but the teacher reads single texts"),
    ] {
        let said = work
            .fails(&format!("cascade --model {student} --teacher {teacher} --data pairs/validation.csv"), 1);
        assert!(said.contains(says), "{said}");
        let serve = format!(
            "serve --model {student} --fallback {teacher} --fallback-threshold 0.9 --address 127.0.0.1:0"
        );
        assert!(work.fails(&serve, 1).contains("but its teacher reads"));
    }
}

#[test]
fn second_texts_that_a_student_of_single_texts_would_get_are_told_and_not_read() {
    let work = student();
    pairs(&work);
    let report = |work: &Workspace, data: &str| {
        let output =
            work.lelp(&format!("eval --model student --data {data}/test.csv --json")).output().unwrap();
        (json(&String::from_utf8(output.stdout).unwrap()), String::from_utf8(output.stderr).unwrap())
    };
    let ((single, quiet), (paired, told)) = (report(&work, "queries"), report(&work, "pairs"));
    assert!(told.contains("made of single texts") && told.contains("`text_pair`"), "{told}");
    assert!(!quiet.contains("single texts"), "{quiet}");
    assert_eq!(single["negative_log_likelihood"], paired["negative_log_likelihood"]);
    let predict = |data: &str| {
        let output = work.lelp(&format!("predict --model student {data}/test.csv")).output().unwrap();
        let cells = |line: &str| line.split('\t').take(2).map(str::to_owned).collect::<Vec<_>>();
        let answers: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(cells).collect();
        (answers, String::from_utf8(output.stderr).unwrap())
    };
    let ((single, _), (paired, told)) = (predict("queries"), predict("pairs"));
    assert_eq!(single, paired);
    assert!(told.contains("made of single texts"), "{told}");
    for command in ["eval --model student --data pairs/test.csv", "predict --model student pairs/test.csv"] {
        let said = work.fails(&format!("{command} --pair-column text_pair"), 1);
        assert!(said.contains("`text_pair` is named as a second one"), "{said}");
    }
}

#[test]
fn a_temperature_that_the_rows_do_not_determine_is_not_kept_unasked() {
    let work = student();
    let right = work.run("predict --model student queries/validation.csv");
    let first = right.lines().next().unwrap().split('\t').map(str::to_owned).collect::<Vec<_>>();
    work.write("right.csv", format!("text,label\n{},{}\n", first[2], first[0]));
    let said = work.fails("calibrate --model student --data right.csv", 1);
    assert!(said.contains("the 1 labelled row does not say") && said.contains("--force"), "{said}");
    assert!(!work.path("student/calibration.json").exists());
    let table = work.run("calibrate --model student --data right.csv --force");
    assert!(table.starts_with("1 row "), "{table}");
    assert!(work.path("student/calibration.json").exists());
}

#[test]
fn shares_written_as_percentages_and_costs_of_other_classes_are_bad_arguments() {
    let work = student();
    let said = work
        .fails("cascade --model student --teacher teacher --data queries/validation.csv --agreement 98", 2);
    assert!(said.contains("agreement is 98") && said.contains("0.98?"), "{said}");
    for costs in ["1", "1,2,3", "one,2", "nan,1", "-1,1"] {
        work.fails(&format!("eval --model student --data queries/test.csv --costs {costs}"), 2);
    }
}
