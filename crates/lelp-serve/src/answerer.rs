//! A model that answers: in place where that takes microseconds, else on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use lelp_model::encoder::EncoderPrecision;
use lelp_model::{LoadOptions, ModelFolderError, PredictError, Predictor, load_model};
use tokio::sync::OwnedSemaphorePermit;

use crate::error::ServeError;
use crate::rows::Rows;
use crate::worker::{Worker, logits_of};

/// Requests of more rows than this run beside the threads that read requests, not on them.
const SHORT: usize = 64;

/// A model that answers.
#[derive(Debug)]
pub(crate) struct Answerer {
    predictor: Arc<dyn Predictor>,
    /// The thread that answers, for models whose answers take more than microseconds.
    worker: Option<Worker>,
}

impl Answerer {
    /// Loads the model in `folder`, in f32 where it has no encoder to run in another precision; blocks.
    pub(crate) fn load(folder: &Path, options: LoadOptions) -> Result<Self, ServeError> {
        let loaded = match load_model(folder, options) {
            Err(ModelFolderError::NoEncoder { .. }) => {
                load_model(folder, LoadOptions { precision: EncoderPrecision::F32, ..options })
            }
            loaded => loaded,
        };
        let predictor: Arc<dyn Predictor> = loaded?.into();
        let queued = !predictor.answers_in_microseconds();
        let worker = queued.then(|| Worker::start(Arc::clone(&predictor))).transpose();
        Ok(Self { worker: worker.map_err(ServeError::Thread)?, predictor })
    }

    pub(crate) fn predictor(&self) -> &dyn Predictor {
        self.predictor.as_ref()
    }

    /// Logits of the rows, which take `room` until they are there; `None` if the model panicked, which is a defect of ours.
    pub(crate) async fn logits(
        &self,
        rows: Arc<Rows>,
        room: Arc<OwnedSemaphorePermit>,
    ) -> Option<Result<Vec<f32>, PredictError>> {
        if let Some(worker) = &self.worker {
            return worker.logits(rows, room).await;
        }
        let answer = || catch_unwind(AssertUnwindSafe(|| logits_of(self.predictor.as_ref(), &rows))).ok();
        if rows.len() > SHORT { tokio::task::block_in_place(answer) } else { answer() }
    }
}
