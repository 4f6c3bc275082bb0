//! k-means: several starts by k-means++, then Lloyd's iterations, all starts in one pass over the points.

use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::blocks::Workers;
use crate::clustering::points::{Centres, Points};
use crate::moments::argmax;

/// A start is done when its objective falls by less than this share of itself.
const TOLERANCE: f64 = 1e-6;

/// What k-means is asked for; at least one cluster, start and iteration.
#[derive(Clone, Copy)]
pub(crate) struct KmeansTask {
    pub(crate) clusters: usize,
    pub(crate) starts: usize,
    pub(crate) iterations: usize,
    pub(crate) seed: u64,
    /// Picks the stream of random numbers.
    pub(crate) class: u64,
}

/// One start on its way.
struct Start {
    /// `[clusters, width]`.
    centres: Vec<f64>,
    /// Sum of squared distances to the nearest centre, before the last move.
    objective: f64,
    done: bool,
}

/// Centres `[clusters, width]` of the start with the least sum of squared distances, the first among equals.
///
/// The same bytes with any number of threads: sums run over blocks of rows in their order.
///
/// # Source
/// Arthur and Vassilvitskii 2007, with greedy candidates as scikit-learn draws them (`2 + ln k`); Lloyd
/// 1982. A cluster that loses its last row moves to the row farthest from its centre.
pub(crate) fn kmeans(points: &Points, task: &KmeansTask, workers: &Workers) -> Vec<f64> {
    let mut starts: Vec<Start> = seed_starts(points, task, workers)
        .into_iter()
        .map(|centres| Start { centres, objective: f64::INFINITY, done: false })
        .collect();
    for _ in 0..task.iterations {
        let mut open: Vec<&mut Start> = starts.iter_mut().filter(|start| !start.done).collect();
        if open.is_empty() {
            break;
        }
        let steps = step(points, &open, task.clusters, workers);
        for (start, step) in open.iter_mut().zip(steps) {
            step.advance(points, start);
        }
    }
    let falling: Vec<f64> = starts.iter().map(|start| -start.objective).collect();
    starts.swap_remove(argmax(&falling)).centres
}

/// What one pass over the rows says of one start.
struct Step {
    objective: f64,
    counts: Vec<u64>,
    /// `[clusters, width]`.
    sums: Vec<f64>,
    /// Squared distance and place of the row farthest from its centre.
    farthest: (f32, usize),
}

impl Step {
    /// Moves the centres of `start` to the means of their rows.
    fn advance(self, points: &Points, start: &mut Start) {
        let width = points.width;
        start.done = start.objective - self.objective <= TOLERANCE * self.objective;
        start.objective = self.objective;
        let centres = start.centres.chunks_exact_mut(width).zip(self.sums.chunks_exact(width));
        let mut farthest = Some(self.farthest.1);
        for ((centre, sum), count) in centres.zip(self.counts) {
            if count > 0 {
                centre.iter_mut().zip(sum).for_each(|(c, sum)| *c = sum / count as f64);
            } else if let Some(row) = farthest.take() {
                centre.iter_mut().zip(points.row(row)).for_each(|(c, &x)| *c = f64::from(x));
                start.done = self.farthest.0 == 0.0; // rows all sit on centres: there is nothing to gain
            }
        }
    }
}

/// One pass of Lloyd over all open starts.
fn step(points: &Points, open: &[&mut Start], clusters: usize, workers: &Workers) -> Vec<Step> {
    let width = points.width;
    let joined: Vec<f64> = open.iter().flat_map(|start| start.centres.iter().copied()).collect();
    let centres = Centres::new(&joined, width);
    let empty = || Step {
        objective: 0.0,
        counts: vec![0; clusters],
        sums: vec![0.0; clusters * width],
        farthest: (0.0, 0),
    };
    let mut steps: Vec<Step> = open.iter().map(|_| empty()).collect();
    workers.in_order(
        points.blocks(),
        |block| block_steps(points, &centres, block, clusters),
        |parts| {
            for (whole, part) in steps.iter_mut().zip(parts) {
                whole.merge(&part);
            }
        },
    );
    steps
}

/// The part of a pass that one block has; its sums are of at most 1024 rows, in `f32`.
struct BlockStep {
    objective: f64,
    counts: Vec<u64>,
    sums: Vec<f32>,
    farthest: (f32, usize),
}

fn block_steps(points: &Points, centres: &Centres, block: usize, clusters: usize) -> Vec<BlockStep> {
    let width = points.width;
    let distances = points.distances(block, centres);
    let starts = centres.count() / clusters;
    let mut steps: Vec<BlockStep> = (0..starts)
        .map(|_| BlockStep {
            objective: 0.0,
            counts: vec![0; clusters],
            sums: vec![0.0; clusters * width],
            farthest: (0.0, points.block(block).start),
        })
        .collect();
    for (row, distances) in points.block(block).zip(distances.chunks_exact(centres.count())) {
        for (step, distances) in steps.iter_mut().zip(distances.chunks_exact(clusters)) {
            let nearest = nearest(distances);
            step.objective += f64::from(distances[nearest]);
            step.counts[nearest] += 1;
            if distances[nearest] > step.farthest.0 {
                step.farthest = (distances[nearest], row);
            }
            let sum = &mut step.sums[nearest * width..][..width];
            sum.iter_mut().zip(points.row(row)).for_each(|(sum, x)| *sum += x);
        }
    }
    steps
}

impl Step {
    fn merge(&mut self, part: &BlockStep) {
        self.objective += part.objective;
        self.counts.iter_mut().zip(&part.counts).for_each(|(own, more)| *own += more);
        self.sums.iter_mut().zip(&part.sums).for_each(|(own, more)| *own += f64::from(*more));
        if part.farthest.0 > self.farthest.0 {
            self.farthest = part.farthest;
        }
    }
}

/// Place of the least distance, the first among equals.
pub(crate) fn nearest(distances: &[f32]) -> usize {
    let mut best = 0;
    for (place, distance) in distances.iter().enumerate() {
        if *distance < distances[best] {
            best = place;
        }
    }
    best
}

/// Centres of every start, `[starts][clusters * width]`, by greedy k-means++.
fn seed_starts(points: &Points, task: &KmeansTask, workers: &Workers) -> Vec<Vec<f64>> {
    #[allow(clippy::cast_sign_loss, reason = "the logarithm of 1 or more is not negative")]
    let candidates = 2 + (task.clusters as f64).ln() as usize;
    let mut randoms: Vec<ChaCha20Rng> = (0..task.starts as u64)
        .map(|start| {
            let mut random = ChaCha20Rng::seed_from_u64(task.seed);
            random.set_stream(task.class << 32 | start);
            random
        })
        .collect();
    let mut chosen: Vec<Vec<usize>> =
        randoms.iter_mut().map(|random| vec![random.random_range(0..points.rows())]).collect();
    // Squared distance of each row to the nearest centre chosen so far, `[rows, starts]`.
    let mut nearest = vec![f32::INFINITY; points.rows() * task.starts];
    for _ in 1..task.clusters {
        let last: Vec<usize> = chosen.iter().filter_map(|rows| rows.last().copied()).collect();
        keep_nearest(points, &last, &mut nearest, workers);
        let drawn: Vec<usize> = (randoms.iter_mut().enumerate())
            .flat_map(|(start, random)| draw(random, &nearest[start..], task.starts, candidates))
            .collect();
        let potentials = potentials(points, &drawn, &nearest, candidates, workers);
        for (start, rows) in chosen.iter_mut().enumerate() {
            let falling: Vec<f64> =
                potentials[start * candidates..][..candidates].iter().map(|p| -p).collect();
            rows.push(drawn[start * candidates + argmax(&falling)]);
        }
    }
    let rows_of =
        |rows: Vec<usize>| rows.iter().flat_map(|&row| points.row(row)).map(|&x| f64::from(x)).collect();
    chosen.into_iter().map(rows_of).collect()
}

fn centres_at(points: &Points, rows: &[usize]) -> Centres {
    let values: Vec<f64> = rows.iter().flat_map(|&row| points.row(row)).map(|&x| f64::from(x)).collect();
    Centres::new(&values, points.width)
}

/// Lowers each row's distance to that of the newest centre of each start.
fn keep_nearest(points: &Points, newest: &[usize], nearest: &mut [f32], workers: &Workers) {
    let centres = centres_at(points, newest);
    workers.on_chunks(nearest, super::points::BLOCK_ROWS * newest.len(), |block, nearest| {
        let distances = points.distances(block, &centres);
        nearest.iter_mut().zip(distances).for_each(|(near, distance)| *near = near.min(distance));
    });
}

/// Rows drawn with probability in proportion to their distances, `distances[row * step]`.
fn draw(random: &mut ChaCha20Rng, distances: &[f32], step: usize, count: usize) -> Vec<usize> {
    let weights = || distances.iter().step_by(step).map(|&d| f64::from(d));
    let total: f64 = weights().sum();
    let one = |random: &mut ChaCha20Rng| {
        let mut left = random.random::<f64>() * total;
        let place = weights().position(|weight| {
            left -= weight;
            left < 0.0
        });
        // All rows on centres, or the end missed by rounding: any row is as good.
        place.unwrap_or_else(|| random.random_range(0..weights().len()))
    };
    (0..count).map(|_| one(random)).collect()
}

/// For each drawn row, the sum over all rows of the distance to the nearest centre if it became one.
fn potentials(
    points: &Points,
    drawn: &[usize],
    nearest: &[f32],
    candidates: usize,
    workers: &Workers,
) -> Vec<f64> {
    let centres = centres_at(points, drawn);
    let starts = drawn.len() / candidates;
    let mut potentials = vec![0.0; drawn.len()];
    workers.in_order(
        points.blocks(),
        |block| {
            let mut sums = vec![0.0_f64; drawn.len()];
            let distances = points.distances(block, &centres);
            for (row, distances) in points.block(block).zip(distances.chunks_exact(drawn.len())) {
                for (place, (sum, &distance)) in sums.iter_mut().zip(distances).enumerate() {
                    *sum += f64::from(distance.min(nearest[row * starts + place / candidates]));
                }
            }
            sums
        },
        |sums| potentials.iter_mut().zip(sums).for_each(|(whole, part)| *whole += part),
    );
    potentials
}
