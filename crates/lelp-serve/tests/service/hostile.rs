//! Clients that send too much, too slowly, or what is no HTTP.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Running;
use crate::client::read_response;
use crate::models::{Folder, encoder};

fn texts() -> Folder {
    Folder::of_texts(&["no", "yes"])
}

#[test]
fn an_oversized_body_is_refused_by_its_length_and_by_what_comes() {
    let folder = texts();
    let service = Running::with(&folder.path, |settings| settings.limits.body_bytes = 1000);
    let said = service.client.send("POST", "/predict", "", &vec![b' '; 5000]);
    assert_eq!(said.status, 413);
    assert!(said.text().contains("5000"), "{}", said.text());
    // Without a length, in chunks.
    let mut stream = service.client.connect();
    stream.write_all(b"POST /predict HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    for _ in 0..30 {
        let _ = stream.write_all(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes());
    }
    let chunked = read_response(&mut stream).unwrap();
    assert_eq!(chunked.status, 413, "{}", chunked.text());
}

#[test]
fn a_hundred_thousand_texts_are_refused_in_every_shape() {
    let folder = texts();
    let service = Running::start(&folder.path);
    let many = vec!["a"; 100_000];
    let tensor = json!({ "name": "text", "shape": [100_000], "datatype": "BYTES", "data": many });
    let rows = vec![json!({ "text": "a" }); 100_000];
    for (path, body) in [
        ("/predict", json!({ "inputs": many })),
        ("/", json!({ "inputs": many })),
        ("/classify", json!({ "input": many })),
        ("/rows", json!({ "rows": rows })),
        ("/v2/models/student/infer", json!({ "inputs": [tensor] })),
    ] {
        let refused = service.client.post(path, &body.to_string());
        assert_eq!(refused.status, 413, "{path}: {}", refused.text());
        assert!(
            refused.text().contains("100000") || refused.text().contains("100,000"),
            "{}",
            refused.text()
        );
    }
}

#[test]
fn what_is_no_utf8_and_no_json_is_refused_in_every_shape() {
    let folder = texts();
    let service = Running::start(&folder.path);
    let deep = format!("{{\"inputs\": {}", "[".repeat(100_000));
    for path in ["/predict", "/", "/classify", "/v1/decisions", "/rows", "/v2/models/student/infer"] {
        for body in [
            b"{\"inputs\": \"\xff\xfe\"}".as_slice(),
            b"",
            b"\0",
            b"{\"inputs\"",
            deep.as_bytes(),
            b"\"\\ud800\"",
        ] {
            let refused = service.client.send("POST", path, "", body);
            assert!([400, 422].contains(&refused.status), "{path}: {} {}", refused.status, refused.text());
            assert!(refused.json()["error"].is_string() || refused.json()["error"]["message"].is_string());
        }
        let compressed = service.client.send("POST", path, "content-encoding: gzip\r\n", b"{}");
        assert_eq!(compressed.status, 415);
    }
    assert_eq!(service.client.post("/predict", r#"{"inputs": "still here"}"#).status, 200);
}

/// What is derived from types would read fields by their places.
#[test]
fn a_list_where_an_object_belongs_is_refused_in_every_shape() {
    let folder = texts();
    let service = Running::start(&folder.path);
    let tensor = json!({ "name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"] });
    let choices = json!([{ "value": "no" }, { "value": "yes" }]);
    for (path, body) in [
        ("/predict", json!(["a", false, null])),
        ("/", json!(["a", [1, null, null]])),
        ("/", json!({ "inputs": "a", "parameters": [1, null, null] })),
        ("/classify", json!([null, "a"])),
        ("/rows", json!([[{ "text": "a" }]])),
        ("/rows", json!({ "rows": [["a"]] })),
        ("/v2/models/student/infer", json!([null, {}, [tensor], []])),
        ("/v2/models/student/infer", json!({ "inputs": [["text", [1], "BYTES", {}, ["a"]]] })),
        ("/v2/models/student/infer", json!({ "inputs": [tensor], "outputs": [["label", {}]] })),
        ("/v1/decisions", json!(["student", "a", [{ "type": "choice", "choices": choices }]])),
        (
            "/v1/decisions",
            json!({ "model": "student", "input": "a", "questions": [["choice", null, choices]] }),
        ),
        (
            "/v1/decisions",
            json!({ "model": "student", "input": "a", "questions": [{ "type": "choice", "choices": [["no"], ["yes"]] }] }),
        ),
        (
            "/v1/decisions",
            json!({ "model": "student", "input": [["user", "a"]], "questions": [{ "type": "choice", "choices": choices }] }),
        ),
    ] {
        let refused = service.client.post(path, &body.to_string());
        // text-embeddings-inference says 422 of another shape.
        let status = if path == "/predict" { 422 } else { 400 };
        assert_eq!(refused.status, status, "{path} {body}: {}", refused.text());
        assert!(
            refused.text().contains("expected") || refused.text().contains("must be"),
            "{}",
            refused.text()
        );
    }
}

#[test]
fn unknown_paths_and_methods_are_named() {
    let folder = texts();
    let service = Running::start(&folder.path);
    let lost = service.client.get("/predictt");
    assert!(lost.status == 404 && lost.json()["error"].as_str().unwrap().contains("/predictt"));
    let method = service.client.get("/predict");
    assert!(method.status == 405 && method.json()["error"].as_str().unwrap().contains("GET"));
    assert!(service.client.get("/v1/nothing").json()["error"]["message"].is_string());
}

#[test]
fn slow_clients_are_cut_off() {
    let folder = texts();
    let service = Running::with(&folder.path, |settings| {
        settings.timeouts.headers = Duration::from_millis(300);
        settings.timeouts.body = Duration::from_millis(300);
    });
    let mut headers = service.client.connect();
    headers.write_all(b"POST /predict HTTP/1.1\r\nhost:").unwrap();
    is_closed(&mut headers);
    let mut body = service.client.connect();
    body.write_all(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{\"inputs\"").unwrap();
    let slow = read_response(&mut body).unwrap();
    assert_eq!(slow.status, 408, "{}", slow.text());
    // A connection that is idle between two requests.
    let mut idle = service.client.connect();
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    assert_eq!(read_response(&mut idle).unwrap().status, 200);
    is_closed(&mut idle);
}

/// The service ends the connection; a client that still waits after a minute has a time-out of its own, and says so.
fn is_closed(stream: &mut TcpStream) {
    let ended = stream.read_to_end(&mut Vec::new());
    let waited = |error: &std::io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    assert!(!ended.as_ref().is_err_and(waited), "{ended:?}");
}

#[test]
fn requests_beyond_their_number_are_refused_at_once() {
    let folder = texts();
    let service = Running::with(&folder.path, |settings| settings.limits.requests_in_flight = 1);
    let head = b"POST /predict HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 14\r\n\r\n";
    // A head that comes while an earlier probe is answered is refused itself: then another one is tried.
    let (mut slow, refused) = wait_for(|| {
        let mut slow = service.client.connect();
        slow.write_all(head).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let answer = service.client.post("/predict", r#"{"inputs": "a"}"#);
        (answer.status == 429).then_some((slow, answer))
    });
    assert_eq!(refused.json()["error_type"], "Overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Health is not counted, and the slow one is answered in the end.
    assert_eq!(service.client.get("/health").status, 200);
    slow.write_all(br#"{"inputs":"b"}"#).unwrap();
    assert_eq!(read_response(&mut slow).unwrap().status, 200);
    wait_for(|| (service.client.post("/predict", r#"{"inputs": "a"}"#).status == 200).then_some(()));
}

/// What waits for the encoder is bounded by the room for texts, and comes free again.
#[test]
fn texts_beyond_their_room_are_refused_before_a_queue_fills() {
    let service = Running::with(&encoder(), |settings| {
        settings.limits.texts = 3;
        settings.limits.texts_in_flight = 3;
    });
    let client = service.client;
    let long = "many words that take their time ".repeat(50);
    let body = json!({ "inputs": [[long], [long], [long]] }).to_string();
    let refused = wait_for(|| {
        let ask = || {
            std::thread::spawn({
                let body = body.clone();
                move || client.post("/predict", &body)
            })
        };
        let asked: Vec<_> = (0..8).map(|_| ask()).collect();
        let answers: Vec<_> = asked.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(answers.iter().all(|answer| [200, 429].contains(&answer.status)));
        assert!(answers.iter().any(|answer| answer.status == 200));
        answers.into_iter().find(|answer| answer.status == 429)
    });
    assert!(refused.text().contains("of 3 texts, but the request has 3"), "{}", refused.text());
    assert_eq!(client.post("/predict", r#"{"inputs": "a"}"#).status, 200);
}

/// A client that goes away leaves its room to others.
#[test]
fn clients_that_go_away_take_nothing_with_them() {
    let folder = texts();
    let service = Running::with(&folder.path, |settings| settings.limits.requests_in_flight = 4);
    for _ in 0..50 {
        let mut stream = service.client.connect();
        stream.write_all(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 14\r\n\r\n{\"inp").unwrap();
    }
    let answered = wait_for(|| {
        let answer = service.client.post("/predict", r#"{"inputs": "a"}"#);
        (answer.status == 200).then_some(answer)
    });
    assert_eq!(answered.status, 200);
    wait_for(|| service.client.get("/metrics").text().contains("lelp_requests_in_flight 1\n").then_some(()));
}

/// Tries for up to a minute.
fn wait_for<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "what was waited for did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}
