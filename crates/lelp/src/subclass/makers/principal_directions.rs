//! LELP without its rotation, as a maker of its own.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader};
use crate::error::FitError;
use crate::parameter::{Parameter, Search, Values};
use crate::signals::Head;
use crate::subclass::directions_fit::{ClassCovariance, Direction, DirectionsFit, DirectionsTask};
use crate::subclass::head_space::NULL_SPACE;
use crate::subclass::maker::{SubclassFit, TargetMaker};
use crate::subclass::requirements::Requirements;
use crate::subclass::statistics::SplitStatistics;
use crate::subclass::target_settings::Beta;

const PARAMETERS: [Parameter; 2] = [
    Parameter::new("subclasses", Values::Count, "subclasses of each class (S)")
        .searched(Search::Choices(&[2.0, 4.0, 8.0, 16.0])),
    NULL_SPACE,
];

/// How principal directions are taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrincipalDirectionsSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Whether directions keep out of the space that the head reads.
    pub null_space: bool,
}

impl Default for PrincipalDirectionsSettings {
    /// Eight directions in the null space.
    fn default() -> Self {
        let subclasses = const { NonZeroUsize::new(8).expect("eight is not zero") };
        Self { subclasses, null_space: true }
    }
}

impl PrincipalDirectionsSettings {
    fn found(&self, covariance: &ClassCovariance<'_>) -> Vec<Direction> {
        let variances = covariance.spectrum.iter().copied();
        covariance.principal(self.subclasses.get()).into_iter().zip(variances).collect()
    }
}

impl TargetMaker for PrincipalDirectionsSettings {
    fn name(&self) -> &'static str {
        "principal-directions"
    }

    fn summary(&self) -> &'static str {
        "Subclasses along principal directions, not rotated"
    }

    fn source(&self) -> &'static str {
        "Loo et al., arXiv:2409.20449, without its rotation"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    fn beta(&self) -> Parameter {
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
        let settings = self.clone().into();
        let task = DirectionsTask { settings, subclasses: self.subclasses, null_space: self.null_space };
        let find = |class: &ClassCovariance<'_>| self.found(class);
        Ok(Box::new(DirectionsFit::fit(statistics.moments()?, head, task, find, threads)?))
    }

    fn read(&self, artifact: &ArtifactReader<'_>) -> Result<Box<dyn SubclassFit>, ArtifactError> {
        Ok(Box::new(DirectionsFit::read(self.clone().into(), self.subclasses, artifact)?))
    }
}
