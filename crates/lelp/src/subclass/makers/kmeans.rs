//! Subclasses by k-means of the members of each class.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader};
use crate::blocks::Workers;
use crate::clustering::{KmeansTask, Points, kmeans};
use crate::error::FitError;
use crate::parameter::{Parameter, Values};
use crate::signals::Head;
use crate::subclass::cluster_fit::{
    BETA, ClusterFit, ClusterTask, DEFAULT_BETA, DEFAULT_SPLIT_WEIGHT, Parallel, SUBCLASSES,
};
use crate::subclass::head_space::NULL_SPACE;
use crate::subclass::maker::{SubclassFit, TargetMaker};
use crate::subclass::member_sample::SAMPLE;
use crate::subclass::requirements::{Requirements, SampleRequirement};
use crate::subclass::statistics::SplitStatistics;
use crate::subclass::target_settings::{Beta, SplitWeight};

const PARAMETERS: [Parameter; 5] = [
    SUBCLASSES,
    NULL_SPACE,
    SAMPLE,
    Parameter::new("starts", Values::Count, "starts of k-means, of which the best is kept"),
    Parameter::new(
        "iterations",
        Values::Count,
        "most iterations of a start; one ends when its squares fall by less than a millionth",
    ),
];

/// How members are clustered by k-means: greedy k-means++ starts, Lloyd's iterations, the start with the least squares
/// kept.
///
/// # Source
/// Lloyd 1982; Arthur and Vassilvitskii 2007; as a split in arXiv:2409.20449.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KmeansSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Whether distances are taken in the null space of the head.
    pub null_space: bool,
    /// Most members of a class that take part in the fit. Of more, a sample is drawn by hash of seed and
    /// row; the others are assigned by their distances to the centres, as all rows are.
    pub sample: NonZeroUsize,
    /// Starts.
    pub starts: NonZeroUsize,
    /// Most iterations of a start; one ends when its squares fall by less than a millionth.
    pub iterations: NonZeroUsize,
    /// Seed of starts and sample.
    pub seed: u64,
}

impl Default for KmeansSettings {
    /// Eight clusters: 8 starts of at most 100 iterations, on at most 262144 members of a class (0.8 GB of width 768).
    fn default() -> Self {
        const EIGHT: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");
        const SAMPLE_ROWS: NonZeroUsize = NonZeroUsize::new(1 << 18).expect("not zero");
        const ITERATIONS: NonZeroUsize = NonZeroUsize::new(100).expect("a hundred is not zero");
        Self {
            subclasses: EIGHT,
            null_space: true,
            sample: SAMPLE_ROWS,
            starts: EIGHT,
            iterations: ITERATIONS,
            seed: 0,
        }
    }
}

impl KmeansSettings {
    fn centres(&self, points: &Points, class: usize, workers: &Workers) -> Vec<f64> {
        let task = KmeansTask {
            clusters: self.subclasses.get(),
            starts: self.starts.get(),
            iterations: self.iterations.get(),
            seed: self.seed,
            class: class as u64,
        };
        kmeans(points, &task, workers)
    }
}

impl TargetMaker for KmeansSettings {
    fn name(&self) -> &'static str {
        "kmeans"
    }

    fn summary(&self) -> &'static str {
        "Clusters of the teacher's embeddings by k-means"
    }

    fn source(&self) -> &'static str {
        "Lloyd 1982; Arthur and Vassilvitskii 2007; as a split in arXiv:2409.20449"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    fn beta(&self) -> Parameter {
        BETA
    }

    fn default_beta(&self) -> Beta {
        DEFAULT_BETA
    }

    fn default_split_weight(&self) -> SplitWeight {
        DEFAULT_SPLIT_WEIGHT
    }

    fn requirements(&self) -> Requirements {
        let sample = SampleRequirement { rows: self.sample, seed: self.seed };
        Requirements { moments: true, sample: Some(sample), ..Requirements::default() }
    }

    fn subclasses(&self) -> Option<NonZeroUsize> {
        Some(self.subclasses)
    }

    fn fit(
        &self,
        statistics: &SplitStatistics,
        head: Option<&Head>,
        threads: NonZeroUsize,
    ) -> Result<Box<dyn SubclassFit>, FitError> {
        let task = ClusterTask {
            settings: self.clone().into(),
            subclasses: self.subclasses,
            null_space: self.null_space,
            parallel: Parallel::Rows,
        };
        let cluster = |points: &Points, class, workers: &Workers| Ok(self.centres(points, class, workers));
        Ok(Box::new(ClusterFit::fit(statistics, head, task, cluster, threads)?))
    }

    fn read(&self, artifact: &ArtifactReader<'_>) -> Result<Box<dyn SubclassFit>, ArtifactError> {
        Ok(Box::new(ClusterFit::read(self.clone().into(), self.subclasses, artifact)?))
    }
}
