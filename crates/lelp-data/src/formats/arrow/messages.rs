//! The messages of a stream, each whole in memory, with sizes that its bytes can bear.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::{MessageHeader, RecordBatch, root_as_message};
use arrow_schema::{ArrowError, Schema};

use crate::error::DataError;

/// How a file begins, and where its stream does.
const MAGIC: &[u8; 6] = b"ARROW1";
const MAGIC_AND_PADDING: usize = 8;
/// How the first version of Feather begins, which is another format.
const FEATHER_1: &[u8; 4] = b"FEA1";
/// Before the size of each message, since version 0.15.
const CONTINUATION: [u8; 4] = [0xFF; 4];

/// A packed buffer may say that it unpacks to this many bytes, whatever its own size ...
const ALWAYS_ALLOWED: u64 = 16 << 20;
/// ... or to this many times its size; LZ4 packs to a 255th at most.
const MOST_GROWTH: u64 = 1000;
/// Descriptions are some bytes a column.
const MOST_DESCRIPTION: u64 = 64 << 20;

/// The messages that are left of a stream.
pub(super) struct Messages {
    reader: Box<dyn Read + Send>,
    path: PathBuf,
    /// What was read to see what it is, and belongs to the first message.
    start: Vec<u8>,
    /// Whether the end was met: behind it a file has its table of contents.
    ended: bool,
}

/// A message as it stands in the stream.
pub(super) struct Message {
    bytes: Vec<u8>,
    /// Where its description lies in them.
    description: Range<usize>,
    /// Bytes of values, unpacked.
    unpacked: u64,
}

impl Messages {
    /// Passes over the mark of a file.
    pub(super) fn open(mut reader: Box<dyn Read + Send>, path: &Path) -> Result<Self, DataError> {
        let mut start = Vec::new();
        let read = |source| DataError::Read { file: path.to_owned(), source };
        (&mut reader).take(MAGIC_AND_PADDING as u64).read_to_end(&mut start).map_err(read)?;
        if start.is_empty() {
            return Err(DataError::Empty { file: path.to_owned() });
        }
        if start.starts_with(FEATHER_1) {
            let what = "Feather of version 1: write version 2";
            return Err(DataError::Foreign { file: path.to_owned(), what });
        }
        if start.starts_with(MAGIC) {
            start.clear();
        }
        Ok(Self { reader, path: path.to_owned(), start, ended: false })
    }

    /// The next message; none at the end of the stream.
    pub(super) fn next(&mut self) -> Result<Option<Message>, DataError> {
        let mut bytes = Vec::new();
        if self.ended {
            return Ok(None);
        }
        let Some(mut size) = self.word(&mut bytes)? else { return Ok(None) };
        if size == CONTINUATION {
            size = self.word(&mut bytes)?.ok_or_else(|| self.cut_off())?;
        }
        let size = u64::from(u32::from_le_bytes(size));
        if size == 0 {
            self.ended = true;
            return Ok(None);
        }
        if size > MOST_DESCRIPTION {
            return Err(self.damaged(&format!("a description says that it has {size} bytes")));
        }
        let start = bytes.len();
        self.take(size, &mut bytes)?;
        let message = root_as_message(&bytes[start..]).map_err(|error| self.damaged(&error.to_string()))?;
        let body =
            u64::try_from(message.bodyLength()).map_err(|_| self.damaged("a body has less than no bytes"))?;
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => {
                message.header_as_dictionary_batch().and_then(|words| words.data())
            }
            _ => None,
        };
        let packed = batch.is_some_and(|batch| batch.compression().is_some());
        let places: Vec<(i64, i64)> = batch.map(places).unwrap_or_default();
        let description = start..bytes.len();
        self.take(body, &mut bytes)?;
        let unpacked = if packed { self.unpacked(&bytes[description.end..], &places)? } else { body };
        Ok(Some(Message { bytes, description, unpacked }))
    }

    /// Bytes that the packed buffers of a body say they unpack to.
    fn unpacked(&self, body: &[u8], places: &[(i64, i64)]) -> Result<u64, DataError> {
        let mut all = 0_u64;
        for &(start, length) in places {
            let range = usize::try_from(start).ok().zip(usize::try_from(length).ok());
            let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
            let buffer = range.and_then(|range| body.get(range));
            let buffer = buffer.ok_or_else(|| self.damaged("a buffer lies outside of its message"))?;
            // The size stands before the packed bytes; -1 says that they are not packed.
            let Some((size, packed)) = buffer.split_first_chunk() else { continue };
            let claimed = u64::try_from(i64::from_le_bytes(*size)).unwrap_or(packed.len() as u64);
            if claimed > ALWAYS_ALLOWED.max(MOST_GROWTH.saturating_mul(packed.len() as u64)) {
                let (found, packed) = (claimed, packed.len());
                return Err(self.damaged(&format!("{packed} packed bytes say that they unpack to {found}")));
            }
            all = all.saturating_add(claimed);
        }
        Ok(all)
    }

    /// Four bytes; none where the stream ends before them.
    fn word(&mut self, bytes: &mut Vec<u8>) -> Result<Option<[u8; 4]>, DataError> {
        let start = bytes.len();
        self.read(4, bytes)?;
        match bytes[start..].try_into() {
            Ok(word) => Ok(Some(word)),
            Err(_) if bytes.is_empty() => Ok(None),
            Err(_) => Err(self.cut_off()),
        }
    }

    /// So many bytes, all of them; memory grows with what is there, not with what is said.
    fn take(&mut self, count: u64, bytes: &mut Vec<u8>) -> Result<(), DataError> {
        let before = bytes.len() as u64;
        self.read(count, bytes)?;
        if bytes.len() as u64 - before == count { Ok(()) } else { Err(self.cut_off()) }
    }

    fn read(&mut self, count: u64, bytes: &mut Vec<u8>) -> Result<(), DataError> {
        let first = self.start.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        bytes.extend(self.start.drain(..first));
        let left = count - first as u64;
        let read = (&mut self.reader).take(left).read_to_end(bytes);
        read.map(|_| ()).map_err(|source| DataError::Read { file: self.path.clone(), source })
    }

    fn cut_off(&self) -> DataError {
        self.damaged("it ends in the middle of a message")
    }

    pub(super) fn undecoded(&self, source: ArrowError) -> DataError {
        DataError::Arrow { file: self.path.clone(), source }
    }

    pub(super) fn damaged(&self, what: &str) -> DataError {
        DataError::ArrowDamaged { file: self.path.clone(), what: what.to_owned() }
    }
}

/// Where the buffers of a batch lie in its body: start and length.
fn places(batch: RecordBatch<'_>) -> Vec<(i64, i64)> {
    let buffers = batch.buffers();
    buffers.into_iter().flatten().map(|buffer| (buffer.offset(), buffer.length())).collect()
}

impl Message {
    /// The schema that it is; none where it is something else.
    pub(super) fn schema(&self) -> Result<Option<Schema>, ArrowError> {
        let message = root_as_message(&self.bytes[self.description.clone()]);
        let message = message.map_err(|error| ArrowError::ParseError(error.to_string()))?;
        message.header_as_schema().map(try_fb_to_schema).transpose()
    }

    /// Rows that its values can be: at least a bit each.
    pub(super) fn most_rows(&self) -> u64 {
        self.unpacked.saturating_mul(8)
    }

    /// Bytes that its values take beyond those that are read.
    pub(super) fn growth(&self) -> u64 {
        self.unpacked.saturating_sub(self.bytes.len() as u64)
    }

    pub(super) fn into_buffer(self) -> Buffer {
        Buffer::from_vec(self.bytes)
    }
}
