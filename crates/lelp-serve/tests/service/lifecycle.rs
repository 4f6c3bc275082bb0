//! Keys, health, figures; a model replaced while it answers, and an end under load.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Running;
use crate::client::{Client, read_response};
use crate::models::{Folder, save_ngram};

#[test]
fn a_key_is_asked_of_all_that_answers_or_loads() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let service = Running::with(&folder.path, |settings| settings.api_key = Some("secret-key".to_owned()));
    let client = service.client;
    let body = br#"{"inputs": "a"}"#;
    for headers in [
        "",
        "authorization: Bearer wrong\r\n",
        "authorization: secret-key\r\n",
        "authorization: Bearer secret-kez\r\n",
    ] {
        for path in ["/predict", "/", "/v2/models/student/infer", "/v2/repository/models/student/load"] {
            let refused = client.send("POST", path, headers, body);
            assert_eq!(refused.status, 401, "{path}");
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        }
        assert_eq!(client.send("GET", "/metrics", headers, b"").status, 401);
    }
    assert_eq!(client.send("POST", "/predict", "authorization: Bearer secret-key\r\n", body).status, 200);
    for open in ["/", "/health", "/v2/health/live", "/v2/health/ready", "/openapi.json"] {
        assert_eq!(client.get(open).status, 200, "{open}");
    }
}

#[test]
fn operations_say_what_is_served_and_how_much() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let service = Running::start(&folder.path);
    let client = service.client;
    for _ in 0..3 {
        client.post("/predict", r#"{"inputs": ["a", "b"]}"#);
    }
    client.post("/predict", "{");
    let metrics = client.get("/metrics").text();
    for line in [
        r#"lelp_requests_total{path="/predict",status="200"} 3"#,
        r#"lelp_requests_total{path="/predict",status="400"} 1"#,
        "lelp_texts_total 6",
        r#"lelp_request_duration_seconds_count{path="/predict"} 4"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    assert_eq!(client.get("/info").json()["model_type"]["classifier"]["id2label"]["1"], "yes");
    assert_eq!(client.get("/v1/models").json()["data"][0]["id"], "student");
    assert_eq!(client.get("/v2").json()["name"], "lelp");
    assert_eq!(client.get("/v2/models/student/ready").status, 200);
    assert_eq!(client.get("/v2/models/other/ready").status, 404);
    let description = client.get("/openapi.json").json();
    for path in ["/predict", "/", "/v2/models/{model}/infer", "/v1/decisions", "/classify", "/rows"] {
        assert!(description["paths"][path]["post"].is_object(), "{path}");
    }
    for (path, operations) in description["paths"].as_object().unwrap() {
        let known = path.replace("{model}", "student");
        if operations["get"].is_object() {
            assert_eq!(client.get(&known).status, 200, "{path}");
        }
    }
    for path in ["/health", "/metrics", "/info", "/v2/health/live", "/v2/health/ready", "/openapi.json"] {
        assert!(description["paths"][path]["get"].is_object(), "{path}");
    }
    let named = client.send("GET", "/health", "x-request-id: mine-7\r\n", b"");
    assert_eq!(named.header("x-request-id"), Some("mine-7"));
    let page = client.get("/");
    assert!(page.text().contains("<form") && page.header("content-security-policy").is_some());
}

/// A thread that asks until it is told to stop, and gives the number of answers.
fn ask_on(client: Client, stop: &Arc<AtomicBool>, check: fn(&str)) -> std::thread::JoinHandle<usize> {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        let mut answered = 0;
        while !stop.load(Ordering::Relaxed) {
            let answer = client.post("/predict", r#"{"inputs": [["a"], ["b c"], ["d"]]}"#);
            assert_eq!(answer.status, 200, "{}", answer.text());
            check(&answer.text());
            answered += 1;
        }
        answered
    })
}

#[test]
fn a_model_that_is_replaced_loses_no_request_and_mixes_no_answer() {
    let folder = Folder::of_texts(&["old-a", "old-b"]);
    let service = Running::start(&folder.path);
    let stop = Arc::new(AtomicBool::new(false));
    let whole = |text: &str| assert_ne!(text.contains("old-"), text.contains("new-"), "{text}");
    let threads: Vec<_> = (0..3).map(|_| ask_on(service.client, &stop, whole)).collect();
    for round in 0..20 {
        let labels = if round % 2 == 0 { ["new-a", "new-b"] } else { ["old-a", "old-b"] };
        // As a careful deployment does: the new folder is whole before it takes the old one's place.
        let next = folder.path.with_extension("next");
        save_ngram(&next, &labels);
        std::fs::remove_dir_all(&folder.path).unwrap();
        std::fs::rename(&next, &folder.path).unwrap();
        let loaded = service.client.post("/v2/repository/models/student/load", "{}");
        assert_eq!(loaded.status, 200, "{}", loaded.text());
        assert!(service.client.post("/predict", r#"{"inputs": "a"}"#).text().contains(labels[0]));
    }
    stop.store(true, Ordering::Relaxed);
    assert!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>() > 0);
}

#[test]
fn a_folder_that_cannot_be_loaded_leaves_the_model_in_place() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let service = Running::start(&folder.path);
    std::fs::write(folder.path.join("config.json"), "{}").unwrap();
    let refused = service.client.post("/v2/repository/models/student/load", "{}");
    assert_eq!(refused.status, 400);
    assert!(refused.json()["error"].as_str().unwrap().contains("student"), "{}", refused.text());
    assert_eq!(service.client.post("/predict", r#"{"inputs": "a"}"#).status, 200);
    assert!(service.client.get("/metrics").text().contains(r#"lelp_reloads_total{outcome="failed"} 1"#));
}

/// Whatever was sent whole before the end is answered, or its connection closed without a byte; idle ones are closed.
#[test]
fn an_end_under_load_answers_what_was_accepted_within_its_bound() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let mut service =
        Running::with(&folder.path, |settings| settings.timeouts.shutdown = Duration::from_secs(5));
    let client = service.client;
    let (answered, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (answered, begun) = (Arc::clone(&answered), Arc::clone(&begun));
            std::thread::spawn(move || {
                loop {
                    let Ok(mut stream) = std::net::TcpStream::connect(client.address) else { break };
                    let body = json!({ "inputs": vec![["a b c"]; 500] }).to_string();
                    let head = format!("POST /predict HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                    begun.fetch_add(1, Ordering::Relaxed);
                    if stream.write_all((head + &body).as_bytes()).is_err() {
                        break;
                    }
                    match read_response(&mut stream) {
                        Some(response) => assert_eq!(response.status, 200),
                        // Not accepted any more: nothing came, not half of an answer.
                        None => break,
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let idle = client.connect();
    while answered.load(Ordering::Relaxed) < 10 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let told = Instant::now();
    service.stop();
    assert!(told.elapsed() < Duration::from_secs(10));
    for thread in threads {
        thread.join().unwrap();
    }
    let (answered, begun) = (answered.load(Ordering::Relaxed), begun.load(Ordering::Relaxed));
    assert!(answered >= 10 && begun <= answered + 3, "{answered} of {begun}");
    let mut idle = idle;
    assert!(read_response(&mut idle).is_none());
}

/// A client that never ends its request does not hold up the end for longer than the bound.
#[test]
fn an_end_does_not_wait_for_a_client_that_hangs() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let mut service =
        Running::with(&folder.path, |settings| settings.timeouts.shutdown = Duration::from_millis(300));
    let mut hanging = service.client.connect();
    hanging.write_all(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{").unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let told = Instant::now();
    service.stop();
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
}
