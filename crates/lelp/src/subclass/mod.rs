//! Target makers: what splits each class into subclasses, and the soft labels that come of it.
//!
//! One file a maker ([`lelp`], [`random_projection`], [`kmeans`], [`agglomerative`], [`tsne_kmeans`],
//! [`random_subclass`], [`oracle`]) holds its settings, defaults, help, search ranges, source and fit, and is named in
//! one line of the [`registry`]. Signals go through [`SplitStatistics`] (one pass, any number of chunks) and
//! [`TargetMaker::fit`] to a [`SubclassFit`], which scores any rows; [`FittedSplit`] is a fit with the names of its
//! classes, as a file holds it.

pub mod agglomerative;
mod cluster_fit;
mod directions_fit;
mod entropy;
mod fine_labels;
mod fitted_split;
mod head_space;
pub mod kmeans;
pub mod lelp;
#[cfg(test)]
mod lelp_laws;
mod linear_scores;
mod maker;
mod member_sample;
pub mod oracle;
pub mod random_projection;
pub mod random_subclass;
pub mod registry;
mod report;
mod requirements;
#[cfg(test)]
#[allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::unnecessary_wraps,
    reason = "small made-up labels, as the fit takes them"
)]
mod split_laws;
mod statistics;
mod target_settings;
mod targets;
pub mod tsne_kmeans;

pub use agglomerative::AgglomerativeSettings;
pub use cluster_fit::{ClusterFindings, ClusterFit};
pub use directions_fit::{DirectionsFindings, DirectionsFit};
pub use entropy::{BetaAtEntropy, EntropyError, beta_at_entropy, split_entropy};
pub use fine_labels::FineLabels;
pub use fitted_split::FittedSplit;
pub use head_space::HeadSource;
pub use kmeans::KmeansSettings;
pub use lelp::LelpSettings;
pub use maker::{DynEq, MakerSettings, SettingsJson, SubclassFit, TargetMaker};
pub use oracle::{OracleFit, OracleSettings};
pub use random_projection::RandomProjectionSettings;
pub use random_subclass::{RandomSubclassFit, RandomSubclassSettings};
pub use registry::MakerSettingsError;
pub use report::{ClassReport, SplitReport};
pub use requirements::{Requirements, SampleRequirement};
pub use statistics::SplitStatistics;
pub use target_settings::{Beta, TargetSettings, Temperature};
pub use tsne_kmeans::TsneKmeansSettings;
