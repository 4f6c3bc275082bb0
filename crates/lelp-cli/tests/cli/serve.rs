//! `lelp serve` as a program: its start, its log, its signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::support::{Workspace, classifier};

/// `lelp serve` on a free port.
pub(crate) struct Serving {
    child: Child,
    /// None where nobody reads it.
    log: Option<BufReader<ChildStderr>>,
    address: String,
}

impl Serving {
    /// Starts it with `flags`, and waits until it listens.
    pub(crate) fn start(work: &Workspace, flags: &str) -> Self {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("lelp"));
        command.args(["serve", "--address", "127.0.0.1:0"]).args(flags.split_whitespace());
        command.current_dir(work.path("")).stderr(Stdio::piped()).stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let listening = next_event(&mut log, "listening");
        let address = listening["address"].as_str().unwrap().to_owned();
        Self { child, log: Some(log), address }
    }

    /// Passes over the log from here on: nobody reads it, and a pipe that is full would stop the service.
    pub(crate) fn without_log(mut self) -> Self {
        let mut log = self.log.take();
        std::thread::spawn(move || log.as_mut().map(|log| std::io::copy(log, &mut std::io::sink())));
        self
    }

    fn event(&mut self, event: &str) -> Value {
        next_event(self.log.as_mut().unwrap(), event)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Posts `body` and gives status line and body.
    pub(crate) fn post(&self, path: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next line of the log about `event`; others are passed over, each of which is JSON too.
fn next_event(log: &mut impl BufRead, event: &str) -> Value {
    let mut passed = String::new();
    for line in log.lines() {
        let text = line.unwrap();
        let line: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
        if line["event"] == event {
            return line;
        }
        passed += &(text + "\n");
    }
    panic!("no `{event}` among\n{passed}")
}

#[cfg(unix)]
#[test]
fn a_service_reloads_on_sighup_and_ends_well_on_sigterm() {
    let work = Workspace::new();
    let model = classifier().display().to_string();
    let mut serving = Serving::start(&work, &format!("--model {model} --name roberta"));
    let (status, body) = serving.post("/predict", r#"{"inputs": "a text"}"#);
    assert!(status.contains("200") && body.contains("good"), "{status} {body}");
    let request = serving.event("request");
    assert_eq!(
        (&request["path"], &request["status"], &request["texts"]),
        (&"/predict".into(), &200.into(), &1.into())
    );
    serving.signal("-HUP");
    assert_eq!(serving.event("reloaded")["labels"], 2);
    assert!(serving.post("/v2/models/roberta/infer", "{}").0.contains("400"));
    serving.signal("-TERM");
    assert_eq!(serving.event("stopped")["all_answered"], true);
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn a_service_that_cannot_start_says_why() {
    let work = Workspace::new();
    let model = classifier().display().to_string();
    let serving = Serving::start(&work, &format!("--model {model}"));
    let taken = work.fails(&format!("serve --model {model} --address {}", serving.address), 1);
    assert!(taken.contains("cannot listen on") && taken.contains("--address"), "{taken}");
    assert!(work.fails("serve --model nowhere", 1).contains("there is no folder `nowhere`"));
    work.write("key.txt", "two\nlines\n");
    let key = work.fails(&format!("serve --model {model} --api-key-file key.txt"), 1);
    assert!(key.contains("`key.txt` is not one line"), "{key}");
    let limits = work.fails(&format!("serve --model {model} --max-texts 10 --max-texts-in-flight 9"), 1);
    assert!(limits.contains("10 texts") && limits.contains("--max-texts-in-flight"), "{limits}");
    work.fails(&format!("serve --model {model} --body-timeout 0"), 2);
    work.fails(&format!("serve --model {model} --tls-key key.txt"), 2);
}
