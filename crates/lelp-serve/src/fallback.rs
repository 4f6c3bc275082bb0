//! Rows of which the student is not sure go to its teacher: a model of ours, or another service.

use std::path::Path;
use std::sync::Arc;

use lelp::softmax;
use lelp_model::{Calibration, CascadeChoice, CascadeTeacher, ClassOrder, LoadOptions, Pairs, Predictor};
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
    /// The teacher that the threshold was chosen for, where nothing says whether it is this one.
    pub(crate) unchecked: Option<String>,
}

#[derive(Debug)]
enum Target {
    /// A model, and its classes in the student's order.
    Model(Answerer, ClassOrder),
    Remote(Arc<RemoteTeacher>),
}

impl Fallback {
    /// The fallback of `student` in `folder`, which reads `pairs` or single texts.
    pub(crate) fn load(
        settings: &FallbackSettings,
        student: &dyn Predictor,
        folder: &Path,
        pairs: Pairs,
        options: LoadOptions,
    ) -> Result<Self, ServeError> {
        // Whoever names a threshold has chosen it for this teacher.
        let (threshold, chosen_for) = if let Some(threshold) = settings.threshold {
            (threshold, None)
        } else {
            let choice = chosen(folder)?;
            (choice.threshold, Some(choice.teacher))
        };
        let threshold = threshold as f32;
        let labels = student.labels();
        if is_url(&settings.teacher) {
            let (url, key) = (&settings.teacher, settings.api_key.clone());
            let target = Target::Remote(Arc::new(RemoteTeacher::new(url, key, labels.to_vec())));
            return Ok(Self { threshold, target, unchecked: chosen_for.map(|teacher| teacher.name) });
        }
        let place = Path::new(&settings.teacher);
        let answerer = Answerer::load(place, options)?;
        let teacher = answerer.predictor();
        let order = ClassOrder::of(labels, teacher.labels()).ok_or_else(|| ServeError::OtherClasses {
            student: labels.to_vec(),
            teacher: teacher.labels().to_vec(),
        })?;
        let reads = Pairs::of(place, teacher.schema())?;
        if !pairs.fits(reads) {
            let (student, teacher) = (pairs.describe(), reads.describe());
            return Err(ServeError::OtherTexts { student, teacher });
        }
        let unchecked = match chosen_for {
            Some(chosen) if chosen.hash.is_some() => {
                let given = CascadeTeacher::of(teacher, place)?;
                if chosen.differs_from(&given) {
                    return Err(ServeError::OtherTeacher { folder: folder.to_owned(), chosen, given });
                }
                None
            }
            chosen => chosen.map(|chosen| chosen.name),
        };
        Ok(Self { threshold, target: Target::Model(answerer, order), unchecked })
    }

    /// The least probability of the student's class at which it answers.
    pub(crate) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Whether it is a model of ours that runs an encoder.
    pub(crate) fn has_encoder(&self) -> bool {
        matches!(&self.target, Target::Model(answerer, _) if answerer.predictor().encoder().is_some())
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

/// What stands beside the student, chosen for the probabilities that it has now.
fn chosen(folder: &Path) -> Result<CascadeChoice, ServeError> {
    let choice = CascadeChoice::of(folder)?.ok_or_else(|| ServeError::NoThreshold(folder.to_owned()))?;
    let temperature = Calibration::of(folder)?.map(|calibration| calibration.temperature.get());
    if temperature != choice.temperature {
        return Err(ServeError::StaleThreshold(folder.to_owned()));
    }
    Ok(choice)
}
