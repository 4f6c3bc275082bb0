//! A split by clusters: each class's members in the null space of the head, soft membership by distance.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader, FitArtifact, OutgoingTensor};
use crate::blocks::Workers;
use crate::clustering::{Points, nearest_centres};
use crate::error::{FitError, ShapeError};
use crate::linalg::dot;
use crate::parameter::{Parameter, Search, Values};
use crate::signals::{Head, Signals};
use crate::subclass::fine_labels::FineLabels;
use crate::subclass::head_space::{HeadSource, check_members, null_space};
use crate::subclass::linear_scores::{LinearScores, ScoreColumn};
use crate::subclass::maker::{MakerSettings, SubclassFit};
use crate::subclass::report::{ClassReport, SplitReport};
use crate::subclass::statistics::SplitStatistics;
use crate::subclass::target_settings::{Beta, SplitWeight};
use crate::subspace::NullSpace;

/// The width of a split by clusters at which a prototype on short queries was best.
pub(super) const DEFAULT_BETA: Beta = Beta::known(0.2);

/// The best of .1, .3 and 1 in a prototype on short queries; `recipes/ablation-split-weight.toml` asks it of more data.
pub(super) const DEFAULT_SPLIT_WEIGHT: SplitWeight = SplitWeight::LIGHT;

/// The setting that every clustering has.
pub(super) const SUBCLASSES: Parameter =
    Parameter::new("subclasses", Values::Count, "clusters of each class (S)")
        .searched(Search::Choices(&[4.0, 8.0, 16.0, 32.0]));

/// The width of a split by clusters.
pub(super) const BETA: Parameter = Parameter::new(
    "beta",
    Values::Positive,
    "width of the split of a class, in its mean squared radius: small is sharp",
)
.searched(Search::LogRange { low: 0.05, high: 0.5 });

/// What is asked of a fit of clusters.
pub(super) struct ClusterTask {
    pub(super) settings: MakerSettings,
    pub(super) subclasses: NonZeroUsize,
    /// Whether distances are taken in the null space of the head.
    pub(super) null_space: bool,
    /// What is spread over threads.
    pub(super) parallel: Parallel,
}

/// What a clustering is spread over threads by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parallel {
    /// The rows of one class after the other.
    Rows,
    /// The classes, each in one thread.
    Classes,
}

/// What clustering found in one class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterFindings {
    /// Rows of the class.
    pub members: u64,
    /// Members in each cluster, of those that took part, `[per_class]`.
    pub sizes: Vec<u64>,
    /// Mean squared distance of a cluster's members to its centre, `[per_class]`, embedding units squared,
    /// in the null space; 0 for an empty cluster.
    pub variance: Vec<f64>,
    /// Mean squared distance of the members to the class mean, in the same space: the unit of the scores.
    pub radius: f64,
}

impl ClusterFindings {
    /// Members that took part in the fit.
    #[must_use]
    pub fn fitted_on(&self) -> u64 {
        self.sizes.iter().sum()
    }

    /// Share of the class's variance that lies between its clusters; 0 where there is none.
    #[must_use]
    pub fn variance_between(&self) -> f64 {
        let within: f64 = self.sizes.iter().zip(&self.variance).map(|(&size, v)| size as f64 * v).sum();
        let total = self.radius * self.fitted_on() as f64;
        if total > 0.0 { (1.0 - within / total).max(0.0) } else { 0.0 }
    }
}

/// Clusters of each class, folded into one matrix product.
///
/// The score of a cluster is minus the squared distance to its centre, in the null space, over the class's
/// mean squared radius there. The row's own squared length is the same for all clusters of a class and does
/// not change a softmax; without it the score is linear: `(2 (h - m)^T q - q^T q) / radius` with `m` the
/// class mean and `q` the centre less the mean.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterFit {
    settings: MakerSettings,
    per_class: usize,
    head: HeadSource,
    head_rank: usize,
    scores: LinearScores,
    /// `[classes * per_class, width]`: centres less their class's mean, in the null space.
    centres: Vec<f32>,
    /// `[classes]`.
    findings: Vec<ClusterFindings>,
}

impl ClusterFit {
    /// Clusters the members of each class by `cluster`, which gives centres `[per_class, width]` about the class mean.
    ///
    /// # Errors
    /// As the fit of directions, but for [`FitError::TooNarrow`], which says that the null space is empty; and the
    /// errors of `cluster`.
    pub(super) fn fit(
        statistics: &SplitStatistics,
        head: Option<&Head>,
        task: ClusterTask,
        cluster: impl Fn(&Points, usize, &Workers) -> Result<Vec<f64>, FitError> + Sync,
        threads: NonZeroUsize,
    ) -> Result<Self, FitError> {
        statistics.check(task.settings.requirements())?;
        let (moments, subclasses) = (statistics.moments()?, task.subclasses.get());
        check_members(moments, subclasses)?;
        let (space, head) = null_space(moments, head, task.null_space)?;
        if space.dimensions() == 0 {
            let (width, rank) = (statistics.width(), space.rank());
            return Err(FitError::TooNarrow { width, rank, subclasses: 1 });
        }
        let spread = Workers::new(threads);
        let find = |class: usize, workers: &Workers| -> Result<Found, FitError> {
            // Points are centred by all threads, or by the one that has the class.
            let points = Points::new(statistics.members(class)?, moments.mean(class), &space, &spread);
            let centres = cluster(&points, class, workers)?;
            Ok(Found::of(&points, &centres, &space, statistics.count(class), workers))
        };
        let found: Vec<Result<Found, FitError>> = match task.parallel {
            Parallel::Rows => (0..statistics.classes()).map(|class| find(class, &spread)).collect(),
            Parallel::Classes => {
                let mut all = Vec::new();
                let alone = Workers::new(NonZeroUsize::MIN);
                let classes = statistics.classes();
                spread.in_order(classes, |class| find(class, &alone), |found| all.push(found));
                all
            }
        };
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut columns = Vec::new();
        for (class, found) in found.iter().enumerate() {
            let radius = found.findings.radius;
            let inverse = if radius > 0.0 { 1.0 / radius } else { 0.0 };
            for centre in found.centres.chunks_exact(statistics.width()) {
                let direction = centre.iter().map(|q| 2.0 * q * inverse).collect();
                let constant = dot(centre, centre) * inverse;
                columns.push(ScoreColumn { direction, origin: moments.mean(class), constant });
            }
        }
        Ok(Self {
            settings: task.settings,
            per_class: subclasses,
            head,
            head_rank: space.rank(),
            scores: LinearScores::fold(statistics.width(), &columns),
            centres: found.iter().flat_map(|found| found.centres.iter().map(|&q| q as f32)).collect(),
            findings: found.into_iter().map(|found| found.findings).collect(),
        })
    }

    /// Columns of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.scores.width
    }

    /// Whose null space distances are taken in.
    #[must_use]
    pub fn head_source(&self) -> HeadSource {
        self.head
    }

    /// Centres less their class's mean, in the null space, `[classes * per_class, width]`.
    #[must_use]
    pub fn centres(&self) -> &[f32] {
        &self.centres
    }

    /// What was found in each class, `[classes]`.
    #[must_use]
    pub fn findings(&self) -> &[ClusterFindings] {
        &self.findings
    }
}

/// Clusters of one class.
struct Found {
    /// `[per_class, width]`, about the class mean, in the null space.
    centres: Vec<f64>,
    findings: ClusterFindings,
}

impl Found {
    fn of(points: &Points, centres: &[f64], space: &NullSpace, members: u64, workers: &Workers) -> Self {
        let centres: Vec<f64> =
            centres.chunks_exact(points.width).flat_map(|centre| space.keep(centre)).collect();
        let (labels, distances) = nearest_centres(points, &centres, workers);
        let clusters = centres.len() / points.width;
        let (mut sizes, mut variance) = (vec![0; clusters], vec![0.0; clusters]);
        for (label, distance) in labels.into_iter().zip(distances) {
            sizes[label] += 1;
            variance[label] += f64::from(distance);
        }
        variance.iter_mut().zip(&sizes).for_each(|(v, &size): (&mut f64, &u64)| *v /= size.max(1) as f64);
        let findings = ClusterFindings { members, sizes, variance, radius: points.mean_square() };
        Self { centres, findings }
    }
}

impl SubclassFit for ClusterFit {
    fn classes(&self) -> usize {
        self.findings.len()
    }

    fn per_class(&self) -> usize {
        self.per_class
    }

    fn settings(&self) -> &MakerSettings {
        &self.settings
    }

    fn check(&self, signals: &Signals, _fine: Option<FineLabels<'_>>) -> Result<(), FitError> {
        Ok(self.scores.check(signals)?)
    }

    fn write_scores(
        &self,
        signals: &Signals,
        _fine: Option<FineLabels<'_>>,
        first: usize,
        scores: &mut [f32],
    ) {
        self.scores.write(signals, first, scores);
    }

    fn report(&self) -> SplitReport {
        let of_class = |findings: &ClusterFindings| ClassReport {
            members: findings.members,
            fitted_on: Some(findings.fitted_on()),
            sizes: findings.sizes.clone(),
            variance: findings.variance.clone(),
            variance_kept: Some(findings.variance_between()),
            unit: Some(findings.radius),
            ..ClassReport::default()
        };
        SplitReport { head: Some(self.head), classes: self.findings.iter().map(of_class).collect() }
    }

    /// # Shapes
    /// `projection` f32 `[width, outputs]`, `offset` f32 `[outputs]`, `centres` f32 `[outputs, width]`,
    /// `variance` f64 `[classes, per_class]`, `radius` f64 `[classes]`, where `outputs` is `classes * per_class`.
    fn artifact(&self) -> FitArtifact {
        let (classes, per_class, width) = (self.classes(), self.per_class, self.width());
        let outputs = self.outputs();
        let metadata = Metadata {
            classes,
            per_class,
            width,
            head: self.head,
            head_rank: self.head_rank,
            members: self.findings.iter().map(|findings| findings.members).collect(),
            sizes: self.findings.iter().map(|findings| findings.sizes.clone()).collect(),
        };
        let variance: Vec<f64> =
            self.findings.iter().flat_map(|findings| findings.variance.clone()).collect();
        let radius: Vec<f64> = self.findings.iter().map(|findings| findings.radius).collect();
        let tensors = vec![
            OutgoingTensor::single("projection", &[width, outputs], &self.scores.projection),
            OutgoingTensor::single("offset", &[outputs], &self.scores.offset),
            OutgoingTensor::single("centres", &[outputs, width], &self.centres),
            OutgoingTensor::double("variance", &[classes, per_class], &variance),
            OutgoingTensor::double("radius", &[classes], &radius),
        ];
        FitArtifact::new(&metadata, tensors)
    }
}

/// What stands beside the tensors of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    classes: usize,
    per_class: usize,
    width: usize,
    head: HeadSource,
    head_rank: usize,
    members: Vec<u64>,
    /// `[classes][per_class]`.
    sizes: Vec<Vec<u64>>,
}

impl Metadata {
    /// Counts agree with each other; returns `classes * per_class`.
    fn check(&self, subclasses: NonZeroUsize) -> Result<usize, ShapeError> {
        ShapeError::check("subclasses of the metadata", self.per_class, subclasses.get())?;
        ShapeError::check("class counts of the metadata", self.members.len(), self.classes)?;
        ShapeError::check("classes with cluster sizes", self.sizes.len(), self.classes)?;
        for sizes in &self.sizes {
            ShapeError::check("cluster sizes of a class", sizes.len(), self.per_class)?;
        }
        let most = self.width.saturating_sub(1);
        ShapeError::check("rank of the head", self.head_rank, self.head_rank.min(most))?;
        ShapeError::check("classes of the metadata", self.classes, self.classes.max(2))?;
        Ok(self.classes.saturating_mul(self.per_class))
    }
}

impl ClusterFit {
    /// Reads what [`artifact`](SubclassFit::artifact) wrote.
    pub(super) fn read(
        settings: MakerSettings,
        subclasses: NonZeroUsize,
        artifact: &ArtifactReader<'_>,
    ) -> Result<Self, ArtifactError> {
        let own: Metadata = artifact.metadata()?;
        let outputs = own.check(subclasses)?;
        let (classes, per_class, width) = (own.classes, own.per_class, own.width);
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let projection = artifact.single("projection", &[width, outputs], f32::is_finite)?;
        let offset = artifact.single("offset", &[outputs], f32::is_finite)?;
        let centres = artifact.single("centres", &[outputs, width], f32::is_finite)?;
        let variance = artifact.double("variance", &[classes, per_class], not_negative)?;
        let radius = artifact.double("radius", &[classes], not_negative)?;
        let findings = own.members.into_iter().zip(own.sizes).zip(variance.chunks(per_class)).zip(radius);
        Ok(Self {
            settings,
            per_class,
            head: own.head,
            head_rank: own.head_rank,
            scores: LinearScores { width, projection, offset },
            centres,
            findings: findings
                .map(|(((members, sizes), variance), radius)| ClusterFindings {
                    members,
                    sizes,
                    variance: variance.to_vec(),
                    radius,
                })
                .collect(),
        })
    }
}
