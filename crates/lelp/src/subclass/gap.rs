//! Whether classes fall into clusters at all: the variance between clusters, against what chance puts there.

use std::num::NonZeroUsize;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::blocks::Workers;
use crate::error::FitError;
use crate::linalg::product_transposed;
use crate::rotation::{Rotation, gaussian};
use crate::signals::Head;
use crate::subclass::clusters::labels;
use crate::subclass::directions::ClassDirections;
use crate::subclass::evidence::Evidence;
use crate::subclass::head_space::{check_members, null_space};
use crate::subclass::kmeans::{KmeansTask, kmeans};
use crate::subclass::lelp::LelpSettings;
use crate::subclass::points::Points;
use crate::subspace::NullSpace;

/// Principal directions of a class that clusters are looked for along.
const DIRECTIONS: usize = 32;

/// How hard k-means tries, on members and on the cloud alike.
const STARTS: usize = 4;
const ITERATIONS: usize = 50;

/// How much of the classes' variance lies between clusters, and how much would in a cloud without clusters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterGap {
    /// Clusters of each class.
    pub clusters: usize,
    /// Share of a class's variance that lies between its clusters, 0 to 1: the mean over members.
    pub between: f64,
    /// The same of as many points of a normal distribution with the class's covariance.
    pub by_chance: f64,
}

impl ClusterGap {
    /// What clusters hold beyond chance: near 0 where a class is of one piece.
    #[must_use]
    pub fn gap(&self) -> f64 {
        self.between - self.by_chance
    }
}

/// The gap of every number of `clusters`, in evidence gathered for k-means.
///
/// Members are seen along the first 32 principal directions of their class in the null space of the head. Both they and
/// the cloud are clustered by k-means, 4 starts each. The same bytes with any number of threads.
///
/// # Errors
/// Those of a fit of one cluster a class.
///
/// # Source
/// The gap statistic of Tibshirani, Walther and Hastie 2001, here in shares of the variance rather than logarithms, and
/// with one normal cloud as the reference in place of several uniform boxes.
pub fn cluster_gaps(
    evidence: &Evidence,
    head: Option<&Head>,
    clusters: &[NonZeroUsize],
    seed: u64,
    threads: NonZeroUsize,
) -> Result<Vec<ClusterGap>, FitError> {
    check_members(evidence.moments()?, 1)?;
    let (space, _) = null_space(evidence.moments()?, head, true)?;
    if space.dimensions() == 0 {
        return Err(FitError::TooNarrow { width: evidence.width(), rank: space.rank(), subclasses: 1 });
    }
    let workers = Workers::new(threads);
    let rows: u64 = (0..evidence.classes()).map(|class| evidence.count(class)).sum();
    let mut gaps: Vec<ClusterGap> = clusters
        .iter()
        .map(|clusters| ClusterGap { clusters: clusters.get(), between: 0.0, by_chance: 0.0 })
        .collect();
    for class in 0..evidence.classes() {
        let members = along_principal(evidence, class, &space, &workers)?;
        let cloud = cloud_like(&members, seed, class);
        let share = evidence.count(class) as f64 / rows as f64;
        for gap in &mut gaps {
            let task = KmeansTask {
                clusters: gap.clusters,
                starts: STARTS,
                iterations: ITERATIONS,
                seed,
                class: class as u64,
            };
            gap.between += share * between(&members, &task, &workers);
            gap.by_chance += share * between(&cloud, &task, &workers);
        }
    }
    Ok(gaps)
}

/// Coordinates of a class's members along its principal directions, about their mean.
fn along_principal(
    evidence: &Evidence,
    class: usize,
    space: &NullSpace,
    workers: &Workers,
) -> Result<Points, FitError> {
    let moments = evidence.moments()?;
    let width = space.dimensions().min(DIRECTIONS);
    let subclasses = NonZeroUsize::new(width).expect("a null space of no dimension was refused");
    let settings = LelpSettings { subclasses, rotation: Rotation::None, ..LelpSettings::default() };
    let principal = ClassDirections::find(moments, class, space, &settings)?.directions;
    let principal: Vec<f32> = principal.into_iter().flatten().map(|x| x as f32).collect();
    let members = Points::new(evidence.members(class)?, moments.mean(class), space, workers);
    let mut coordinates = vec![0.0; members.rows() * width];
    product_transposed(&members.values, &principal, members.width, &mut coordinates);
    centre(&mut coordinates, width);
    Ok(Points::raw(coordinates, width))
}

/// As many points of a normal distribution, with the variance of each column.
fn cloud_like(points: &Points, seed: u64, class: usize) -> Points {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    random.set_stream(class as u64);
    let rows = points.rows().max(1) as f64;
    let deviation = |column: usize| {
        let values = points.values.iter().skip(column).step_by(points.width);
        (values.map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / rows).sqrt()
    };
    let deviations: Vec<f64> = (0..points.width).map(deviation).collect();
    let row = |_| deviations.iter().map(|d| (d * gaussian(&mut random)) as f32).collect::<Vec<_>>();
    let mut values: Vec<f32> = (0..points.rows()).flat_map(row).collect();
    centre(&mut values, points.width);
    Points::raw(values, points.width)
}

/// Moves the mean of the rows to 0.
fn centre(values: &mut [f32], width: usize) {
    let rows = values.len() / width;
    for column in 0..width {
        let sum: f64 = values.iter().skip(column).step_by(width).map(|&x| f64::from(x)).sum();
        let mean = (sum / rows.max(1) as f64) as f32;
        values.iter_mut().skip(column).step_by(width).for_each(|x| *x -= mean);
    }
}

/// Share of the variance of centred points that lies between the clusters of k-means; 0 where there is none.
fn between(points: &Points, task: &KmeansTask, workers: &Workers) -> f64 {
    let total: f64 = points.squares.iter().sum();
    if total == 0.0 {
        return 0.0;
    }
    let (_, within) = labels(points, &kmeans(points, task, workers), workers);
    1.0 - within.into_iter().map(f64::from).sum::<f64>() / total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::Members;
    use crate::signals::{Embeddings, Signals, SignalsParts};
    use crate::subclass::cluster_laws::groups;
    use crate::subclass::{ClusterSettings, SplitSettings};
    use crate::testing::{ONE, number};

    /// Two classes of `values`, told apart by a column of their own.
    fn gaps(values: &[f32], width: usize, threads: NonZeroUsize) -> Vec<ClusterGap> {
        let rows = values.len() / width;
        let wide = width + 1;
        let mut embeddings = Vec::new();
        let mut logits = Vec::new();
        for (row, values) in values.chunks(width).enumerate() {
            // Halves, so that groups, which follow each other, are in both classes.
            let side = if row < rows / 2 { 1.0 } else { -1.0 };
            embeddings.extend(values.iter().copied().chain([side]));
            logits.extend([side, -side]);
        }
        let signals = Signals::new(SignalsParts {
            embeddings: Embeddings::F32(&embeddings),
            width: wide,
            logits: &logits,
            classes: 2,
            labels: None,
            first_row: 0,
        });
        let mut weight = vec![0.0; 2 * wide];
        (weight[width], weight[2 * wide - 1]) = (1.0, -1.0);
        let head = Head::new(&weight, &[0.0, 0.0], wide).unwrap();
        let mut evidence = Evidence::of(&SplitSettings::Cluster(ClusterSettings::kmeans()), 2, wide);
        evidence.add(&signals.unwrap(), Members::Teacher, None, threads).unwrap();
        cluster_gaps(&evidence, Some(&head), &[number(2), number(6)], 0, threads).unwrap()
    }

    #[test]
    fn groups_leave_a_gap_and_a_cloud_leaves_none() {
        let found = gaps(&groups(6, 200, 8), 8, ONE);
        assert!(found[1].between > 0.98 && found[1].by_chance < 0.7, "{found:?}");
        assert!(found[1].gap() > found[0].gap(), "six clusters are there: {found:?}");
        let mut random = ChaCha20Rng::seed_from_u64(5);
        let cloud: Vec<f32> = (0..1200 * 8).map(|_| gaussian(&mut random) as f32).collect();
        let found = gaps(&cloud, 8, ONE);
        assert!(found.iter().all(|gap| gap.gap().abs() < 0.02), "{found:?}");
    }

    #[test]
    fn threads_change_nothing_and_equal_rows_have_no_gap() {
        let values = groups(6, 700, 8);
        assert_eq!(gaps(&values, 8, ONE), gaps(&values, 8, number(2)));
        let found = gaps(&[1.0; 64], 8, ONE);
        assert!(found.iter().all(|gap| (gap.between, gap.by_chance) == (0.0, 0.0)), "{found:?}");
    }
}
