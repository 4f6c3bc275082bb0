//! The control: subclasses that mean nothing. What they give, a wider output gives by itself.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader, FitArtifact};
use crate::error::{FitError, ShapeError};
use crate::hash::{gaussian, hash};
use crate::parameter::{Parameter, Search, Values};
use crate::signals::{Head, Signals};
use crate::subclass::fine_labels::FineLabels;
use crate::subclass::head_space::check_counts;
use crate::subclass::maker::{MakerSettings, SubclassFit, TargetMaker};
use crate::subclass::report::{ClassReport, SplitReport};
use crate::subclass::requirements::Requirements;
use crate::subclass::statistics::SplitStatistics;
use crate::subclass::target_settings::Beta;

/// No tensor's size bounds the subclasses of a file.
const MOST_SUBCLASSES: usize = 1 << 16;

const PARAMETERS: [Parameter; 1] =
    [Parameter::new("subclasses", Values::Count, "subclasses of each class (S)")
        .searched(Search::Choices(&[2.0, 4.0, 8.0, 16.0]))];

/// A fixed random split of each row.
///
/// The scores of a row are standard normal numbers, one for each subclass of each class, by hash of the
/// seed, the row's place in the data set and the subclass: of the same distribution as coordinates of unit
/// variance, the same in every epoch, and without any relation to the row's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomSubclassSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Seed of the split.
    pub seed: u64,
}

impl Default for RandomSubclassSettings {
    /// Eight subclasses, seed 0.
    fn default() -> Self {
        Self { subclasses: const { NonZeroUsize::new(8).expect("eight is not zero") }, seed: 0 }
    }
}

impl TargetMaker for RandomSubclassSettings {
    fn name(&self) -> &'static str {
        "random-subclass"
    }

    fn summary(&self) -> &'static str {
        "A fixed random split of each row: a control, a wider output alone"
    }

    fn source(&self) -> &'static str {
        "a control of this project"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    fn beta(&self) -> Parameter {
        Parameter::new(
            "beta",
            Values::Positive,
            "width of the split of a class, in deviations of the random scores: small is sharp",
        )
        .searched(Search::LogRange { low: 0.04, high: 1.0 })
    }

    fn default_beta(&self) -> Beta {
        Beta::default()
    }

    fn requirements(&self) -> Requirements {
        Requirements::default()
    }

    fn subclasses(&self) -> Option<NonZeroUsize> {
        Some(self.subclasses)
    }

    fn fit(
        &self,
        statistics: &SplitStatistics,
        _head: Option<&Head>,
        _threads: NonZeroUsize,
    ) -> Result<Box<dyn SubclassFit>, FitError> {
        let members: Vec<u64> = (0..statistics.classes()).map(|class| statistics.count(class)).collect();
        check_counts(&members, self.subclasses.get())?;
        Ok(Box::new(RandomSubclassFit::new(*self, members)))
    }

    fn read(&self, artifact: &ArtifactReader<'_>) -> Result<Box<dyn SubclassFit>, ArtifactError> {
        let Metadata { members } = artifact.metadata()?;
        ShapeError::check("classes of the metadata", members.len(), members.len().max(2))?;
        let subclasses = self.subclasses.get();
        ShapeError::check("subclasses of the metadata", subclasses, subclasses.min(MOST_SUBCLASSES))?;
        Ok(Box::new(RandomSubclassFit::new(*self, members)))
    }
}

/// A random split of some classes: nothing is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomSubclassFit {
    settings: MakerSettings,
    own: RandomSubclassSettings,
    /// Members of each class, for reports.
    members: Vec<u64>,
}

/// What a file holds; there are no tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    members: Vec<u64>,
}

impl RandomSubclassFit {
    fn new(own: RandomSubclassSettings, members: Vec<u64>) -> Self {
        Self { settings: own.into(), own, members }
    }
}

impl SubclassFit for RandomSubclassFit {
    fn classes(&self) -> usize {
        self.members.len()
    }

    fn per_class(&self) -> usize {
        self.own.subclasses.get()
    }

    fn settings(&self) -> &MakerSettings {
        &self.settings
    }

    fn check(&self, _signals: &Signals, _fine: Option<FineLabels<'_>>) -> Result<(), FitError> {
        Ok(())
    }

    fn write_scores(
        &self,
        signals: &Signals,
        _fine: Option<FineLabels<'_>>,
        first: usize,
        scores: &mut [f32],
    ) {
        for (row, scores) in scores.chunks_exact_mut(self.outputs()).enumerate() {
            let seed = hash(self.own.seed, signals.first_row() + (first + row) as u64);
            scores.iter_mut().enumerate().for_each(|(place, score)| *score = gaussian(seed, place as u64));
        }
    }

    fn report(&self) -> SplitReport {
        let of_class = |&members: &u64| ClassReport { members, ..ClassReport::default() };
        SplitReport { head: None, classes: self.members.iter().map(of_class).collect() }
    }

    fn artifact(&self) -> FitArtifact {
        FitArtifact::new(&Metadata { members: self.members.clone() }, Vec::new())
    }
}
