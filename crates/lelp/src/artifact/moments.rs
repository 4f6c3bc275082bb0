//! Moments as bytes: what a shard of rows leaves for a fit of all of them.

use serde::{Deserialize, Serialize};

use crate::artifact::container::{ArtifactReader, OutgoingTensor, write};
use crate::artifact::error::ArtifactError;
use crate::error::ShapeError;
use crate::moments::{ClassMoments, Sums};

const KIND: &str = "lelp moments";

#[derive(Serialize, Deserialize)]
struct MomentsMetadata {
    width: usize,
    /// Members of each class, `[classes]`.
    counts: Vec<u64>,
}

impl ClassMoments {
    /// The bytes of a safetensors file; same moments, same bytes.
    ///
    /// With `columns = width + classes`: `mean` f64 `[classes, columns]`, `scatter` f64
    /// `[classes, columns (columns + 1) / 2]`, the lower triangle column after column.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (classes, columns) = (self.classes(), self.width() + self.classes());
        let sums = || (0..classes).map(|class| self.sums(class));
        let counts = sums().map(Sums::count).collect();
        let means: Vec<f64> = sums().flat_map(|sums| sums.mean().iter().copied()).collect();
        let scatters: Vec<f64> = sums().flat_map(|sums| sums.triangle().iter().copied()).collect();
        let own = MomentsMetadata { width: self.width(), counts };
        let tensors = vec![
            OutgoingTensor::double("mean", &[classes, columns], &means),
            OutgoingTensor::double("scatter", &[classes, Sums::triangle_len(columns)], &scatters),
        ];
        write(KIND, own, tensors)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`ArtifactError`] for any other bytes; no input panics, and none makes it allocate more than its size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let artifact = ArtifactReader::open(bytes, KIND)?;
        let MomentsMetadata { width, counts } = artifact.own()?;
        let classes = counts.len();
        ShapeError::check("classes of the moments", classes, classes.max(2))?;
        ShapeError::check("width of the moments", width, width.clamp(1, 1 << 24))?;
        let (columns, finite) = (width + classes, |x: f64| x.is_finite());
        let triangle = Sums::triangle_len(columns);
        let means = artifact.double("mean", &[classes, columns], finite)?;
        let scatters = artifact.double("scatter", &[classes, triangle], finite)?;
        let parts = means.chunks_exact(columns).zip(scatters.chunks_exact(triangle));
        let sums = counts
            .iter()
            .zip(parts)
            .map(|(&count, (mean, triangle))| Sums::of_parts(count, mean.to_vec(), triangle.to_vec()));
        Ok(Self::new(classes, width, sums.collect()))
    }
}
