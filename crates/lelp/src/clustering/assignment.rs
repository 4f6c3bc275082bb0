//! From centres to clusters, and from clusters to centres.

use crate::blocks::Workers;
use crate::clustering::kmeans::nearest;
use crate::clustering::points::{Centres, Points};

/// The nearest centre of each row and its squared distance.
pub(crate) fn nearest_centres(points: &Points, centres: &[f64], workers: &Workers) -> (Vec<usize>, Vec<f32>) {
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
pub(crate) fn means_of_clusters(points: &Points, labels: &[usize], clusters: usize) -> Vec<f64> {
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
