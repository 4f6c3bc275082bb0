//! Arrow's own files and streams (`.arrow`, `.feather` of version 2, `datasets`' folders), a batch of rows at a time.
//!
//! A file is a stream between two marks, with a table of contents behind it; both are read from front to back, so that
//! files, pipes and what was cut off behind its last batch are read alike.

mod messages;

use std::collections::VecDeque;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{ArrowError, Schema};

use self::messages::{Message, Messages};
use super::budget::{ALWAYS_ALLOWED, Budget};
use super::{Format, Source, class_label, is_packed};
use crate::columns::{Columns, FileColumns, FileRows, Row};
use crate::error::{DataError, Location};
use crate::notices::NoticeLog;
use crate::table::cell;

pub(super) static ARROW: Format = Format {
    name: "arrow",
    summary: "Arrow files and streams, Feather; vectors are lists of one length",
    endings: &["arrow", "feather", "arrows", "ipc"],
    open: |source, path, columns, notices| {
        let rows = match source {
            Source::File(_) if is_packed(path) => {
                let what = "a packed Arrow file, whose values may be packed already: unpack it first";
                return Err(DataError::Foreign { file: path.to_owned(), what });
            }
            Source::File(file) => {
                let file = Source::binary_file(file, path, &ARROW)?;
                let read = |source| DataError::Read { file: path.to_owned(), source };
                let bytes = file.metadata().map_err(read)?.len();
                open(Box::new(BufReader::new(file)), bytes, path, columns, notices)
            }
            Source::Stream(stream) => open(stream, 0, path, columns, notices),
        }?;
        let class_names = columns.label.name().and_then(|label| rows.class_names(label));
        Ok(FileRows::new(rows.columns.columns(), rows).with_class_names(class_names))
    },
};

/// The rows of a file or stream; `bytes` are those of the file, 0 for a stream.
fn open(
    reader: Box<dyn Read + Send>,
    bytes: u64,
    path: &Path,
    columns: &Columns,
    notices: &NoticeLog,
) -> Result<ArrowRows, DataError> {
    let mut messages = Messages::open(reader, path)?;
    let first = messages.next()?.ok_or_else(|| messages.damaged("there is no schema"))?;
    let schema =
        guarded(&messages, || first.schema())?.ok_or_else(|| messages.damaged("there is no schema"))?;
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let columns = FileColumns::find(columns, &names, path, notices)?;
    let decoder = Decoder { messages, stream: StreamDecoder::new(), waiting: VecDeque::new() };
    let (open, budget) = (None, Budget::new(bytes, ALWAYS_ALLOWED));
    let mut rows = ArrowRows { decoder, columns, schema, open, row: 0, budget, path: path.to_owned() };
    rows.decoder.decode(first)?;
    Ok(rows)
}

/// Runs a step of the decoder, which panics on some damaged messages instead of returning an error.
fn guarded<T>(messages: &Messages, step: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, DataError> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(ArrowError::NotYetImplemented(what))) => Err(messages.damaged(&what)),
        Ok(Err(source)) => Err(messages.undecoded(source)),
        Err(_) => Err(messages.damaged("its parts do not fit together")),
    }
}

/// Messages, and the batches among them.
struct Decoder {
    messages: Messages,
    stream: StreamDecoder,
    waiting: VecDeque<RecordBatch>,
}

impl Decoder {
    /// The next batch, which begins with `row`; none at the end. What a message unpacks to is held against the budget before
    /// it is: many of its buffers may name the same bytes.
    fn next(&mut self, budget: &Budget, row: u64, path: &Path) -> Result<Option<RecordBatch>, DataError> {
        loop {
            if let Some(batch) = self.waiting.pop_front() {
                return Ok(Some(batch));
            }
            match self.messages.next()? {
                Some(message) => {
                    budget.check(message.growth(), row, path)?;
                    self.decode(message)?;
                }
                None => return Ok(None),
            }
        }
    }

    /// Decodes a message, and what the decoder had left of the one before.
    fn decode(&mut self, message: Message) -> Result<(), DataError> {
        let most_rows = message.most_rows();
        let mut bytes = message.into_buffer();
        while !bytes.is_empty() {
            let stream = &mut self.stream;
            let Some(batch) = guarded(&self.messages, || stream.decode(&mut bytes))? else { continue };
            let rows = batch.num_rows();
            if rows as u64 > most_rows {
                let what = format!("a batch says that it has {rows} rows, and has no values for them");
                return Err(self.messages.damaged(&what));
            }
            self.waiting.push_back(batch);
        }
        Ok(())
    }
}

struct ArrowRows {
    decoder: Decoder,
    columns: FileColumns,
    schema: Schema,
    /// The batch that rows are taken from, and the next of them.
    open: Option<(RecordBatch, usize)>,
    /// Rows so far.
    row: u64,
    budget: Budget,
    path: PathBuf,
}

impl ArrowRows {
    /// Names of the classes in the column `label`, where the file was written by `datasets` and has them.
    fn class_names(&self, label: &str) -> Option<Vec<String>> {
        class_label::names(self.schema.metadata().get(class_label::KEY)?, label)
    }

    fn row_of(&mut self, batch: &RecordBatch, place: usize) -> Result<Row, DataError> {
        let (row, path, budget) = (self.row, &self.path, &mut self.budget);
        self.columns.row(Location::Row(row), |_, column| {
            let cell = cell(batch.column(column), place);
            // A word of a dictionary is copied for each row that names it.
            budget.spend(cell.bytes(), row, path)?;
            Ok(cell)
        })
    }
}

impl Iterator for ArrowRows {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((batch, place)) = self.open.take()
                && place < batch.num_rows()
            {
                let row = self.row_of(&batch, place);
                self.row += 1;
                self.open = Some((batch, place + 1));
                return Some(row);
            }
            match self.decoder.next(&self.budget, self.row, &self.path) {
                Ok(Some(batch)) => self.open = Some((batch, 0)),
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
