//! LELP: subclasses along the principal directions of the teacher's embedding.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader};
use crate::error::FitError;
use crate::linalg::add_scaled;
use crate::moments::ClassMoments;
use crate::parameter::{Parameter, Search, Values};
use crate::rotation::{Rotation, mixtures};
use crate::signals::Head;
use crate::subclass::directions_fit::{ClassCovariance, Direction, DirectionsFit, DirectionsTask};
use crate::subclass::head_space::NULL_SPACE;
use crate::subclass::maker::{SubclassFit, TargetMaker};
use crate::subclass::requirements::Requirements;
use crate::subclass::statistics::SplitStatistics;
use crate::subclass::target_settings::Beta;

const PARAMETERS: [Parameter; 3] = [
    Parameter::new("subclasses", Values::Count, "subclasses of each class (S)")
        .searched(Search::Choices(&[2.0, 4.0, 8.0, 16.0])),
    NULL_SPACE,
    Parameter::new(
        "rotation",
        Values::Words(&[
            ("random", "a Haar-random orthonormal matrix, as the paper: equal variance in expectation"),
            ("balanced", "Givens rotations that make all variances exactly equal"),
            ("none", "none: the first directions rule"),
        ]),
        "how directions of unequal variance are turned into each other",
    ),
];

/// How the principal directions of each class are found.
///
/// For each class the top S eigenvectors of its covariance in the null space of the head, by decreasing variance,
/// each signed so that its largest-magnitude entry is positive, then rotated.
///
/// # Source
/// Loo et al., arXiv:2409.20449, section 3. Departures: the sign rule; the scale of a class (see [`DirectionsFit`]);
/// the mean row of the head is taken away before its null space, since probabilities depend only on differences;
/// the estimated head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LelpSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Whether directions keep out of the space that the head reads.
    pub null_space: bool,
    /// Rotation of each class's principal directions.
    pub rotation: Rotation,
    /// Seed of the random rotation.
    pub seed: u64,
}

impl Default for LelpSettings {
    /// The best of a sweep on short queries in two classes: four subclasses in the null space, randomly rotated.
    fn default() -> Self {
        let subclasses = const { NonZeroUsize::new(4).expect("four is not zero") };
        Self { subclasses, null_space: true, rotation: Rotation::default(), seed: 0 }
    }
}

impl LelpSettings {
    /// Finds the directions of each class from its moments.
    ///
    /// Without `head`, the head is estimated by least squares and [`DirectionsFit::head_source`] says so.
    ///
    /// # Errors
    /// [`FitError::ClassTooSmall`] if a class has S rows or fewer; [`FitError::TooNarrow`] if the null
    /// space has fewer than S dimensions; [`FitError::OneClass`]; [`FitError::Overflow`];
    /// [`FitError::Shape`] if the head is of other width or classes.
    pub fn fit_moments(
        &self,
        moments: &ClassMoments,
        head: Option<&Head>,
        threads: NonZeroUsize,
    ) -> Result<DirectionsFit, FitError> {
        let settings = self.clone().into();
        let task = DirectionsTask { settings, subclasses: self.subclasses, null_space: self.null_space };
        DirectionsFit::fit(moments, head, task, |class| self.rotated(class), threads)
    }

    /// The principal directions of a class, mixed by its rotation.
    fn rotated(&self, covariance: &ClassCovariance<'_>) -> Vec<Direction> {
        let subclasses = self.subclasses.get();
        let principal = covariance.principal(subclasses);
        let variance = &covariance.spectrum[..subclasses];
        let mixtures = mixtures(self.rotation, variance, self.seed, covariance.class as u64);
        let mixed =
            |mixture: &Vec<f64>| -> f64 { mixture.iter().zip(variance).map(|(m, v)| m * m * v).sum() };
        mixtures.iter().map(|mixture| (mix(mixture, &principal), mixed(mixture))).collect()
    }
}

fn mix(mixture: &[f64], principal: &[Vec<f64>]) -> Vec<f64> {
    let mut direction = vec![0.0; principal[0].len()];
    mixture.iter().zip(principal).for_each(|(&share, vector)| add_scaled(&mut direction, share, vector));
    direction
}

impl TargetMaker for LelpSettings {
    fn name(&self) -> &'static str {
        "lelp"
    }

    fn summary(&self) -> &'static str {
        "Subclasses along linear directions of the teacher's embeddings"
    }

    fn source(&self) -> &'static str {
        "Loo, Iliopoulos, Hu and Vee 2024, arXiv:2409.20449"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    fn beta(&self) -> Parameter {
        // Sharp splits pay: a prototype was best at 0.05 to 0.25 deviations.
        Parameter::new(
            "beta",
            Values::Positive,
            "width of the split of a class, in deviations of the coordinates: small is sharp",
        )
        .searched(Search::LogRange { low: 0.04, high: 0.4 })
    }

    fn default_beta(&self) -> Beta {
        Beta::default()
    }

    fn requirements(&self) -> Requirements {
        Requirements { moments: true, ..Requirements::default() }
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
        Ok(Box::new(self.fit_moments(statistics.moments()?, head, threads)?))
    }

    fn read(&self, artifact: &ArtifactReader<'_>) -> Result<Box<dyn SubclassFit>, ArtifactError> {
        Ok(Box::new(DirectionsFit::read(self.clone().into(), self.subclasses, artifact)?))
    }
}
