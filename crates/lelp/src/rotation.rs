//! Rotations of a class's principal directions, so that the first does not rule the softmax.

use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::linalg::{add_scaled, dot};

/// How the principal directions of a class are rotated among themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// A Haar-random orthonormal matrix for each class: equal variances in expectation (the paper).
    #[default]
    Random,
    /// Givens rotations after which all variances are equal; deterministic (ours).
    Balanced,
    /// The principal directions themselves, by decreasing variance.
    None,
}

/// An orthonormal `[size, size]` matrix: row `s` says how new direction `s` mixes the principal ones.
///
/// `variance` `[size]` holds the variances of the principal directions; `class` picks the stream of
/// random numbers, so that one class's rotation does not depend on how many others there are.
pub(crate) fn mixtures(rotation: Rotation, variance: &[f64], seed: u64, class: u64) -> Vec<Vec<f64>> {
    match rotation {
        Rotation::None => identity(variance.len()),
        Rotation::Balanced => balanced(variance),
        Rotation::Random => {
            let mut random = ChaCha20Rng::seed_from_u64(seed);
            random.set_stream(class);
            orthonormal(&mut random, variance.len(), variance.len())
        }
    }
}

fn identity(size: usize) -> Vec<Vec<f64>> {
    (0..size).map(|s| (0..size).map(|k| if s == k { 1.0 } else { 0.0 }).collect()).collect()
}

/// Haar-random orthonormal rows, at most `size` of them: Gaussian rows made orthonormal one after the
/// other, which is the QR decomposition with a positive diagonal (Mezzadri 2007).
pub(crate) fn orthonormal(random: &mut ChaCha20Rng, count: usize, size: usize) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(count);
    while rows.len() < count {
        let mut row: Vec<f64> = (0..size).map(|_| gaussian(random)).collect();
        let before = dot(&row, &row).sqrt();
        // Twice is enough: what rounding leaves of the earlier rows goes in the second pass.
        for earlier in rows.iter().chain(&rows) {
            let overlap = dot(earlier, &row);
            add_scaled(&mut row, -overlap, earlier);
        }
        let norm = dot(&row, &row).sqrt();
        // A draw inside the span of the earlier rows (never, in practice) is drawn again.
        if norm > 1e-6 * before {
            rows.push(row.into_iter().map(|x| x / norm).collect());
        }
    }
    rows
}

/// A standard normal number (Box and Muller 1958).
fn gaussian(random: &mut ChaCha20Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// Rotations that make every variance the mean one.
///
/// Each step turns a direction above the mean and one below it in their plane until the first has the
/// mean exactly, and leaves it there: `size - 1` steps.
fn balanced(variance: &[f64]) -> Vec<Vec<f64>> {
    let size = variance.len();
    let mean = variance.iter().sum::<f64>() / size as f64;
    let mut rows = identity(size);
    let covariance = |a: &[f64], b: &[f64]| (0..size).map(|k| a[k] * variance[k] * b[k]).sum::<f64>();
    let mut open: Vec<usize> = (0..size).collect();
    while open.len() > 1 {
        let excess = |&s: &usize| covariance(&rows[s], &rows[s]) - mean;
        let by_excess = |a: &&usize, b: &&usize| excess(a).total_cmp(&excess(b));
        let (Some(&high), Some(&low)) = (open.iter().max_by(by_excess), open.iter().min_by(by_excess)) else {
            break;
        };
        let (above, below) = (excess(&high), excess(&low));
        if high == low || above <= 0.0 || below >= 0.0 {
            break; // all equal, to the last bit
        }
        // t = tan(angle) solves above + 2 t both + t^2 below = 0; the discriminant is positive.
        let both = covariance(&rows[high], &rows[low]);
        let root = (both * both - above * below).sqrt();
        let tangent = above / (root.copysign(-both) - both);
        let cosine = 1.0 / tangent.hypot(1.0);
        let (old_high, old_low) = (rows[high].clone(), rows[low].clone());
        for k in 0..size {
            rows[high][k] = cosine * (old_high[k] + tangent * old_low[k]);
            rows[low][k] = cosine * (old_low[k] - tangent * old_high[k]);
        }
        open.retain(|&s| s != high);
    }
    rows
}
