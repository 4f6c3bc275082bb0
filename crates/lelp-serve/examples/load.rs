//! Loads a service over HTTP and says how it bore it; the peer is `benches/serve_load.py`, which runs this program.
//!
//! ```text
//! cargo run --release -p lelp-serve --example load -- IP:PORT PATH BODIES SECONDS CONNECTIONS TEXTS
//! ```
//!
//! BODIES is a file of request bodies in JSON, one a line, which are sent in turns over CONNECTIONS connections that are kept open, each
//! request as soon as the one before is answered; each body has TEXTS texts. Prints one JSON object: answers of status 200,
//! others, requests without any, texts a second, and the median and 99th percentile of the milliseconds that a request took.
//!
//! It is small so that it takes little of the processor that it shares with the service.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde::Serialize;

/// What came of one connection, or of all.
#[derive(Debug, Default)]
struct Outcome {
    answered: usize,
    refused: usize,
    /// Requests that were sent, and whose connection was closed before a whole answer came.
    unanswered: usize,
    latencies: Vec<Duration>,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Figures {
    answered: usize,
    refused: usize,
    unanswered: usize,
    texts_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, bodies, seconds, connections, texts] = arguments.as_slice() else {
        return Err("usage: load IP:PORT PATH BODIES SECONDS CONNECTIONS TEXTS".into());
    };
    let (address, texts): (SocketAddr, usize) = (address.parse()?, texts.parse()?);
    let bodies = std::fs::read_to_string(bodies)?;
    let head = format!("POST {path} HTTP/1.1\r\nhost: load\r\ncontent-type: application/json\r\n");
    let requests: Vec<String> =
        bodies.lines().map(|body| format!("{head}content-length: {}\r\n\r\n{body}", body.len())).collect();
    let (start, length) = (Instant::now(), Duration::from_secs_f64(seconds.parse()?));
    let connections: usize = connections.parse()?;
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let ask = |first: usize| {
            let requests = &requests;
            // Each connection begins elsewhere, so that they do not ask the same at once.
            scope.spawn(move || load(address, requests.iter().cycle().skip(first * 17), start + length))
        };
        let threads: Vec<_> = (0..connections).map(ask).collect();
        threads.into_iter().map(|thread| thread.join().expect("a client does not panic")).collect()
    });
    let elapsed = start.elapsed().as_secs_f64();
    let mut all = Outcome::default();
    for outcome in outcomes {
        all.answered += outcome.answered;
        all.refused += outcome.refused;
        all.unanswered += outcome.unanswered;
        all.latencies.extend(outcome.latencies);
    }
    all.latencies.sort_unstable();
    let percentile = |hundredths: usize| {
        let place = all.latencies.len() * hundredths / 100;
        all.latencies.get(place).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    };
    let figures = Figures {
        answered: all.answered,
        refused: all.refused,
        unanswered: all.unanswered,
        texts_per_second: (all.answered * texts) as f64 / elapsed,
        p50_ms: percentile(50),
        p99_ms: percentile(99),
    };
    writeln!(io::stdout(), "{}", serde_json::to_string(&figures)?)?;
    Ok(())
}

/// Asks on one connection until `end`, or until the service closes it.
fn load<'a>(address: SocketAddr, requests: impl Iterator<Item = &'a String>, end: Instant) -> Outcome {
    let mut outcome = Outcome::default();
    let Ok(stream) = TcpStream::connect(address) else { return outcome };
    if stream.set_nodelay(true).is_err() {
        return outcome;
    }
    let mut reader = BufReader::new(&stream);
    for request in requests {
        let sent = Instant::now();
        if sent >= end || (&stream).write_all(request.as_bytes()).is_err() {
            break;
        }
        let Ok((status, closes)) = answer(&mut reader) else {
            outcome.unanswered += 1;
            break;
        };
        if status == 200 {
            outcome.answered += 1;
            outcome.latencies.push(sent.elapsed());
        } else {
            outcome.refused += 1;
        }
        if closes {
            break;
        }
    }
    outcome
}

/// Reads one answer to its end; gives its status, and whether it is the last of its connection.
fn answer(reader: &mut impl BufRead) -> io::Result<(u16, bool)> {
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let (mut line, mut status, mut length, mut closes) = (String::new(), None, 0_u64, false);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        } else if status.is_none() {
            status = header.split(' ').nth(1).and_then(|status| status.parse().ok());
        } else if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(|_| broken())?;
        } else if header == "connection: close" {
            closes = true;
        }
    }
    let read = io::copy(&mut reader.take(length), &mut io::sink())?;
    if read < length {
        Err(io::ErrorKind::UnexpectedEof.into())
    } else {
        Ok((status.ok_or_else(broken)?, closes))
    }
}
