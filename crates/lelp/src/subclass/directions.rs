//! Directions of one class: eigenvectors of its covariance in the null space, rotated.

use crate::error::FitError;
use crate::linalg::{add_scaled, symmetric_eigen};
use crate::moments::ClassMoments;
use crate::rotation::mixtures;
use crate::subclass::lelp::{ClassReport, LelpSettings};
use crate::subspace::NullSpace;

/// The rotated directions of one class.
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
        let size = space.dimensions();
        let eigen = symmetric_eigen(&space.compress(covariance), size)?;
        let spectrum: Vec<f64> =
            eigen.values.iter().map(|&value| if value > noise { value } else { 0.0 }).collect();
        let principal: Vec<Vec<f64>> = (eigen.vectors.chunks_exact(size).take(settings.subclasses.get()))
            .map(|vector| signed(space.expand(vector)))
            .collect();
        let variance = &spectrum[..principal.len()];
        let mixtures = mixtures(settings.rotation, variance, settings.seed, class as u64);
        let directions = mixtures.iter().map(|mixture| mix(mixture, &principal)).collect();
        let rotated =
            mixtures.iter().map(|mixture| mixture.iter().zip(variance).map(|(m, v)| m * m * v).sum());
        let report = ClassReport { members: moments.count(class), variance: rotated.collect(), spectrum };
        Ok(Self { directions, report })
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
