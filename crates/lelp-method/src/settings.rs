//! The closed list of methods.

use serde::{Deserialize, Serialize};

use super::ce::CeSettings;
use super::crd::{CrdSettings, CrdTerm};
use super::dist::DistSettings;
use super::dkd::DkdSettings;
use super::error::MethodError;
use super::fitnet::{FitnetSettings, FitnetTerm};
use super::kd::KdSettings;
use super::lelp::LelpSettings;
use super::lskd::LskdSettings;
use super::rkd::{RkdSettings, RkdTerm};
use super::split::{ClusterSplitSettings, OracleSettings, RandomProjectionSettings, RandomSplitSettings};
use super::subclass::SubclassSettings;
use super::supervision::Needs;
use super::vid::{VidSettings, VidTerm};

/// A method with its settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum MethodSettings {
    /// Cross-entropy on labels.
    Ce(CeSettings),
    /// Ordinary distillation.
    Kd(KdSettings),
    /// Distillation over subclasses along linear directions.
    Lelp(LelpSettings),
    /// Clusters of the teacher's embeddings by k-means.
    Kmeans(ClusterSplitSettings),
    /// Clusters of the teacher's embeddings by Ward's method.
    Agglomerative(ClusterSplitSettings),
    /// Clusters of the teacher's embeddings by t-SNE and k-means.
    TsneKmeans(ClusterSplitSettings),
    /// Subclasses along random directions: a control.
    RandomProjection(RandomProjectionSettings),
    /// A fixed random split of each row: a control, a wider output alone.
    RandomSubclass(RandomSplitSettings),
    /// The fine labels of the data: an upper bound.
    Oracle(OracleSettings),
    /// The teacher's own subclasses.
    Subclass(SubclassSettings),
    /// Decoupled distillation.
    Dkd(DkdSettings),
    /// Correlations of probabilities.
    Dist(DistSettings),
    /// Distillation of standardised logits.
    Lskd(LskdSettings),
    /// A regressor between embeddings.
    Fitnet(FitnetSettings),
    /// A variational bound between embeddings.
    Vid(VidSettings),
    /// Distances and angles between embeddings.
    Rkd(RkdSettings),
    /// A contrast between embeddings.
    Crd(CrdSettings),
}

/// A method that can be added to any other: it holds the student's embedding against the teacher's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AuxiliaryTerm {
    /// A regressor between embeddings.
    Fitnet(FitnetTerm),
    /// A variational bound between embeddings.
    Vid(VidTerm),
    /// Distances and angles between embeddings.
    Rkd(RkdTerm),
    /// A contrast between embeddings.
    Crd(CrdTerm),
}

impl MethodSettings {
    /// One of each method with its defaults, in the order of help and reports.
    #[must_use]
    pub fn all() -> [Self; 17] {
        [
            Self::Ce(CeSettings::default()),
            Self::Kd(KdSettings::default()),
            Self::Dkd(DkdSettings::default()),
            Self::Dist(DistSettings::default()),
            Self::Lskd(LskdSettings::default()),
            Self::Fitnet(FitnetSettings::default()),
            Self::Vid(VidSettings::default()),
            Self::Rkd(RkdSettings::default()),
            Self::Crd(CrdSettings::default()),
            Self::Lelp(LelpSettings::default()),
            Self::Kmeans(ClusterSplitSettings::default()),
            Self::Agglomerative(ClusterSplitSettings::default()),
            Self::TsneKmeans(ClusterSplitSettings::default()),
            Self::RandomProjection(RandomProjectionSettings::default()),
            Self::RandomSubclass(RandomSplitSettings::default()),
            Self::Oracle(OracleSettings::default()),
            Self::Subclass(SubclassSettings::default()),
        ]
    }

    /// The method's name, as in files and on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ce(_) => "ce",
            Self::Kd(_) => "kd",
            Self::Lelp(_) => "lelp",
            Self::Kmeans(_) => "kmeans",
            Self::Agglomerative(_) => "agglomerative",
            Self::TsneKmeans(_) => "tsne-kmeans",
            Self::RandomProjection(_) => "random-projection",
            Self::RandomSubclass(_) => "random-subclass",
            Self::Oracle(_) => "oracle",
            Self::Subclass(_) => "subclass",
            Self::Dkd(_) => "dkd",
            Self::Dist(_) => "dist",
            Self::Lskd(_) => "lskd",
            Self::Fitnet(_) => "fitnet",
            Self::Vid(_) => "vid",
            Self::Rkd(_) => "rkd",
            Self::Crd(_) => "crd",
        }
    }

    /// Outputs of each class.
    #[must_use]
    pub fn subclasses(&self) -> usize {
        match self {
            Self::Lelp(settings) => settings.subclasses,
            Self::Kmeans(settings) | Self::Agglomerative(settings) | Self::TsneKmeans(settings) => {
                settings.subclasses
            }
            Self::RandomProjection(settings) => settings.subclasses,
            Self::RandomSubclass(settings) => settings.subclasses,
            Self::Oracle(settings) => settings.subclasses.unwrap_or(1),
            Self::Subclass(settings) => settings.subclasses.unwrap_or(1),
            _ => 1,
        }
    }

    /// Weight of the labels' cross-entropy, 0 to 1; what is learned of the teacher's outputs has the rest.
    #[must_use]
    pub fn alpha(&self) -> f64 {
        match self {
            Self::Ce(_) => 1.0,
            Self::Kd(settings) => settings.alpha,
            Self::Lelp(settings) => settings.alpha,
            Self::Kmeans(settings) | Self::Agglomerative(settings) | Self::TsneKmeans(settings) => {
                settings.alpha
            }
            Self::RandomProjection(settings) => settings.alpha,
            Self::RandomSubclass(settings) => settings.alpha,
            Self::Oracle(settings) => settings.alpha,
            Self::Subclass(settings) => settings.alpha,
            Self::Dkd(settings) => settings.alpha,
            Self::Dist(settings) => settings.alpha,
            Self::Lskd(settings) => settings.alpha,
            Self::Fitnet(settings) => settings.kd.alpha,
            Self::Vid(settings) => settings.kd.alpha,
            Self::Rkd(settings) => settings.kd.alpha,
            Self::Crd(settings) => settings.kd.alpha,
        }
    }

    /// Softens teacher and student alike; 1 for methods that soften nothing.
    #[must_use]
    pub fn temperature(&self) -> f64 {
        match self {
            Self::Ce(_) => 1.0,
            Self::Kd(settings) => settings.temperature,
            Self::Lelp(settings) => settings.temperature,
            Self::Kmeans(settings) | Self::Agglomerative(settings) | Self::TsneKmeans(settings) => {
                settings.temperature
            }
            Self::RandomProjection(settings) => settings.temperature,
            Self::RandomSubclass(settings) => settings.temperature,
            Self::Oracle(settings) => settings.temperature,
            Self::Subclass(settings) => settings.temperature,
            Self::Dkd(settings) => settings.temperature,
            Self::Dist(settings) => settings.temperature,
            Self::Lskd(settings) => settings.temperature,
            Self::Fitnet(settings) => settings.kd.temperature,
            Self::Vid(settings) => settings.kd.temperature,
            Self::Rkd(settings) => settings.kd.temperature,
            Self::Crd(settings) => settings.kd.temperature,
        }
    }

    /// What stands on the `kd` of a method of embeddings.
    #[must_use]
    pub fn added(&self) -> Option<AuxiliaryTerm> {
        match self {
            Self::Fitnet(settings) => Some(AuxiliaryTerm::Fitnet(settings.term)),
            Self::Vid(settings) => Some(AuxiliaryTerm::Vid(settings.term)),
            Self::Rkd(settings) => Some(AuxiliaryTerm::Rkd(settings.term)),
            Self::Crd(settings) => Some(AuxiliaryTerm::Crd(settings.term)),
            _ => None,
        }
    }

    /// What the method learns from.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let outputs = match self {
            Self::Ce(_) => Needs::default(),
            Self::Kd(_) | Self::Lskd(_) => Needs { logits: true, ..Needs::default() },
            Self::Dkd(_) => Needs { logits: true, labels: true, ..Needs::default() },
            Self::Dist(_) => Needs { logits: true, whole_batch: true, ..Needs::default() },
            Self::Lelp(_)
            | Self::Kmeans(_)
            | Self::Agglomerative(_)
            | Self::TsneKmeans(_)
            | Self::RandomProjection(_)
            | Self::RandomSubclass(_)
            | Self::Oracle(_)
            | Self::Subclass(_) => Needs { targets: true, ..Needs::default() },
            Self::Fitnet(_) | Self::Vid(_) | Self::Rkd(_) | Self::Crd(_) => {
                Needs { logits: true, ..Needs::default() }
            }
        };
        let needs = self.added().map_or(outputs, |added| outputs.and(added.needs()));
        Needs { labels: needs.labels || self.alpha() > 0.0, ..needs }
    }

    /// Checks the ranges that the fields document.
    pub fn check(&self) -> Result<(), MethodError> {
        setting("alpha", self.alpha(), (0.0..=1.0).contains(&self.alpha()), "0 to 1")?;
        positive("temperature", self.temperature())?;
        if let Some(split) = self.split(0)? {
            positive("beta", split.beta)?;
            positive("entropy", split.entropy.unwrap_or(1.0))?;
        }
        match self {
            Self::Ce(CeSettings { label_smoothing, .. }) => {
                let holds = (0.0..1.0).contains(label_smoothing);
                setting("label_smoothing", *label_smoothing, holds, "0 or more, below 1")?;
            }
            Self::Oracle(settings) => counted("subclasses", settings.subclasses.unwrap_or(1))?,
            Self::Subclass(settings) => counted("subclasses", settings.subclasses.unwrap_or(1))?,
            Self::Dkd(settings) => {
                weight("target_weight", settings.target_weight)?;
                weight("non_target_weight", settings.non_target_weight)?;
            }
            Self::Dist(settings) => {
                weight("row_weight", settings.row_weight)?;
                weight("column_weight", settings.column_weight)?;
            }
            Self::Lskd(settings) => positive("weight", settings.weight)?,
            _ => {}
        }
        self.added().map_or(Ok(()), |added| added.check())
    }
}

impl AuxiliaryTerm {
    /// One of each with its defaults.
    #[must_use]
    pub fn all() -> [Self; 4] {
        [
            Self::Fitnet(FitnetTerm::default()),
            Self::Vid(VidTerm::default()),
            Self::Rkd(RkdTerm::default()),
            Self::Crd(CrdTerm::default()),
        ]
    }

    /// The method's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fitnet(_) => "fitnet",
            Self::Vid(_) => "vid",
            Self::Rkd(_) => "rkd",
            Self::Crd(_) => "crd",
        }
    }

    /// What the method learns from.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let crd = matches!(self, Self::Crd(_));
        Needs {
            teacher_embedding: true,
            student_embedding: true,
            whole_batch: true,
            row_ids: crd,
            // A row without a label has the teacher's class, whose rows are no negatives of it.
            logits: crd,
            ..Needs::default()
        }
    }

    /// Checks the ranges that the fields document.
    pub fn check(&self) -> Result<(), MethodError> {
        match self {
            Self::Fitnet(settings) => weight("weight", settings.weight),
            Self::Vid(settings) => weight("weight", settings.weight),
            Self::Rkd(settings) => {
                weight("distance_weight", settings.distance_weight)?;
                weight("angle_weight", settings.angle_weight)
            }
            Self::Crd(settings) => {
                weight("weight", settings.weight)?;
                counted("dimensions", settings.dimensions)?;
                counted("negatives", settings.negatives)?;
                positive("contrast_temperature", settings.contrast_temperature)?;
                let momentum = settings.momentum;
                setting("momentum", momentum, (0.0..=1.0).contains(&momentum), "0 to 1")
            }
        }
    }
}

pub(super) fn positive(name: &'static str, value: f64) -> Result<(), MethodError> {
    setting(name, value, value > 0.0 && value.is_finite(), "a finite number above 0")
}

pub(super) fn weight(name: &'static str, value: f64) -> Result<(), MethodError> {
    setting(name, value, value >= 0.0 && value.is_finite(), "a finite number of 0 or more")
}

pub(super) fn counted(name: &'static str, value: usize) -> Result<(), MethodError> {
    setting(name, value as f64, value > 0, "1 or more")
}

fn setting(name: &'static str, value: f64, holds: bool, range: &'static str) -> Result<(), MethodError> {
    if holds { Ok(()) } else { Err(MethodError::Setting { name, value, range }) }
}
