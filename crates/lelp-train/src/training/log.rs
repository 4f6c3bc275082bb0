//! What a training leaves behind while it runs: `metrics.jsonl`, and `TensorBoard` events on request.

use std::path::{Path, PathBuf};

use lelp_data::storage::{self, FileError};

use super::record::{EpochRecord, Event};
use super::tensorboard::EventFile;

/// Batches between two points of a curve.
const EVERY: usize = 10;

/// Writes down the events of a training.
#[derive(Debug)]
pub struct TrainingLog {
    metrics: PathBuf,
    events: Option<EventFile>,
    batches: usize,
    /// Rows that training has gone over.
    rows: usize,
    /// The first thing that could not be written; after it nothing more is.
    failed: Result<(), FileError>,
}

impl TrainingLog {
    /// A log in `folder`, which is made with the first epoch; `tensorboard` is the folder of an event file, where
    /// one is wanted.
    pub fn new(folder: &Path, tensorboard: Option<&Path>) -> Result<Self, FileError> {
        let events = tensorboard.map(EventFile::create).transpose()?;
        Ok(Self { metrics: folder.join("metrics.jsonl"), events, batches: 0, rows: 0, failed: Ok(()) })
    }

    /// Takes in an event: a line of `metrics.jsonl` for each epoch, points of the curves for `TensorBoard`.
    ///
    /// What cannot be written does not stop the training: [`finish`](Self::finish) tells of it.
    pub fn event(&mut self, event: &Event<'_>) {
        if self.failed.is_ok() {
            self.failed = self.write(event);
        }
    }

    /// Whether everything was written.
    pub fn finish(self) -> Result<(), FileError> {
        self.failed
    }

    fn write(&mut self, event: &Event<'_>) -> Result<(), FileError> {
        match event {
            Event::Resumed { .. } => Ok(()),
            Event::Batch { epoch, done, rows, learning_rate, terms, sums } => {
                self.batches += 1;
                self.rows = (epoch - 1) * rows + done;
                let Some(events) = self.events.as_mut().filter(|_| self.batches.is_multiple_of(EVERY)) else {
                    return Ok(());
                };
                let means = terms.iter().zip(*sums).map(|(term, sum)| (format!("train/{term}"), sum.mean()));
                let rate = ("train/learning_rate".to_owned(), f64::from(*learning_rate));
                events.scalars(self.rows, means.chain([rate]))
            }
            Event::Epoch(record) => self.epoch(record),
        }
    }

    fn epoch(&mut self, record: &EpochRecord) -> Result<(), FileError> {
        if let (Some(events), Some(validation)) = (&mut self.events, record.validation) {
            let scores = [
                (format!("validation/{}", validation.metric.name()), validation.value),
                ("validation/negative_log_likelihood".to_owned(), validation.negative_log_likelihood),
            ];
            events.scalars(self.rows, scores.into_iter())?;
        }
        // Epochs before this one may be of an earlier run of this training; later ones are of another.
        let old = std::fs::read_to_string(&self.metrics).unwrap_or_default();
        let mut lines: Vec<String> = old.lines().take(record.epoch - 1).map(str::to_owned).collect();
        if let Some(folder) = self.metrics.parent() {
            storage::create_folder(folder)?;
        }
        lines.push(record.line());
        storage::write(&self.metrics, (lines.join("\n") + "\n").as_bytes())
    }
}
