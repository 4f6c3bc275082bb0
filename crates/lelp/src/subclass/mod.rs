//! Target makers: what splits each class into subclasses, and the soft labels that come of it.
//!
//! One file a maker ([`lelp`](makers::lelp), [`random_projection`](makers::random_projection), [`kmeans`](makers::kmeans), [`agglomerative`](makers::agglomerative), [`tsne_kmeans`](makers::tsne_kmeans),
//! [`random_subclass`](makers::random_subclass), [`oracle`](makers::oracle)) holds its settings, defaults, help, search ranges, source and fit, and is named in
//! one line of [`makers`]. Signals go through [`SplitStatisticsBuilder`] (one pass, any number of chunks) and
//! [`TargetMaker::fit`] to a [`SubclassFit`], which scores any rows; [`FittedSplit`] is a fit with the names of its
//! classes, as a file holds it.

mod cluster_fit;
mod directions_fit;
mod entropy;
mod fine_labels;
mod fitted_split;
mod head_space;
#[cfg(test)]
mod lelp_laws;
mod linear_scores;
mod maker;
pub mod makers;
mod member_sample;
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
mod statistics_builder;
mod target_settings;
mod targets;

pub use cluster_fit::{ClusterFindings, ClusterFit};
pub use directions_fit::{DirectionsFindings, DirectionsFit};
pub use entropy::{BetaAtEntropy, EntropyError, beta_at_entropy, split_entropy};
pub use fine_labels::FineLabels;
pub use fitted_split::FittedSplit;
pub use head_space::HeadSource;
pub use maker::{DynEq, MakerSettings, SettingsJson, SubclassFit, TargetMaker};
pub use makers::agglomerative::AgglomerativeSettings;
pub use makers::kmeans::KmeansSettings;
pub use makers::lelp::LelpSettings;
pub use makers::oracle::{OracleFit, OracleSettings};
pub use makers::random_projection::RandomProjectionSettings;
pub use makers::random_subclass::{RandomSubclassFit, RandomSubclassSettings};
pub use makers::tsne_kmeans::TsneKmeansSettings;
pub use registry::MakerSettingsError;
pub use report::{ClassReport, SplitReport};
pub use requirements::{Requirements, SampleRequirement};
pub use statistics::SplitStatistics;
pub use statistics_builder::SplitStatisticsBuilder;
pub use target_settings::{Beta, SplitWeight, TargetSettings, Temperature};
