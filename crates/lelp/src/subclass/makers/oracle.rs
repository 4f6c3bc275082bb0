//! The upper bound: subclasses are the fine labels of the data.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader, FitArtifact};
use crate::error::{FitError, ShapeError};
use crate::parameter::{Parameter, Search, Values};
use crate::signals::{Head, Signals};
use crate::subclass::fine_labels::FineLabels;
use crate::subclass::maker::{MakerSettings, SubclassFit, TargetMaker};
use crate::subclass::report::{ClassReport, SplitReport};
use crate::subclass::requirements::Requirements;
use crate::subclass::statistics::SplitStatistics;
use crate::subclass::target_settings::Beta;

/// Fine labels leave nothing to set: the data says how many subclasses there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OracleSettings {}

impl TargetMaker for OracleSettings {
    fn name(&self) -> &'static str {
        "oracle"
    }

    fn summary(&self) -> &'static str {
        "The fine labels of the data: an upper bound"
    }

    fn source(&self) -> &'static str {
        "a control of this project"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }

    fn beta(&self) -> Parameter {
        Parameter::new(
            "beta",
            Values::Positive,
            "softness of the fine label: its share against another one's is exp(1 / beta) to 1; small is one-hot",
        )
        .searched(Search::LogRange { low: 0.1, high: 0.5 })
    }

    fn default_beta(&self) -> Beta {
        const { Beta::known(0.1) } // one-hot to four digits
    }

    fn requirements(&self) -> Requirements {
        Requirements { fine_labels: true, ..Requirements::default() }
    }

    fn subclasses(&self) -> Option<NonZeroUsize> {
        None
    }

    /// The fine labels that occur in each class, counted by label where a row has one, else by teacher.
    fn fit(
        &self,
        statistics: &SplitStatistics,
        _head: Option<&Head>,
        _threads: NonZeroUsize,
    ) -> Result<Box<dyn SubclassFit>, FitError> {
        let fine = statistics.fine()?.per_class();
        match fine.iter().position(Vec::is_empty) {
            Some(class) => Err(FitError::NoFineLabelsOfClass { class }),
            None => Ok(Box::new(OracleFit { settings: (*self).into(), fine })),
        }
    }

    fn read(&self, artifact: &ArtifactReader<'_>) -> Result<Box<dyn SubclassFit>, ArtifactError> {
        let Metadata { fine } = artifact.metadata()?;
        ShapeError::check("classes of the metadata", fine.len(), fine.len().max(2))?;
        let known = artifact.fine_names().map_or(usize::MAX, <[String]>::len);
        for labels in &fine {
            ShapeError::check("fine labels of a class", labels.len(), labels.len().max(1))?;
            let rising = labels.windows(2).filter(|pair| pair[0].0 < pair[1].0).count();
            ShapeError::check("fine labels in their order", rising + 1, labels.len())?;
            let last = labels.iter().map(|(label, _)| *label as usize).max().unwrap_or(0);
            ShapeError::check("last fine label", last, last.min(known.saturating_sub(1)))?;
        }
        Ok(Box::new(OracleFit { settings: (*self).into(), fine }))
    }
}

/// Which fine labels are the subclasses of which class.
///
/// The score of a row's own fine label is 1, that of the others in its class 0. A row whose fine label is
/// unknown, or does not occur in a class, is split evenly over that class's fine labels. Classes with fewer
/// fine labels than others are padded with subclasses that get nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct OracleFit {
    settings: MakerSettings,
    /// `[classes]`, increasing fine labels, each with the number of rows it was seen in.
    fine: Vec<Vec<(u32, u64)>>,
}

/// What a file holds; there are no tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    fine: Vec<Vec<(u32, u64)>>,
}

impl OracleFit {
    /// For each class its fine labels, increasing, with the rows they were seen in.
    #[must_use]
    pub fn fine_labels(&self) -> &[Vec<(u32, u64)>] {
        &self.fine
    }
}

impl SubclassFit for OracleFit {
    fn classes(&self) -> usize {
        self.fine.len()
    }

    /// As many as the class with the most fine labels has.
    fn per_class(&self) -> usize {
        self.fine.iter().map(Vec::len).max().unwrap_or(1)
    }

    fn settings(&self) -> &MakerSettings {
        &self.settings
    }

    fn check(&self, signals: &Signals, fine: Option<FineLabels<'_>>) -> Result<(), FitError> {
        Ok(fine.ok_or(FitError::NoFineLabels)?.check(signals)?)
    }

    fn write_scores(
        &self,
        _signals: &Signals,
        fine: Option<FineLabels<'_>>,
        first: usize,
        scores: &mut [f32],
    ) {
        let per_class = self.per_class();
        for (row, scores) in scores.chunks_exact_mut(self.outputs()).enumerate() {
            let own = fine.and_then(|fine| fine.of(first + row));
            for (labels, scores) in self.fine.iter().zip(scores.chunks_exact_mut(per_class)) {
                scores.fill(f32::NEG_INFINITY);
                scores[..labels.len()].fill(0.0);
                let place = own.and_then(|own| {
                    labels.binary_search_by_key(&(own as u64), |(fine, _)| u64::from(*fine)).ok()
                });
                if let Some(place) = place {
                    scores[place] = 1.0;
                }
            }
        }
    }

    fn report(&self) -> SplitReport {
        let of_class = |labels: &Vec<(u32, u64)>| ClassReport {
            members: labels.iter().map(|(_, rows)| rows).sum(),
            fine_labels: labels.clone(),
            ..ClassReport::default()
        };
        SplitReport { head: None, classes: self.fine.iter().map(of_class).collect() }
    }

    fn artifact(&self) -> FitArtifact {
        FitArtifact::new(&Metadata { fine: self.fine.clone() }, Vec::new())
    }
}
