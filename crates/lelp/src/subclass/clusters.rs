//! Subclasses by clustering: each class's members in the null space of the head, soft membership by distance.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::blocks::Workers;
use crate::error::FitError;
use crate::linalg::dot;
use crate::subclass::evidence::Evidence;
use crate::subclass::head_space::HeadSource;
use crate::subclass::kmeans::{KmeansTask, kmeans, nearest};
use crate::subclass::linear::{LinearScores, ScoreColumn};
use crate::subclass::points::{Centres, Points};
use crate::subclass::tsne::{LEAST_ROWS, tsne};
use crate::subclass::ward::ward;
use crate::subspace::NullSpace;

/// How a class's members are clustered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Clustering {
    /// k-means: greedy k-means++ starts, Lloyd's iterations, the start with the least squares kept.
    Kmeans {
        /// Starts.
        starts: NonZeroUsize,
        /// Most iterations of a start; one ends when its squares fall by less than a millionth.
        iterations: NonZeroUsize,
    },
    /// Ward's agglomerative clustering, exact on the rows that take part.
    Agglomerative,
    /// t-SNE to two coordinates, then k-means of these (8 starts).
    TsneKmeans {
        /// Effective number of neighbours; at most a third of the rows.
        perplexity: f64,
    },
}

/// How subclasses are found by clustering.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Whether distances are taken in the null space of the head.
    pub null_space: bool,
    /// Most members of a class that take part in the fit. Of more, a sample is drawn by hash of seed and
    /// row; the others are assigned by their distances to the centres, as all rows are.
    pub sample: NonZeroUsize,
    /// Seed of starts and sample.
    pub seed: u64,
    /// The algorithm.
    pub clustering: Clustering,
}

/// Starts of the k-means behind t-SNE.
const TSNE_STARTS: usize = 8;
const TSNE_ITERATIONS: usize = 300;

const fn number(value: usize) -> NonZeroUsize {
    NonZeroUsize::new(value).expect("a constant above 0")
}

impl ClusterSettings {
    /// Eight clusters by k-means: 8 starts of at most 100 iterations, on at most 262144 members of a class
    /// (0.8 GB of width 768).
    #[must_use]
    pub fn kmeans() -> Self {
        let clustering = Clustering::Kmeans { starts: number(8), iterations: number(100) };
        Self { sample: number(1 << 18), ..Self::with(clustering) }
    }

    /// Eight clusters by Ward's method, on at most 4096 members of a class: the time goes with their
    /// square, and 4096 take 67 MB.
    #[must_use]
    pub fn agglomerative() -> Self {
        Self::with(Clustering::Agglomerative)
    }

    /// Eight clusters by t-SNE of perplexity 30 and k-means, on at most 4096 members of a class.
    #[must_use]
    pub fn tsne_kmeans() -> Self {
        Self::with(Clustering::TsneKmeans { perplexity: 30.0 })
    }

    fn with(clustering: Clustering) -> Self {
        Self { subclasses: number(8), null_space: true, sample: number(4096), seed: 0, clustering }
    }

    fn check(&self) -> Result<(), FitError> {
        match self.clustering {
            Clustering::TsneKmeans { perplexity: value } if !(value.is_finite() && value >= 1.0) => {
                Err(FitError::Perplexity { value })
            }
            _ => Ok(()),
        }
    }
}

/// What clustering found in one class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterReport {
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

impl ClusterReport {
    /// Members that took part in the fit.
    #[must_use]
    pub fn sampled(&self) -> u64 {
        self.sizes.iter().sum()
    }

    /// Share of the class's variance that lies between its clusters; 0 where there is none.
    #[must_use]
    pub fn variance_between(&self) -> f64 {
        let within: f64 = self.sizes.iter().zip(&self.variance).map(|(&size, v)| size as f64 * v).sum();
        let total = self.radius * self.sampled() as f64;
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
    pub(crate) settings: ClusterSettings,
    pub(crate) head: HeadSource,
    pub(crate) head_rank: usize,
    pub(crate) label_names: Option<Vec<String>>,
    pub(crate) scores: LinearScores,
    /// `[classes * per_class, width]`: centres less their class's mean, in the null space.
    pub(crate) centres: Vec<f32>,
    /// `[classes]`.
    pub(crate) reports: Vec<ClusterReport>,
}

impl ClusterFit {
    /// Clusters the members of each class.
    pub(crate) fn fit(
        evidence: &Evidence,
        space: &NullSpace,
        head: HeadSource,
        settings: &ClusterSettings,
        threads: NonZeroUsize,
    ) -> Result<Self, FitError> {
        settings.check()?;
        if space.dimensions() == 0 {
            return Err(FitError::TooNarrow { width: evidence.width(), rank: space.rank(), subclasses: 1 });
        }
        let workers = Workers::new(threads);
        let points = |class| -> Result<Points, FitError> {
            let mean = evidence.moments()?.mean(class);
            Ok(Points::new(evidence.members(class)?, mean, space, &workers))
        };
        let found = match settings.clustering {
            // k-means spreads the blocks of a class over threads, the others the classes.
            Clustering::Kmeans { .. } => {
                let one =
                    |class| points(class).and_then(|points| found(&points, space, settings, class, &workers));
                (0..evidence.classes()).map(one).collect::<Vec<_>>()
            }
            Clustering::Agglomerative | Clustering::TsneKmeans { .. } => {
                let mut all = Vec::new();
                let alone = Workers::new(NonZeroUsize::MIN);
                let one =
                    |class| points(class).and_then(|points| found(&points, space, settings, class, &alone));
                workers.in_order(evidence.classes(), one, |found| all.push(found));
                all
            }
        };
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        Self::assemble(evidence, space, head, settings, found)
    }

    fn assemble(
        evidence: &Evidence,
        space: &NullSpace,
        head: HeadSource,
        settings: &ClusterSettings,
        found: Vec<Found>,
    ) -> Result<Self, FitError> {
        let mut columns = Vec::new();
        for (class, found) in found.iter().enumerate() {
            let origin = evidence.moments()?.mean(class);
            let radius = found.report.radius;
            let inverse = if radius > 0.0 { 1.0 / radius } else { 0.0 };
            for centre in found.centres.chunks_exact(evidence.width()) {
                let direction = centre.iter().map(|q| 2.0 * q * inverse).collect();
                columns.push(ScoreColumn { direction, origin, constant: dot(centre, centre) * inverse });
            }
        }
        let scores = LinearScores::fold(evidence.width(), &columns);
        let centres = found.iter().flat_map(|found| found.centres.iter().map(|&q| q as f32)).collect();
        let counted =
            |(class, found): (usize, Found)| ClusterReport { members: evidence.count(class), ..found.report };
        Ok(Self {
            settings: *settings,
            head,
            head_rank: space.rank(),
            label_names: None,
            scores,
            centres,
            reports: found.into_iter().enumerate().map(counted).collect(),
        })
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.reports.len()
    }

    /// Subclasses of each class (S).
    #[must_use]
    pub fn per_class(&self) -> usize {
        self.settings.subclasses.get()
    }

    /// Columns of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.scores.width
    }

    /// The settings of the fit.
    #[must_use]
    pub fn settings(&self) -> &ClusterSettings {
        &self.settings
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
    pub fn reports(&self) -> &[ClusterReport] {
        &self.reports
    }
}

/// Clusters of one class.
struct Found {
    /// `[per_class, width]`, about the class mean.
    centres: Vec<f64>,
    report: ClusterReport,
}

fn found(
    points: &Points,
    space: &NullSpace,
    settings: &ClusterSettings,
    class: usize,
    workers: &Workers,
) -> Result<Found, FitError> {
    let clusters = settings.subclasses.get();
    let task = |starts, iterations| KmeansTask {
        clusters,
        starts,
        iterations,
        seed: settings.seed,
        class: class as u64,
    };
    let centres = match settings.clustering {
        Clustering::Kmeans { starts, iterations } => {
            kmeans(points, &task(starts.get(), iterations.get()), workers)
        }
        Clustering::Agglomerative => means(points, &ward(points, clusters, workers), clusters),
        Clustering::TsneKmeans { perplexity } => {
            let map = if points.rows() < LEAST_ROWS {
                Points::raw(points.values.clone(), points.width)
            } else {
                Points::raw(tsne(points, perplexity, settings.seed)?, 2)
            };
            let centres = kmeans(&map, &task(TSNE_STARTS, TSNE_ITERATIONS), workers);
            means(points, &labels(&map, &centres, workers).0, clusters)
        }
    };
    let centres: Vec<f64> =
        centres.chunks_exact(points.width).flat_map(|centre| space.keep(centre)).collect();
    let (labels, distances) = labels(points, &centres, workers);
    let mut report = ClusterReport {
        members: 0,
        sizes: vec![0; clusters],
        variance: vec![0.0; clusters],
        radius: points.mean_square(),
    };
    for (label, distance) in labels.into_iter().zip(distances) {
        report.sizes[label] += 1;
        report.variance[label] += f64::from(distance);
    }
    report.variance.iter_mut().zip(&report.sizes).for_each(|(v, &size)| *v /= size.max(1) as f64);
    Ok(Found { centres, report })
}

/// The nearest centre of each row and its squared distance.
pub(super) fn labels(points: &Points, centres: &[f64], workers: &Workers) -> (Vec<usize>, Vec<f32>) {
    let centres = Centres::new(centres, points.width);
    let (mut labels, mut squares) = (Vec::with_capacity(points.rows()), Vec::with_capacity(points.rows()));
    workers.in_order(
        points.blocks(),
        |block| points.distances(block, &centres),
        |distances| {
            for distances in distances.chunks_exact(centres.count()) {
                let label = nearest(distances);
                labels.push(label);
                squares.push(distances[label]);
            }
        },
    );
    (labels, squares)
}

/// The mean of the rows of each label, `[clusters, width]`.
fn means(points: &Points, labels: &[usize], clusters: usize) -> Vec<f64> {
    let width = points.width;
    let mut sums = vec![0.0_f64; clusters * width];
    let mut counts = vec![0_u64; clusters];
    for (row, &label) in labels.iter().enumerate() {
        counts[label] += 1;
        let sum = &mut sums[label * width..][..width];
        sum.iter_mut().zip(points.row(row)).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    for (sum, count) in sums.chunks_exact_mut(width).zip(counts) {
        for sum in sum.iter_mut() {
            *sum /= count.max(1) as f64;
        }
    }
    sums
}
