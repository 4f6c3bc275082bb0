//! Directions of one class: eigenvectors of its covariance in the null space, rotated; or random ones.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::error::FitError;
use crate::linalg::{add_scaled, dot, symmetric_eigen};
use crate::moments::ClassMoments;
use crate::rotation::{mixtures, orthonormal};
use crate::subclass::lelp::{ClassReport, LelpSettings};
use crate::subspace::NullSpace;

/// Which directions of the null space a class is split along.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Directions {
    /// The directions of most variance, rotated among themselves (LELP).
    #[default]
    Principal,
    /// Random orthonormal ones: what is left without the principal directions.
    Random,
}

/// The directions of one class.
pub(super) struct ClassDirections {
    /// `[per_class][width]`.
    pub(super) directions: Vec<Vec<f64>>,
    pub(super) report: ClassReport,
}

impl ClassDirections {
    /// Principal directions in the null space, signed and rotated; all of the spectrum is reported.
    pub(super) fn find(
        moments: &ClassMoments,
        class: usize,
        space: &NullSpace,
        settings: &LelpSettings,
    ) -> Result<Self, FitError> {
        let covariance = moments.covariance(class);
        let noise = noise_of_f32(moments.mean(class), &covariance);
        let whole = |value: f64| if value > noise { value } else { 0.0 };
        let size = space.dimensions();
        let inner = space.compress(covariance);
        let eigen = symmetric_eigen(&inner, size)?;
        let spectrum: Vec<f64> = eigen.values.iter().map(|&value| whole(value)).collect();
        let subclasses = settings.subclasses.get();
        let (directions, variance): (Vec<_>, Vec<_>) = match settings.directions {
            Directions::Principal => {
                let principal = eigen.vectors.chunks_exact(size).take(subclasses);
                let principal: Vec<_> = principal.map(|vector| signed(space.expand(vector))).collect();
                let variance = &spectrum[..subclasses];
                let mixtures = mixtures(settings.rotation, variance, settings.seed, class as u64);
                let mixed = |mixture: &Vec<f64>| -> f64 {
                    mixture.iter().zip(variance).map(|(m, v)| m * m * v).sum()
                };
                mixtures.iter().map(|mixture| (mix(mixture, &principal), mixed(mixture))).unzip()
            }
            Directions::Random => {
                let mut random = ChaCha20Rng::seed_from_u64(settings.seed);
                random.set_stream(class as u64);
                let along = |direction: &Vec<f64>| -> f64 {
                    inner.chunks_exact(size).zip(direction).map(|(row, d)| d * dot(row, direction)).sum()
                };
                let drawn = orthonormal(&mut random, subclasses, size);
                drawn.iter().map(|direction| (space.expand(direction), whole(along(direction)))).unzip()
            }
        };
        Ok(Self { directions, report: ClassReport { members: moments.count(class), variance, spectrum } })
    }
}

/// Variance that rounding embeddings to `f32` makes by itself, at most.
fn noise_of_f32(mean: &[f64], covariance: &[f64]) -> f64 {
    let width = mean.len();
    let square = |column: usize| mean[column] * mean[column] + covariance[column * width + column];
    let largest = (0..width).map(square).fold(0.0, f64::max);
    largest * f64::from(f32::EPSILON).powi(2)
}

/// Turns `vector` so that its largest-magnitude entry (the first among equals) is positive.
fn signed(vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
    if largest < 0.0 { vector.into_iter().map(|x| -x).collect() } else { vector }
}

fn mix(mixture: &[f64], principal: &[Vec<f64>]) -> Vec<f64> {
    let mut direction = vec![0.0; principal[0].len()];
    mixture.iter().zip(principal).for_each(|(&share, vector)| add_scaled(&mut direction, share, vector));
    direction
}
