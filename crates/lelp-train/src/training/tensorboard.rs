//! `TensorBoard` event files: scalars by step.
//!
//! A file is a row of records: length (u64), masked CRC-32C of the length, an `Event` message, its masked
//! CRC-32C, all little-endian (`tensorflow/core/lib/io/record_writer.h`, `event.proto`, `summary.proto`).

use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use lelp_data::storage::{self, FileError, OutputFile};
use prost::Message;

/// Version of the format, which the first record of a file states.
const VERSION: &str = "brain.Event:2";

#[derive(Clone, PartialEq, Message)]
struct EventMessage {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<ScalarValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScalarValue {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// An event file that grows.
#[derive(Debug)]
pub(super) struct EventFile {
    file: OutputFile,
}

impl EventFile {
    /// A new file in `folder`, named so that `TensorBoard` finds it.
    pub(super) fn create(folder: &Path) -> Result<Self, FileError> {
        let seconds = now();
        let file = storage::create_unique(folder, &format!("events.out.tfevents.{seconds:.0}.lelp."))?;
        let mut events = Self { file };
        events.write(&EventMessage { file_version: Some(VERSION.to_owned()), ..message(0) })?;
        Ok(events)
    }

    /// Adds scalars at `step`.
    pub(super) fn scalars(
        &mut self,
        step: usize,
        values: impl Iterator<Item = (String, f64)>,
    ) -> Result<(), FileError> {
        let value =
            values.map(|(tag, value)| ScalarValue { tag, simple_value: Some(value as f32) }).collect();
        self.write(&EventMessage { summary: Some(Summary { value }), ..message(step) })
    }

    fn write(&mut self, event: &EventMessage) -> Result<(), FileError> {
        self.file.write_all(&record(&event.encode_to_vec())).map_err(|source| self.file.error(source))
    }
}

fn message(step: usize) -> EventMessage {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    EventMessage { wall_time: now(), step, file_version: None, summary: None }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut bytes = length.to_vec();
    bytes.extend(masked(crc32c::crc32c(&length)).to_le_bytes());
    bytes.extend(message);
    bytes.extend(masked(crc32c::crc32c(message)).to_le_bytes());
    bytes
}

/// Rotated and shifted, so that a checksum of data that holds checksums is still a good one.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records as `RecordWriter` of the `tensorboard` package writes them (2.21.0), with both checksums, wall time 0: the
    /// first of a file, and a scalar `loss` of 0.5 at step 7.
    #[test]
    fn records_have_the_bytes_of_tensorflow() {
        let event =
            |step, file_version, summary| EventMessage { wall_time: 0.0, step, file_version, summary };
        let first = event(0, Some(VERSION.into()), None);
        assert_eq!(
            record(&first.encode_to_vec()),
            b"\x0f\0\0\0\0\0\0\0\x6d\x53\x2b\x09\x1a\x0dbrain.Event:2\xfc\x98\x51\x29"
        );
        let value = vec![ScalarValue { tag: "loss".into(), simple_value: Some(0.5) }];
        let scalar = event(7, None, Some(Summary { value }));
        assert_eq!(
            record(&scalar.encode_to_vec()),
            b"\x11\0\0\0\0\0\0\0\x9d\x6d\xb5\x2e\x10\x07\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f\x70\x4d\xed\x7c"
        );
    }
}
