//! Subclasses by Ward's agglomerative clustering of the members of each class.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader};
use crate::blocks::Workers;
use crate::clustering::{Points, means_of_clusters, ward};
use crate::error::FitError;
use crate::parameter::Parameter;
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

const PARAMETERS: [Parameter; 3] = [SUBCLASSES, NULL_SPACE, SAMPLE];

/// How members are clustered by Ward's method, exact on the rows that take part.
///
/// # Source
/// Ward 1963; as a split in arXiv:2409.20449.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgglomerativeSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Whether distances are taken in the null space of the head.
    pub null_space: bool,
    /// Most members of a class that take part in the fit. Of more, a sample is drawn by hash of seed and
    /// row; the others are assigned by their distances to the centres, as all rows are.
    pub sample: NonZeroUsize,
    /// Seed of the sample.
    pub seed: u64,
}

impl Default for AgglomerativeSettings {
    /// Eight clusters, on at most 4096 members of a class: the time goes with their square, and 4096 take 67 MB.
    fn default() -> Self {
        const EIGHT: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");
        const SAMPLE_ROWS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
        Self { subclasses: EIGHT, null_space: true, sample: SAMPLE_ROWS, seed: 0 }
    }
}

impl AgglomerativeSettings {
    fn centres(&self, points: &Points, workers: &Workers) -> Vec<f64> {
        let clusters = self.subclasses.get();
        means_of_clusters(points, &ward(points, clusters, workers), clusters)
    }
}

impl TargetMaker for AgglomerativeSettings {
    fn name(&self) -> &'static str {
        "agglomerative"
    }

    fn summary(&self) -> &'static str {
        "Clusters of the teacher's embeddings by Ward's method"
    }

    fn source(&self) -> &'static str {
        "Ward 1963; as a split in arXiv:2409.20449"
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
        let cluster = |points: &Points, _, workers: &Workers| Ok(self.centres(points, workers));
        Ok(Box::new(ClusterFit::fit(statistics, head, task, cluster, threads)?))
    }

    fn read(&self, artifact: &ArtifactReader<'_>) -> Result<Box<dyn SubclassFit>, ArtifactError> {
        Ok(Box::new(ClusterFit::read(self.clone().into(), self.subclasses, artifact)?))
    }
}
