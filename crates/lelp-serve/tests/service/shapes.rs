//! What each shape answers, and how it says what is wrong.

use lelp_data::ColumnSettings;
use serde_json::{Value, json};

use crate::models::{Folder, encoder};
use crate::{Response, Running};

const LABELS: [&str; 3] = ["card", "fee", "other"];

/// Score of a label in a list of `{label, score}`.
fn score(predictions: &Value, label: &str) -> f64 {
    let found = predictions.as_array().unwrap().iter().find(|prediction| prediction["label"] == label);
    found.unwrap()["score"].as_f64().unwrap()
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-6 * expected.abs().max(1.0)
}

/// `p_c = exp(z_c) / sum exp(z)`, in f64.
fn probabilities(logits: &[f32]) -> Vec<f64> {
    let exponentials: Vec<f64> = logits.iter().map(|&logit| f64::from(logit).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|value| value / sum).collect()
}

#[test]
fn predict_gives_the_models_own_probabilities_by_decreasing_score() {
    let folder = Folder::of_texts(&LABELS);
    let service = Running::start(&folder.path);
    let one = service.client.post("/predict", r#"{"inputs": "where is my card?"}"#);
    assert_eq!(one.status, 200, "{}", one.text());
    assert_eq!(one.header("content-type"), Some("application/json"));
    let (one, expected) = (one.json(), probabilities(&folder.logits("where is my card?", None)));
    for (label, expected) in LABELS.iter().zip(&expected) {
        assert!(close(score(&one, label), *expected), "{one} {expected}");
    }
    let scores: Vec<f64> = one.as_array().unwrap().iter().map(|p| p["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    // A batch of the protocol's own form, and a list of strings, which a model without pairs reads as one.
    for batch in [r#"[["where is my card?"], ["fees"]]"#, r#"["where is my card?", "fees"]"#] {
        let batch = service.client.post("/predict", &format!(r#"{{"inputs": {batch}}}"#)).json();
        assert_eq!((batch.as_array().unwrap().len(), &batch[0]), (2, &one));
    }
    let raw = r#"{"inputs": "fees", "raw_scores": true}"#;
    let raw = service.client.post("/predict", raw).json();
    for (label, logit) in LABELS.iter().zip(folder.logits("fees", None)) {
        assert!(close(score(&raw, label), f64::from(logit)));
    }
}

#[test]
fn a_model_of_pairs_reads_two_strings_as_one_pair() {
    let folder = Folder::of_pairs();
    let service = Running::start(&folder.path);
    let pair = service.client.post("/predict", r#"{"inputs": ["red shoes", "buy shoes"]}"#);
    let expected = probabilities(&folder.logits("red shoes", Some("buy shoes")))[1];
    assert!(close(score(&pair.json(), "yes"), expected), "{}", pair.text());
    let batch = service.client.post("/predict", r#"{"inputs": [["red shoes", "buy shoes"]]}"#).json();
    assert_eq!(batch[0], pair.json());
    let named = r#"{"inputs": {"text": "red shoes", "text_pair": "buy shoes"}}"#;
    let list = r#"{"inputs": [["red shoes", "buy shoes"]]}"#;
    for asked in [named, list] {
        assert_eq!(service.client.post("/", asked).json()[0], pair.json());
    }
    let row = r#"{"rows": [{"text": "red shoes", "text_pair": "buy shoes"}]}"#;
    assert_eq!(service.client.post("/rows", row).status, 200);
    for single in [r#"{"inputs": "red shoes"}"#, r#"{"inputs": [["a", "b"], ["c"]]}"#] {
        let refused = service.client.post("/predict", single);
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("reads pairs"), "{}", refused.text());
    }
}

/// Status and sentence of each refusal, in the shape of text-embeddings-inference.
#[test]
fn predict_refuses_as_text_embeddings_inference_does() {
    let folder = Folder::of_texts(&LABELS);
    let service = Running::with(&folder.path, |settings| {
        settings.limits.texts = 4;
        settings.limits.text_bytes = 100;
        settings.limits.body_bytes = 2000;
    });
    let long = "x".repeat(101);
    let cases = [
        ("{\"inputs\": ".to_owned(), 400, "Validation", "no JSON"),
        (r#"{"inputs": []}"#.to_owned(), 400, "Empty", "0 texts"),
        (r#"{"inputs": 3}"#.to_owned(), 422, "Validation", "a string"),
        ("{}".to_owned(), 422, "Validation", "inputs"),
        (r#"{"inputs": [["a", "b"]]}"#.to_owned(), 422, "Validation", "reads single texts"),
        (r#"{"inputs": ["a", "b", "c", "d", "e"]}"#.to_owned(), 413, "Validation", "5 texts"),
        (format!(r#"{{"inputs": "{long}"}}"#), 413, "Validation", "101 bytes"),
        (format!(r#"{{"inputs": "{}"}}"#, "y".repeat(3000)), 413, "Validation", "2000"),
    ];
    for (body, status, kind, says) in cases {
        let refused = service.client.post("/predict", &body);
        assert_eq!(refused.status, status, "{body}: {}", refused.text());
        let error = refused.json();
        assert_eq!(error["error_type"], kind, "{body}: {error}");
        assert!(error["error"].as_str().unwrap().contains(says), "{body}: {error}");
    }
    let cut = service.client.post("/predict", &format!(r#"{{"inputs": "{long}", "truncate": true}}"#));
    assert_eq!(
        cut.json(),
        service.client.post("/predict", &format!(r#"{{"inputs": "{}"}}"#, &long[1..])).json()
    );
}

#[test]
fn hugging_face_gets_a_list_of_lists_whatever_is_asked() {
    let folder = Folder::of_texts(&LABELS);
    let service = Running::start(&folder.path);
    let ask = |body: Value| service.client.post("/", &body.to_string());
    let one = ask(json!({ "inputs": "fees", "parameters": {} }));
    assert_eq!(one.status, 200, "{}", one.text());
    let one = one.json();
    assert_eq!((one.as_array().unwrap().len(), one[0].as_array().unwrap().len()), (1, 3));
    let two = ask(json!({ "inputs": ["fees", "card"], "parameters": { "top_k": 1 } })).json();
    assert_eq!((two[0][0].clone(), two[0].as_array().unwrap().len()), (one[0][0].clone(), 1));
    let sigmoid = ask(json!({ "inputs": "fees", "parameters": { "function_to_apply": "sigmoid" } })).json();
    let logit = f64::from(folder.logits("fees", None)[0]);
    assert!(close(score(&sigmoid[0], "card"), 1.0 / (1.0 + (-logit).exp())));
    let none = ask(json!({ "inputs": "fees", "parameters": { "function_to_apply": "none" } })).json();
    assert!(close(score(&none[0], "card"), logit));
    for bad in [json!({ "inputs": "a", "parameters": { "top_k": 0 } }), json!({ "inputs": { "txt": "a" } })] {
        let refused = ask(bad);
        assert_eq!(refused.status, 400);
        assert!(refused.json()["error"].is_string());
    }
}

#[test]
fn pairs_and_columns_that_come_twice_are_refused_by_a_model_of_single_texts() {
    let folder = Folder::of_texts(&LABELS);
    let service = Running::start(&folder.path);
    for pair in [r#"[["a", "b"]]"#, r#"{"text": "a", "text_pair": "b"}"#, r#"["c", ["a", "b"]]"#] {
        let refused = service.client.post("/", &format!(r#"{{"inputs": {pair}}}"#));
        assert_eq!(refused.status, 422, "{pair}: {}", refused.text());
        assert!(refused.text().contains("is a pair, but the model reads single texts"), "{}", refused.text());
    }
    for (inputs, status) in [(r#"[["a"], ["b"]]"#, 200), (r#"[["a", "b", "c"]]"#, 400), ("[[]]", 400)] {
        let answer = service.client.post("/", &format!(r#"{{"inputs": {inputs}}}"#));
        assert_eq!(answer.status, status, "{inputs}: {}", answer.text());
    }
    let refused = service.client.post("/rows", r#"{"rows": [{"text": "a", "text": "b"}]}"#);
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("column `text` comes twice"), "{}", refused.text());
}

#[test]
fn decisions_answer_the_models_own_question_in_each_form() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let service = Running::start(&folder.path);
    let expected = probabilities(&folder.logits("is it good?", None));
    let questions = json!([
        { "type": "choice", "name": "own", "instructions": "which?", "choices": [{ "value": "yes" }, { "value": "no", "description": "else" }] },
        { "type": "predicate", "instructions": "is it so?" },
        { "type": "score", "instructions": "how much?", "levels": [{ "label": "no" }, { "label": "yes" }] },
    ]);
    let messages = json!([{ "role": "developer", "content": "be brief" },
        { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "is it good?" }] }]);
    for input in [json!("is it good?"), messages] {
        let body = json!({ "model": "student", "input": input, "questions": questions });
        let answered = service.client.post("/v1/decisions", &body.to_string());
        assert_eq!(answered.status, 200, "{}", answered.text());
        let Value::Array(answers) = &answered.json()["answers"] else { panic!("answers are a list") };
        let [choice, predicate, score] = &answers[..] else { panic!("three answers") };
        let best = if expected[1] > expected[0] { "yes" } else { "no" };
        assert_eq!(
            (&choice["type"], &choice["name"], &choice["choice"]),
            (&json!("choice"), &json!("own"), &json!(best))
        );
        assert_eq!(choice["probabilities"][0]["value"], "yes");
        for found in [&choice["probabilities"][0]["probability"], &predicate["probability"], &score["score"]]
        {
            assert!(close(found.as_f64().unwrap(), expected[1]), "{found}");
        }
        assert_eq!(predicate["name"], Value::Null);
        assert_eq!(
            (&score["probabilities"][1]["value"], &score["probabilities"][1]["label"]),
            (&json!(1), &json!("yes"))
        );
    }
}

#[test]
fn a_question_that_is_not_the_models_is_refused_with_its_own() {
    let folder = Folder::of_texts(&LABELS);
    let service = Running::start(&folder.path);
    let ask = |model: &str, question: Value| -> Response {
        let body = json!({ "model": model, "input": "a", "questions": [question] });
        service.client.post("/v1/decisions", &body.to_string())
    };
    let choices = |values: &[&str]| {
        let choices: Vec<Value> = values.iter().map(|value| json!({ "value": value })).collect();
        json!({ "type": "choice", "instructions": "", "choices": choices })
    };
    assert_eq!(ask("student", choices(&LABELS)).status, 200);
    let other = ask("gpt", choices(&LABELS));
    assert_eq!((other.status, &other.json()["error"]["code"]), (404, &json!("model_not_found")));
    let levels = json!({ "type": "score", "instructions": "", "levels": [{ "label": "fee" }, { "label": "card" }, { "label": "other" }] });
    let cases = [
        (choices(&["card", "fee"]), "`card`, `fee`, `other`"),
        (choices(&["card", "fee", "fee"]), "`other`"),
        (choices(&["card", "fee", "others"]), "`other`"),
        (levels, "in this order"),
        (json!({ "type": "predicate", "instructions": "" }), "3 classes"),
        (json!({ "type": "essay" }), "essay"),
    ];
    for (question, says) in cases {
        let refused = ask("student", question);
        let error = &refused.json()["error"];
        assert_eq!((refused.status, &error["type"]), (400, &json!("invalid_request_error")), "{error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    let none = service.client.post("/v1/decisions", r#"{"model": "student", "input": "a", "questions": []}"#);
    assert_eq!((none.status, &none.json()["error"]["param"]), (400, &json!("questions")));
}

#[test]
fn classify_answers_as_vllm_does() {
    let folder = Folder::of_texts(&LABELS);
    let service = Running::start(&folder.path);
    for path in ["/classify", "/v1/classify"] {
        let answer = service.client.post(path, r#"{"model": "student", "input": ["fees", "card"]}"#).json();
        let expected = probabilities(&folder.logits("card", None));
        let data = &answer["data"][1];
        for (found, expected) in data["probs"].as_array().unwrap().iter().zip(&expected) {
            assert!(close(found.as_f64().unwrap(), *expected));
        }
        let best = (0..3).max_by(|&a, &b| expected[a].total_cmp(&expected[b])).unwrap();
        assert_eq!(
            (&data["index"], &data["label"], &data["num_classes"]),
            (&json!(1), &json!(LABELS[best]), &json!(3))
        );
        assert_eq!((&answer["object"], &answer["model"]), (&json!("list"), &json!("student")));
    }
    assert_eq!(service.client.post("/classify", r#"{"input": "no name is needed"}"#).status, 200);
    assert_eq!(service.client.post("/classify", r#"{"model": "other", "input": "a"}"#).status, 404);
    assert_eq!(service.client.post("/classify", r#"{"input": [1, 2]}"#).status, 400);
}

/// The model reads a number; its folder says that the column is written as dates.
#[test]
fn a_column_of_a_type_is_asked_as_it_was_written_in_training() {
    let folder = Folder::of_columns();
    let types = [("clicks".to_owned(), "date".parse().unwrap())].into();
    ColumnSettings { types, ..ColumnSettings::default() }.remember(&folder.path).unwrap();
    let dated = Running::start(&folder.path);
    let plain_folder = Folder::of_columns();
    let plain = Running::start(&plain_folder.path);
    let row = |day: Value| json!({ "rows": [{ "clicks": day, "image": [1, 2, 3] }] }).to_string();
    let as_date = dated.client.post("/rows", &row(json!("1970-01-13")));
    let as_number = plain.client.post("/rows", &row(json!(12)));
    assert_eq!(as_date.json()["predictions"], as_number.json()["predictions"], "{}", as_date.text());
    let refused = dated.client.post("/rows", &row(json!(12)));
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("holds `12`, but a date as 2026-11-30 is needed"), "{}", refused.text());
    let inputs = dated.client.get("/v2/models/student").json()["inputs"].clone();
    let clicks = inputs.as_array().unwrap().iter().find(|input| input["name"] == "clicks").unwrap();
    assert_eq!(clicks["datatype"], "BYTES");
    let tensors = json!({ "inputs": [
        { "name": "clicks", "datatype": "BYTES", "shape": [1], "data": ["1970-01-13"] },
        { "name": "country", "datatype": "BYTES", "shape": [1], "data": [""] },
        { "name": "image", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3] },
    ] });
    let inferred = dated.client.post("/v2/models/student/infer", &tensors.to_string());
    assert_eq!(inferred.status, 200, "{}", inferred.text());
}

#[test]
fn rows_are_read_by_the_names_of_their_columns() {
    let folder = Folder::of_columns();
    let service = Running::start(&folder.path);
    let rows = json!({ "rows": [
        { "clicks": 12, "country": "fr", "image": [1.0, 2, -0.5] },
        { "image": [1.0, 2, -0.5], "country": null },
    ] });
    let answered = service.client.post("/rows", &rows.to_string());
    assert_eq!(answered.status, 200, "{}", answered.text());
    let answers = answered.json();
    let [first, second] = [0, 1].map(|row| answers["predictions"][row]["probabilities"].clone());
    assert!(close(first["bad"].as_f64().unwrap() + first["good"].as_f64().unwrap(), 1.0));
    assert_ne!(first, second);
    for (row, says) in [
        (json!({ "clicks": 1, "image": [1, 2, 3], "county": "fr" }), "`county`"),
        (json!({ "clicks": "many", "image": [1, 2, 3] }), "a string in column `clicks`"),
        (json!({ "clicks": 1, "image": [1, 2] }), "2 numbers in column `image`, which holds 3"),
        (json!({ "clicks": 1 }), "nothing in column `image`"),
        (json!({ "image": [1, 2, 1e39] }), "`image`"),
    ] {
        let refused = service.client.post("/rows", &json!({ "rows": [row] }).to_string());
        assert_eq!(refused.status, 400, "{says}");
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    let text = service.client.post("/predict", r#"{"inputs": "a text"}"#);
    assert_eq!(text.status, 422);
    assert!(text.text().contains("send rows of them to /rows"), "{}", text.text());
    let object = json!({ "model": "student", "questions": [{ "type": "predicate" }], "input": [
        { "role": "user", "content": [{ "type": "input_json", "data": { "clicks": 12, "country": "fr", "image": [1.0, 2, -0.5] } }] }
    ] });
    let decided = service.client.post("/v1/decisions", &object.to_string()).json();
    assert_eq!(decided["answers"][0]["probability"], first["good"]);
}

/// An encoder answers on a thread of its own, and reads a single text and a pair alike.
#[test]
fn an_encoder_answers_many_at_once_as_it_answers_each() {
    let service = Running::start(&encoder());
    let ask = |text: &str| service.client.post("/predict", &json!({ "inputs": text }).to_string()).json();
    let texts: Vec<String> = (0..24).map(|row| format!("text {row} {}", "word ".repeat(row % 5))).collect();
    let each: Vec<Value> = texts.iter().map(|text| ask(text)).collect();
    let threads: Vec<_> = texts
        .iter()
        .map(|text| {
            let (client, body) = (service.client, json!({ "inputs": [[text]] }).to_string());
            std::thread::spawn(move || client.post("/predict", &body).json()[0].clone())
        })
        .collect();
    let together: Vec<Value> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(together, each);
    assert_eq!(
        service.client.post("/predict", r#"{"inputs": ["a", "b"]}"#).json().as_array().unwrap().len(),
        2
    );
}
