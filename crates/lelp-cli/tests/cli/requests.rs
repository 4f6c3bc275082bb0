//! Bodies of requests to `lelp serve`, one in each of its shapes.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::rc::Rc;

use crate::serve::Serving;
use crate::support::Workspace;

/// Name of the file, path, further header lines, body.
const REQUESTS: [(&str, &str, &str, &str); 9] = [
    ("predict.json", "/predict", "", r#"{"inputs": [["where is it"], ["a", "b"]], "truncate": true}"#),
    (
        "text.json",
        "/",
        "",
        r#"{"inputs": [{"text": "a", "text_pair": "b"}, "c"], "parameters": {"top_k": 1}}"#,
    ),
    ("classify.json", "/classify", "", r#"{"model": "ngram", "input": ["a", "b"]}"#),
    ("rows.json", "/rows", "", r#"{"rows": [{"text": "a"}, {"text": "b"}]}"#),
    (
        "tensors.json",
        "/v2/models/ngram/infer",
        "",
        r#"{"id": "1", "inputs": [{"name": "text", "shape": [2, 1], "datatype": "BYTES", "data": ["a", "b"]}], "outputs": [{"name": "label"}]}"#,
    ),
    (
        "tensors.bin",
        "/v2/models/ngram/infer",
        "inference-header-content-length: 107\r\n",
        "{\"inputs\": [{\"name\": \"text\", \"shape\": [2], \"datatype\": \"BYTES\", \"parameters\": {\"binary_data_size\": 10}}]}  \u{1}\0\0\0a\u{1}\0\0\0b",
    ),
    (
        "choice.json",
        "/v1/decisions",
        "",
        r#"{"model": "ngram", "input": "a", "questions": [{"type": "choice", "choices": [{"value": "card"}, {"value": "other"}]}]}"#,
    ),
    (
        "messages.json",
        "/v1/decisions",
        "",
        r#"{"model": "ngram", "input": [{"role": "user", "content": [{"type": "input_json", "data": {"text": "a"}}]}], "questions": [{"type": "predicate"}]}"#,
    ),
    ("body.txt", "/v1/classify", "", r#"{"input": [["a", "b"], ["c", "d"]]}"#),
];

/// Sends what is in a file as the body of a request.
pub(crate) type Send = Box<dyn Fn(&Path, &str)>;

/// A service of the student `ngram`, which is asked in every shape.
pub(crate) fn parsers(work: &Workspace) -> Vec<(&'static str, Send)> {
    let serving = Rc::new(Serving::start(work, "--model ngram").without_log());
    let parser = |(file, path, headers, body): (&'static str, &'static str, &'static str, &'static str)| {
        work.write(&format!("requests/{file}"), body);
        let (serving, connection) = (Rc::clone(&serving), RefCell::new(None));
        let send: Send = Box::new(move |folder: &Path, file: &str| {
            let body = fs::read(folder.join(file)).unwrap();
            let status = post(&mut connection.borrow_mut(), &serving, path, headers, &body);
            // 400 and its like are for what is wrong with a request; 500 would be wrong with us.
            assert!((200..500).contains(&status) && status != 424, "{path}: {status}");
        });
        (file, send)
    };
    REQUESTS.into_iter().map(parser).collect()
}

/// The status of an answer; the connection is kept where the service keeps it.
fn post(
    kept: &mut Option<BufReader<TcpStream>>,
    serving: &Serving,
    path: &str,
    headers: &str,
    body: &[u8],
) -> u16 {
    let mut stream =
        kept.take().unwrap_or_else(|| BufReader::new(TcpStream::connect(serving.address()).unwrap()));
    let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: {}\r\n\r\n", body.len());
    stream.get_mut().write_all(&[head.as_bytes(), body].concat()).unwrap();
    let (mut status, mut length, mut open) = (0, 0, true);
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the connection was closed without an answer");
        let line = line.trim_end().to_ascii_lowercase();
        match line.split_once(' ') {
            None => break,
            Some((start, rest)) if start.starts_with("http/") => status = rest[..3].parse().unwrap(),
            Some(("content-length:", rest)) => length = rest.parse().unwrap(),
            Some(("connection:", "close")) => open = false,
            Some(_) => {}
        }
    }
    std::io::copy(&mut (&mut stream).take(length), &mut std::io::sink()).unwrap();
    *kept = open.then_some(stream);
    status
}
