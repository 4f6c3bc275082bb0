//! Rows in, scores out: room for all rows of a request at once, then the model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lelp::{argmax, softmax};
use lelp_model::PredictError;

use crate::admission::Call;
use crate::refusal::{Refusal, RefusalKind};
use crate::rows::Rows;
use crate::worker::logits_of;

/// Requests of more rows than this run beside the threads that read requests, not on them.
const SHORT: usize = 64;

/// What the model says of the rows of a request.
pub(crate) struct Scores {
    classes: usize,
    /// `[rows, classes]`.
    logits: Vec<f32>,
}

impl Scores {
    pub(crate) fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// `[rows, classes]`.
    pub(crate) fn probabilities(&self) -> Vec<f32> {
        softmax(&self.logits, self.classes).expect("logits are whole rows")
    }

    /// The most probable class of each row.
    pub(crate) fn answers(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.logits.chunks_exact(self.classes).map(argmax)
    }
}

impl Call {
    /// Scores of the rows, which are counted against the limits.
    pub(crate) async fn scores(&self, rows: Rows) -> Result<Scores, Refusal> {
        let count = rows.len();
        self.check_count(count)?;
        let rows_of_request = u32::try_from(count).expect("the limit on texts is far below");
        let room = Arc::clone(&self.service.room).try_acquire_many_owned(rows_of_request).map_err(|_| {
            let (most, left) =
                (self.service.settings.limits.texts_in_flight, self.service.room.available_permits());
            let message =
                format!("there is room for {left} of {most} texts, but the request has {count}; try again");
            Refusal::new(RefusalKind::Overloaded, message)
        })?;
        self.service.metrics.texts(count);
        let answered = if let Some(worker) = &self.model.worker {
            worker.logits(rows, room).await
        } else {
            let answered = self.answer_here(&rows);
            drop(room);
            answered
        };
        let defect = || Refusal::new(RefusalKind::Inference, "the model failed; its log says where");
        Ok(Scores { classes: self.model.labels().len(), logits: answered.ok_or_else(defect)?? })
    }

    /// Refuses a request without rows, or with too many.
    pub(crate) fn check_count(&self, count: usize) -> Result<(), Refusal> {
        let most = self.service.settings.limits.texts;
        if count == 0 {
            return Err(Refusal::new(RefusalKind::Empty, "there are 0 texts; send at least 1"));
        }
        if count > most {
            let message =
                format!("there are {count} texts, but a request may have {most}; send them in parts");
            return Err(Refusal::new(RefusalKind::TooLarge, message));
        }
        Ok(())
    }

    /// Answers on this thread; `None` if the model panicked.
    fn answer_here(&self, rows: &Rows) -> Option<Result<Vec<f32>, PredictError>> {
        let answer =
            || catch_unwind(AssertUnwindSafe(|| logits_of(self.model.predictor.as_ref(), rows))).ok();
        if rows.len() > SHORT { tokio::task::block_in_place(answer) } else { answer() }
    }
}
