//! One way for all splits: settings, evidence, fit, scores, targets.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::error::{FitError, ShapeError};
use crate::signals::{Head, Signals};
use crate::subclass::clusters::{ClusterFit, ClusterSettings, Clustering};
use crate::subclass::directions::Directions;
use crate::subclass::evidence::Evidence;
use crate::subclass::fine::FineLabels;
use crate::subclass::head_space::{check_counts, check_members, null_space};
use crate::subclass::lelp::{LelpFit, LelpSettings};
use crate::subclass::oracle::OracleFit;
use crate::subclass::random_subclass::{RandomSubclassFit, RandomSubclassSettings};
use crate::subclass::{TargetSettings, map_blocks, write_targets};

/// How each class is split into subclasses: a closed list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "split", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SplitSettings {
    /// Linear directions: LELP, or its control with random ones.
    Directions(LelpSettings),
    /// Clusters of the embeddings.
    Cluster(ClusterSettings),
    /// A fixed random split of each row.
    RandomSubclass(RandomSubclassSettings),
    /// The fine labels of the data.
    Oracle,
}

impl SplitSettings {
    /// The name of the split, as on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Directions(settings) => match settings.directions {
                Directions::Principal => "lelp",
                Directions::Random => "random-projection",
            },
            Self::Cluster(settings) => match settings.clustering {
                Clustering::Kmeans { .. } => "kmeans",
                Clustering::Agglomerative => "agglomerative",
                Clustering::TsneKmeans { .. } => "tsne-kmeans",
            },
            Self::RandomSubclass(_) => "random-subclass",
            Self::Oracle => "oracle",
        }
    }
}

/// A fitted split: scores for any rows, and from them targets `[rows, classes * per_class]` with
/// `sum_s t_cs = p_c`.
#[derive(Debug, Clone, PartialEq)]
pub enum SubclassFit {
    /// Linear directions.
    Directions(LelpFit),
    /// Clusters.
    Clusters(ClusterFit),
    /// A random split.
    RandomSubclass(RandomSubclassFit),
    /// Fine labels.
    Oracle(OracleFit),
}

impl SubclassFit {
    /// Fits a split on evidence that was gathered for it.
    ///
    /// # Errors
    /// [`FitError::OneClass`], [`FitError::ClassTooSmall`], [`FitError::TooNarrow`], [`FitError::Overflow`]
    /// and [`FitError::Shape`] as [`LelpFit::fit`]; [`FitError::OtherEvidence`] if the evidence was gathered
    /// for another split; [`FitError::NoFineLabelsOfClass`] if a class has no fine label.
    pub fn fit(
        evidence: &Evidence,
        head: Option<&Head>,
        settings: &SplitSettings,
        threads: NonZeroUsize,
    ) -> Result<Self, FitError> {
        match settings {
            SplitSettings::Directions(settings) => {
                LelpFit::fit(evidence.moments()?, head, settings, threads).map(Self::Directions)
            }
            SplitSettings::Cluster(own) => {
                if !evidence.serves(settings) {
                    return Err(FitError::OtherEvidence { lacks: "members" });
                }
                check_members(evidence.moments()?, own.subclasses.get())?;
                let (space, source) = null_space(evidence.moments()?, head, own.null_space)?;
                ClusterFit::fit(evidence, &space, source, own, threads).map(Self::Clusters)
            }
            SplitSettings::RandomSubclass(settings) => {
                let members: Vec<u64> = (0..evidence.classes()).map(|class| evidence.count(class)).collect();
                check_counts(&members, settings.subclasses.get())?;
                Ok(Self::RandomSubclass(RandomSubclassFit {
                    settings: *settings,
                    label_names: None,
                    members,
                }))
            }
            SplitSettings::Oracle => OracleFit::fit(evidence).map(Self::Oracle),
        }
    }

    /// The settings of the fit.
    #[must_use]
    pub fn settings(&self) -> SplitSettings {
        match self {
            Self::Directions(fit) => SplitSettings::Directions(fit.settings().clone()),
            Self::Clusters(fit) => SplitSettings::Cluster(*fit.settings()),
            Self::RandomSubclass(fit) => SplitSettings::RandomSubclass(fit.settings()),
            Self::Oracle(_) => SplitSettings::Oracle,
        }
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        match self {
            Self::Directions(fit) => fit.classes(),
            Self::Clusters(fit) => fit.classes(),
            Self::RandomSubclass(fit) => fit.classes(),
            Self::Oracle(fit) => fit.classes(),
        }
    }

    /// Subclasses of each class (S).
    #[must_use]
    pub fn per_class(&self) -> usize {
        match self {
            Self::Directions(fit) => fit.per_class(),
            Self::Clusters(fit) => fit.per_class(),
            Self::RandomSubclass(fit) => fit.settings.subclasses.get(),
            Self::Oracle(fit) => fit.per_class(),
        }
    }

    /// Columns of the targets: classes times subclasses.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.classes() * self.per_class()
    }

    /// Scores of each row for each subclass: coordinates of directions, minus squared distances over the
    /// class's mean squared radius (up to a number that a row has in common over a class), normal numbers,
    /// or 1 for the row's fine label; minus infinity for padding.
    ///
    /// # Shapes
    /// Result: `[rows, classes * per_class]`, column `c * per_class + s`.
    ///
    /// # Errors
    /// [`FitError::Shape`] if sizes differ from the fit's; [`FitError::NoFineLabels`] if the oracle gets none.
    pub fn scores(
        &self,
        signals: &Signals,
        fine: Option<FineLabels<'_>>,
        threads: NonZeroUsize,
    ) -> Result<Vec<f32>, FitError> {
        self.map_rows(signals, fine, threads, |_, _| {})
    }

    /// Soft labels over all subclasses: `t_cs = p_c softmax_s(score_cs / beta)`, `p = softmax(logits / temperature)`.
    ///
    /// # Shapes
    /// Result: `[rows, classes * per_class]`, column `c * per_class + s`.
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    pub fn targets(
        &self,
        signals: &Signals,
        fine: Option<FineLabels<'_>>,
        settings: TargetSettings,
        threads: NonZeroUsize,
    ) -> Result<Vec<f32>, FitError> {
        let (classes, outputs) = (self.classes(), self.outputs());
        self.map_rows(signals, fine, threads, |first, block| {
            let rows = block.len() / outputs;
            write_targets(block, &signals.logits()[first * classes..][..rows * classes], classes, settings);
        })
    }

    /// Scores of each row, block by block, each block then changed by `finish(first row, block)`.
    fn map_rows(
        &self,
        signals: &Signals,
        fine: Option<FineLabels<'_>>,
        threads: NonZeroUsize,
        finish: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Result<Vec<f32>, FitError> {
        ShapeError::check("classes of the signals", signals.classes(), self.classes())?;
        match self {
            Self::Directions(fit) => fit.scores.check(signals)?,
            Self::Clusters(fit) => fit.scores.check(signals)?,
            Self::RandomSubclass(_) => {}
            Self::Oracle(_) => OracleFit::check(signals, fine)?,
        }
        Ok(map_blocks(signals.rows(), self.outputs(), threads, |first, block| {
            match (self, fine) {
                (Self::Directions(fit), _) => fit.scores.write(signals, first, block),
                (Self::Clusters(fit), _) => fit.scores.write(signals, first, block),
                (Self::RandomSubclass(fit), _) => fit.write(signals, first, block),
                (Self::Oracle(fit), Some(fine)) => fit.write(fine, first, block),
                (Self::Oracle(_), None) => {} // refused above
            }
            finish(first, block);
        }))
    }

    /// Names of the classes, where they were given.
    #[must_use]
    pub fn label_names(&self) -> Option<&[String]> {
        match self {
            Self::Directions(fit) => fit.label_names(),
            Self::Clusters(fit) => fit.label_names.as_deref(),
            Self::RandomSubclass(fit) => fit.label_names.as_deref(),
            Self::Oracle(fit) => fit.label_names.as_deref(),
        }
    }

    /// Gives the classes names, kept in the artifact.
    ///
    /// # Errors
    /// [`ShapeError`] if there are not as many names as classes.
    pub fn with_label_names(mut self, names: Vec<String>) -> Result<Self, ShapeError> {
        ShapeError::check("label names", names.len(), self.classes())?;
        match &mut self {
            Self::Directions(fit) => fit.label_names = Some(names),
            Self::Clusters(fit) => fit.label_names = Some(names),
            Self::RandomSubclass(fit) => fit.label_names = Some(names),
            Self::Oracle(fit) => fit.label_names = Some(names),
        }
        Ok(self)
    }

    /// Gives the fine labels of an oracle names, by which a later data set's are found; nothing on others.
    #[must_use]
    pub fn with_fine_names(mut self, names: Vec<String>) -> Self {
        if let Self::Oracle(fit) = &mut self {
            fit.fine_names = Some(names);
        }
        self
    }
}

impl From<LelpFit> for SubclassFit {
    fn from(fit: LelpFit) -> Self {
        Self::Directions(fit)
    }
}
