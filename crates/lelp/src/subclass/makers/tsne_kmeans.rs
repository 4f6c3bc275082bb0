//! Subclasses by t-SNE of the members of each class to two coordinates, then k-means of these.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader};
use crate::blocks::Workers;
use crate::clustering::{
    KmeansTask, LEAST_ROWS, Perplexity, Points, kmeans, means_of_clusters, nearest_centres, tsne,
};
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

/// Starts of the k-means behind t-SNE, and most iterations of each.
const STARTS: usize = 8;
const ITERATIONS: usize = 300;

const PARAMETERS: [Parameter; 4] = [
    SUBCLASSES,
    NULL_SPACE,
    SAMPLE,
    Parameter::new("perplexity", Values::AtLeastOne, "effective number of neighbours of t-SNE"),
];

/// How members are clustered by t-SNE and k-means.
///
/// # Source
/// van der Maaten and Hinton 2008; as a split in arXiv:2409.20449.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TsneKmeansSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Whether distances are taken in the null space of the head.
    pub null_space: bool,
    /// Most members of a class that take part in the fit. Of more, a sample is drawn by hash of seed and
    /// row; the others are assigned by their distances to the centres, as all rows are.
    pub sample: NonZeroUsize,
    /// Effective number of neighbours; at most a third of the rows.
    pub perplexity: Perplexity,
    /// Seed of coordinates, starts and sample.
    pub seed: u64,
}

impl Default for TsneKmeansSettings {
    /// Eight clusters, perplexity 30, on at most 4096 members of a class.
    fn default() -> Self {
        const EIGHT: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");
        const SAMPLE_ROWS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
        let perplexity = Perplexity::default();
        Self { subclasses: EIGHT, null_space: true, sample: SAMPLE_ROWS, perplexity, seed: 0 }
    }
}

impl TsneKmeansSettings {
    fn centres(&self, points: &Points, class: usize, workers: &Workers) -> Result<Vec<f64>, FitError> {
        let clusters = self.subclasses.get();
        let map = if points.rows() < LEAST_ROWS {
            Points::raw(points.values.clone(), points.width)
        } else {
            Points::raw(tsne(points, self.perplexity, self.seed)?, 2)
        };
        let (seed, class) = (self.seed, class as u64);
        let task = KmeansTask { clusters, starts: STARTS, iterations: ITERATIONS, seed, class };
        let centres = kmeans(&map, &task, workers);
        Ok(means_of_clusters(points, &nearest_centres(&map, &centres, workers).0, clusters))
    }
}

impl TargetMaker for TsneKmeansSettings {
    fn name(&self) -> &'static str {
        "tsne-kmeans"
    }

    fn summary(&self) -> &'static str {
        "Clusters of the teacher's embeddings by t-SNE and k-means"
    }

    fn source(&self) -> &'static str {
        "van der Maaten and Hinton 2008; as a split in arXiv:2409.20449"
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
            parallel: Parallel::Classes,
        };
        let cluster = |points: &Points, class, workers: &Workers| self.centres(points, class, workers);
        Ok(Box::new(ClusterFit::fit(statistics, head, task, cluster, threads)?))
    }

    fn read(&self, artifact: &ArtifactReader<'_>) -> Result<Box<dyn SubclassFit>, ArtifactError> {
        Ok(Box::new(ClusterFit::read(self.clone().into(), self.subclasses, artifact)?))
    }
}
