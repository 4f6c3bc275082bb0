//! Rows of which the student is not sure go to its teacher: a model of ours, or another service.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use lelp::softmax;
use lelp_model::{Calibration, CascadeChoice, ClassOrder};
use tokio::sync::OwnedSemaphorePermit;

use crate::answerer::Answerer;
use crate::error::ServeError;
use crate::refusal::{Refusal, RefusalKind};
use crate::remote_teacher::RemoteTeacher;
use crate::rows::Rows;
use crate::settings::FallbackSettings;

/// Who is asked where the student is not sure.
#[derive(Debug)]
pub(crate) struct Fallback {
    /// The least probability of the student's class at which it answers.
    threshold: f32,
    target: Target,
}

#[derive(Debug)]
enum Target {
    /// A model, and its classes in the student's order.
    Model(Answerer, ClassOrder),
    Remote(Arc<RemoteTeacher>),
}

impl Fallback {
    /// The fallback of the student in `folder`, whose classes are `labels`.
    pub(crate) fn load(
        settings: &FallbackSettings,
        folder: &Path,
        labels: &[String],
        threads: NonZeroUsize,
    ) -> Result<Self, ServeError> {
        let threshold = match settings.threshold {
            Some(threshold) => threshold,
            None => chosen_threshold(folder)?,
        };
        let target = match &settings.teacher {
            teacher if is_url(teacher) => {
                let key = settings.api_key.clone();
                Target::Remote(Arc::new(RemoteTeacher::new(teacher, key, labels.to_vec())))
            }
            teacher => {
                let answerer = Answerer::load(Path::new(teacher), threads)?;
                let own = answerer.predictor().labels();
                let order = ClassOrder::of(labels, own).ok_or_else(|| ServeError::OtherClasses {
                    student: labels.to_vec(),
                    teacher: own.to_vec(),
                })?;
                Target::Model(answerer, order)
            }
        };
        Ok(Self { threshold: threshold as f32, target })
    }

    /// Places of the rows that the student is not sure enough of; `logits` `[rows, classes]`.
    pub(crate) fn doubtful(&self, logits: &[f32], classes: usize) -> Vec<usize> {
        let probabilities = softmax(logits, classes).expect("logits are whole rows");
        let sure = |row: &[f32]| row.iter().copied().fold(0.0, f32::max) >= self.threshold;
        let rows = probabilities.chunks_exact(classes).enumerate();
        rows.filter(|(_, row)| !sure(row)).map(|(place, _)| place).collect()
    }

    /// The teacher's logits of `rows`, its classes in the student's order.
    pub(crate) async fn ask(
        &self,
        rows: Arc<Rows>,
        room: Arc<OwnedSemaphorePermit>,
    ) -> Result<Vec<f32>, Refusal> {
        let defect = || Refusal::new(RefusalKind::Inference, "the teacher failed; its log says where");
        match &self.target {
            Target::Remote(remote) => {
                let remote = Arc::clone(remote);
                let asked = tokio::task::spawn_blocking(move || {
                    let _room = room;
                    remote.logits(&rows)
                });
                asked.await.map_err(|_| defect())?
            }
            Target::Model(answerer, order) => {
                Ok(order.apply(&answerer.logits(rows, room).await.ok_or_else(defect)??))
            }
        }
    }
}

fn is_url(teacher: &str) -> bool {
    teacher.starts_with("http://") || teacher.starts_with("https://")
}

/// The threshold that stands beside the student, chosen for the probabilities that it has now.
fn chosen_threshold(folder: &Path) -> Result<f64, ServeError> {
    let choice = CascadeChoice::of(folder)?.ok_or_else(|| ServeError::NoThreshold(folder.to_owned()))?;
    let temperature = Calibration::of(folder)?.map(|calibration| calibration.temperature.get());
    if temperature != choice.temperature {
        return Err(ServeError::StaleThreshold(folder.to_owned()));
    }
    Ok(choice.threshold)
}
