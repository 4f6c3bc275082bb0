//! Rows in, scores out: room for all rows of a request at once, then the model.

use std::sync::Arc;

use lelp::{argmax, softmax};
use tokio::sync::OwnedSemaphorePermit;

use crate::admission::Call;
use crate::fallback::Fallback;
use crate::owned_text::OwnedText;
use crate::refusal::{Refusal, RefusalKind};
use crate::rows::Rows;

/// What the model says of the rows of a request.
pub(crate) struct Scores {
    classes: usize,
    /// `[rows, classes]`.
    logits: Vec<f32>,
}

impl Scores {
    /// Rows that were answered.
    pub(crate) fn rows(&self) -> usize {
        self.logits.len() / self.classes
    }

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
    /// Scores of texts, which are checked against the model and the limits; those that are too long are cut if `truncate` says
    /// so.
    pub(crate) async fn scores_of_texts(
        &self,
        texts: Vec<OwnedText>,
        truncate: bool,
    ) -> Result<Scores, Refusal> {
        // Before they are looked at one by one.
        self.check_count(texts.len())?;
        self.scores(Rows::of_texts(texts, truncate, &self.model.columns, &self.service.settings.limits)?)
            .await
    }

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
        let (rows, room) = (Arc::new(rows), Arc::new(room));
        let answered = self.model.answerer.logits(Arc::clone(&rows), Arc::clone(&room)).await;
        let defect = || Refusal::new(RefusalKind::Inference, "the model failed; its log says where");
        let mut scores = Scores { classes: self.model.labels().len(), logits: answered.ok_or_else(defect)?? };
        if let Some(fallback) = &self.model.fallback {
            self.ask_teacher(fallback, &mut scores, &rows, room).await?;
        }
        Ok(scores)
    }

    /// Puts the teacher's answers in the place of those that the model is not sure of. Where the teacher fails there is no
    /// answer: the model's own would not keep what was promised of the two.
    async fn ask_teacher(
        &self,
        fallback: &Fallback,
        scores: &mut Scores,
        rows: &Rows,
        room: Arc<OwnedSemaphorePermit>,
    ) -> Result<(), Refusal> {
        let places = fallback.doubtful(&scores.logits, scores.classes);
        if places.is_empty() {
            return Ok(());
        }
        let asked = fallback.ask(Arc::new(rows.select(&places)), room).await;
        self.service.metrics.fallback(places.len(), asked.is_ok());
        for (place, row) in places.into_iter().zip(asked?.chunks_exact(scores.classes)) {
            scores.logits[place * scores.classes..][..scores.classes].copy_from_slice(row);
        }
        Ok(())
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
}
