//! Rows of which the student is not sure go to its teacher: a model of ours, or another service.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use lelp::softmax;
use lelp_model::{Calibration, CascadeChoice, Predictor, load_model};
use tokio::sync::OwnedSemaphorePermit;

use crate::error::ServeError;
use crate::refusal::{Refusal, RefusalKind};
use crate::remote_teacher::RemoteTeacher;
use crate::rows::Rows;
use crate::settings::FallbackSettings;
use crate::worker::{Worker, logits_of};

/// Who is asked where the student is not sure.
#[derive(Debug)]
pub(crate) struct Fallback {
    /// The least probability of the student's class at which it answers.
    threshold: f32,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Model {
        predictor: Arc<dyn Predictor>,
        worker: Option<Worker>,
        /// For each class of the student, the teacher's.
        order: Vec<usize>,
    },
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
                let predictor: Arc<dyn Predictor> = load_model(Path::new(teacher), threads)?.into();
                let own = predictor.labels();
                let order: Option<Vec<usize>> =
                    labels.iter().map(|label| own.iter().position(|own| own == label)).collect();
                let order = order.filter(|order| order.len() == own.len()).ok_or_else(|| {
                    ServeError::OtherClasses { student: labels.to_vec(), teacher: own.to_vec() }
                })?;
                let queued = !predictor.answers_in_microseconds();
                let worker = queued.then(|| Worker::start(Arc::clone(&predictor))).transpose();
                Target::Model { worker: worker.map_err(ServeError::Thread)?, predictor, order }
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
            Target::Model { predictor, worker, order } => {
                let answered = match worker {
                    Some(worker) => worker.logits(rows, room).await,
                    None => Some(tokio::task::block_in_place(|| logits_of(predictor.as_ref(), &rows))),
                };
                let logits = answered.ok_or_else(defect)??;
                Ok(logits
                    .chunks_exact(order.len())
                    .flat_map(|row| order.iter().map(|&class| row[class]))
                    .collect())
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
