//! HTTP by hand, so that a test can send what no client would.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Sends requests, each on a connection of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is no JSON", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Client {
    pub(crate) fn connect(self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream
    }

    pub(crate) fn get(self, path: &str) -> Response {
        self.send("GET", path, "", b"")
    }

    /// Posts JSON.
    pub(crate) fn post(self, path: &str, body: &str) -> Response {
        self.send("POST", path, "content-type: application/json\r\n", body.as_bytes())
    }

    /// `headers` are whole lines.
    pub(crate) fn send(self, method: &str, path: &str, headers: &str, body: &[u8]) -> Response {
        let mut stream = self.connect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // Whoever refuses by the length alone closes before the body is sent.
        let _ = stream.write_all(body);
        read_response(&mut stream).unwrap()
    }
}

/// Reads until the connection is closed; `None` if nothing whole came.
pub(crate) fn read_response(stream: &mut impl Read) -> Option<Response> {
    let mut bytes = Vec::new();
    // A connection that is closed with data unread is reset; what came before counts.
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
    }
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let response = Response { status, head, body: bytes[end + 4..].to_vec() };
    let length = response.header("content-length")?.parse::<usize>().ok()?;
    (response.body.len() == length).then_some(response)
}
