//! A thread that answers for models that take their time.
//!
//! Nothing waits for a batch to fill: when the model is free, all that is waiting, up to [`BATCH`] texts, runs together.
//! Requests hold their share of the room for texts while they wait, which bounds the queue.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use lelp_data::Text;
use lelp_model::{PredictError, Predictor};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::owned_text::OwnedText;
use crate::rows::Rows;

/// Texts that run together at most. The engine cuts them into batches of like length.
const BATCH: usize = 256;

/// Rows that wait for their answers.
#[derive(Debug)]
struct Job {
    rows: Arc<Rows>,
    /// The room that the rows take, free again when they are answered.
    _room: Arc<OwnedSemaphorePermit>,
    /// Closed where the client has gone: its rows are not answered then.
    reply: oneshot::Sender<Result<Vec<f32>, PredictError>>,
}

/// The queue to the thread. When the model that holds it is dropped, the thread answers what is left and ends.
#[derive(Debug)]
pub(crate) struct Worker(Sender<Job>);

impl Worker {
    pub(crate) fn start(model: Arc<dyn Predictor>) -> io::Result<Self> {
        let (sender, receiver) = channel();
        thread::Builder::new()
            .name("lelp-answers".to_owned())
            .spawn(move || answer_all(model.as_ref(), &receiver))?;
        Ok(Self(sender))
    }

    /// Logits of the rows; `None` if the model panicked, which is a defect of ours.
    pub(crate) async fn logits(
        &self,
        rows: Arc<Rows>,
        room: Arc<OwnedSemaphorePermit>,
    ) -> Option<Result<Vec<f32>, PredictError>> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Job { rows, _room: room, reply }).ok()?;
        answer.await.ok()
    }
}

fn answer_all(model: &dyn Predictor, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut texts = first.rows.len();
        let mut jobs = vec![first];
        while texts < BATCH
            && let Ok(next) = queue.try_recv()
        {
            texts += next.rows.len();
            jobs.push(next);
        }
        jobs.retain(|job| !job.reply.is_closed());
        // Replies that a panic drops tell their requests so; the next ones are answered.
        let _ = catch_unwind(AssertUnwindSafe(|| answer(model, jobs)));
    }
}

/// Answers jobs of texts together, those of tables one by one.
fn answer(model: &dyn Predictor, jobs: Vec<Job>) {
    let classes = model.labels().len();
    let texts: Vec<Text<'_>> = jobs.iter().flat_map(|job| texts_of(&job.rows)).collect();
    let together =
        if jobs.len() > 1 && !texts.is_empty() { model.logits_of_texts(&texts).ok() } else { None };
    let mut start = 0;
    let mut answers = Vec::with_capacity(jobs.len());
    for job in &jobs {
        let length = texts_of(&job.rows).count() * classes;
        answers.push(match &together {
            Some(logits) if length > 0 => Ok(logits[start..start + length].to_vec()),
            // One text without tokens must not take the answers of others with it.
            _ => logits_of(model, &job.rows),
        });
        start += length;
    }
    for (job, answer) in jobs.into_iter().zip(answers) {
        // Whoever asked may be gone by now.
        let _ = job.reply.send(answer);
    }
}

fn texts_of(rows: &Rows) -> impl Iterator<Item = Text<'_>> {
    let texts = if let Rows::Texts(texts) = rows { texts.as_slice() } else { &[] };
    texts.iter().map(OwnedText::as_text)
}

/// Logits of the rows of one request.
pub(crate) fn logits_of(model: &dyn Predictor, rows: &Rows) -> Result<Vec<f32>, PredictError> {
    match rows {
        Rows::Texts(_) => model.logits_of_texts(&texts_of(rows).collect::<Vec<_>>()),
        Rows::Table(table) => model.logits(table),
    }
}
