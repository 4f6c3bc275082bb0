//! Rows of which the student is not sure go to its teacher.

use std::path::Path;
use std::sync::{Arc, Mutex};

use lelp_model::encoder::EncoderPrecision;
use lelp_model::{CascadeChoice, CascadeTeacher};
use lelp_serve::{FallbackSettings, Log, ServeError, ServeSettings, Server, no_log};
use serde_json::{Value, json};

use crate::Running;
use crate::models::{Folder, encoder, save_ngram_with};

const TEXTS: [&str; 8] = ["a", "b", "where is it", "card", "fees are due", "hello", "what now", "no more"];

/// A teacher with the classes in another order and weights of its own.
fn teacher() -> Folder {
    let folder = Folder::of_texts(&["yes", "no"]);
    save_ngram_with(&folder.path, &["yes", "no"], 3);
    folder
}

/// A service of `folder`, or why there is none.
fn bind(folder: &Path, change: impl FnOnce(&mut ServeSettings)) -> Result<Server, ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut settings = ServeSettings::new(folder.to_owned());
    settings.address.set_port(0);
    change(&mut settings);
    runtime.block_on(Server::bind(settings, std::num::NonZeroUsize::MIN, no_log()))
}

fn fallback(teacher: &str, threshold: Option<f64>) -> FallbackSettings {
    FallbackSettings { teacher: teacher.to_owned(), api_key: None, threshold }
}

/// Probabilities of `yes` of all texts.
fn yes(service: &Running) -> Vec<f64> {
    let body = json!({ "inputs": TEXTS.map(|text| [text]) });
    let answered = service.client.post("/predict", &body.to_string());
    assert_eq!(answered.status, 200, "{}", answered.text());
    let score = |row: &Value| {
        let predictions = row.as_array().unwrap();
        predictions.iter().find(|p| p["label"] == "yes").unwrap()["score"].as_f64().unwrap()
    };
    answered.json().as_array().unwrap().iter().map(score).collect()
}

/// What the cascade should give: the student where it is sure, else the teacher.
fn expected(student: &[f64], teacher: &[f64], threshold: f64) -> (Vec<f64>, usize) {
    let sure = |yes: f64| yes.max(1.0 - yes) >= threshold;
    let answers = student.iter().zip(teacher).map(|(&s, &t)| if sure(s) { s } else { t }).collect();
    (answers, student.iter().filter(|&&yes| !sure(yes)).count())
}

fn assert_close(found: &[f64], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
    }
}

/// The teacher in its folder, and behind each shape of a service.
#[test]
fn doubtful_rows_get_the_teachers_answer_wherever_it_is() {
    let (student, teacher) = (Folder::of_texts(&["no", "yes"]), teacher());
    let (alone, behind) = (Running::start(&student.path), Running::start(&teacher.path));
    let (own, teachers) = (yes(&alone), yes(&behind));
    let mut sorted: Vec<f64> = own.iter().map(|yes| yes.max(1.0 - yes)).collect();
    sorted.sort_by(f64::total_cmp);
    let threshold = f64::midpoint(sorted[3], sorted[4]);
    let (expected, asked) = expected(&own, &teachers, threshold);
    assert_eq!(asked, 4);
    let address = behind.client.address;
    let urls = ["/predict", "/", "/rows"].map(|path| format!("http://{address}{path}"));
    for place in urls.into_iter().chain([teacher.path.display().to_string()]) {
        let both = Running::with(&student.path, |settings| {
            settings.fallback = Some(fallback(&place, Some(threshold)));
        });
        assert_close(&yes(&both), &expected);
        let metrics = both.client.get("/metrics").text();
        assert!(metrics.contains(r#"lelp_fallback_texts_total{outcome="answered"} 4"#), "{place}: {metrics}");
    }
    for (threshold, expected) in [(0.0, &own), (1.0, &teachers)] {
        let place = teacher.path.display().to_string();
        let both = Running::with(&student.path, |settings| {
            settings.fallback = Some(fallback(&place, Some(threshold)));
        });
        assert_close(&yes(&both), expected);
    }
}

#[test]
fn a_teacher_that_fails_leaves_no_answer_that_breaks_the_promise() {
    let student = Folder::of_texts(&["no", "yes"]);
    let other = Running::start(&Folder::of_texts(&["bad", "good"]).path);
    let address = other.client.address;
    // Nobody listens on port 9 of this machine; the other service has other classes, or no such path.
    for (url, says) in [
        ("http://127.0.0.1:9/predict".to_owned(), "not reached"),
        (format!("http://{address}/predict"), "lacks one of the classes"),
        (format!("http://{address}/v1/models"), "status 405"),
    ] {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log: Log = Arc::new(move |line| kept.lock().unwrap().push(serde_json::to_value(line).unwrap()));
        let both = Running::logged(&student.path, log, |settings| {
            settings.fallback = Some(fallback(&url, Some(1.0)));
        });
        let refused = both.client.post("/predict", r#"{"inputs": "a"}"#);
        assert_eq!((refused.status, &refused.json()["error_type"]), (424, &json!("Backend")), "{url}");
        assert!(refused.text().contains(says), "{url}: {}", refused.text());
        assert_eq!(both.client.post("/classify", r#"{"input": "a"}"#).status, 500);
        assert_eq!(both.client.post("/classify", r#"{"input": 1}"#).status, 400);
        let lines = lines.lock().unwrap();
        let asked: Vec<_> = lines.iter().filter(|line| line["event"] == "request").collect();
        for line in &asked[..2] {
            assert_eq!(line["level"], "error");
            assert!(line["error"].as_str().unwrap().contains(says), "{line}");
        }
        assert!(asked[2].get("error").is_none(), "clients' own faults are told to clients: {}", asked[2]);
    }
}

/// A precision is that of whichever of the two has an encoder.
#[test]
fn a_student_without_encoder_goes_with_a_teacher_in_8_bits() {
    let teacher = lelp_model::load_model(&encoder(), std::num::NonZeroUsize::MIN).unwrap();
    let labels: Vec<&str> = teacher.labels().iter().map(String::as_str).collect();
    let student = Folder::of_texts(&labels);
    let refused = |teacher: Option<String>| {
        let bound = bind(&student.path, |settings| {
            settings.precision = EncoderPrecision::Int8;
            settings.fallback = teacher.map(|teacher| fallback(&teacher, Some(1.0)));
        });
        bound.err().unwrap().to_string()
    };
    let place = encoder().display().to_string();
    let both = Running::with(&student.path, |settings| {
        settings.precision = EncoderPrecision::Int8;
        settings.fallback = Some(fallback(&place, Some(1.0)));
    });
    assert_eq!(both.client.post("/predict", r#"{"inputs": "a"}"#).status, 200);
    let info = both.client.get("/info").json();
    assert_eq!((&info["model_dtype"], &info["fallback_threshold"]), (&json!("float32"), &json!(1.0)));
    let alone = refused(None);
    assert!(alone.contains("no encoder to run in int8"), "{alone}");
    let beside = refused(Some(student.path.display().to_string()));
    assert!(beside.contains("no encoder to run in int8"), "{beside}");
}

#[test]
fn a_threshold_that_was_not_chosen_for_this_model_is_refused() {
    let (student, teacher) = (Folder::of_texts(&["no", "yes"]), teacher());
    let bind = |place: &str, threshold: Option<f64>| {
        bind(&student.path, |settings| settings.fallback = Some(fallback(place, threshold)))
    };
    let place = teacher.path.display().to_string();
    assert!(matches!(bind(&place, None).err().unwrap(), ServeError::NoThreshold(_)));
    let mut choice = CascadeChoice {
        threshold: 0.9,
        agreement: 0.99,
        confidence: 0.95,
        rows: 9,
        to_teacher: 0.1,
        temperature: None,
        teacher: CascadeTeacher { name: "other".to_owned(), hash: None },
        curve: Vec::new(),
    };
    choice.save(&student.path).unwrap();
    assert!(bind(&place, None).is_ok());
    choice.teacher.hash = Some("0123456789abcdef".to_owned());
    choice.save(&student.path).unwrap();
    let other = bind(&place, None).err().unwrap();
    assert!(matches!(other, ServeError::OtherTeacher { .. }), "{other}");
    assert!(other.to_string().contains("`other` (hash 0123456789ab)"), "{other}");
    let model = lelp_model::load_model(&teacher.path, std::num::NonZeroUsize::MIN).unwrap();
    choice.teacher = CascadeTeacher::of(model.as_ref(), &teacher.path).unwrap();
    choice.save(&student.path).unwrap();
    assert!(bind(&place, None).is_ok());
    choice.temperature = Some(2.0);
    choice.save(&student.path).unwrap();
    assert!(matches!(bind(&place, None).err().unwrap(), ServeError::StaleThreshold(_)));
    let classes =
        bind(&Folder::of_texts(&["no", "maybe"]).path.display().to_string(), Some(0.5)).err().unwrap();
    assert!(classes.to_string().contains("`no`, `maybe`"), "{classes}");
    let pairs = bind(&Folder::of_pairs().path.display().to_string(), Some(0.5)).err().unwrap();
    assert!(pairs.to_string().contains("made of single texts, but its teacher reads pairs"), "{pairs}");
}
