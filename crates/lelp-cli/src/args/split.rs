//! How classes are split, beside what every split shares.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use lelp::{
    ClusterSettings, Clustering, Directions, LelpSettings, Members, RandomSubclassSettings, Rotation,
    SplitSettings, SubclassFit,
};
use lelp_data::{DataError, FineColumn, SignalsFolder};
use lelp_train::distill::{self, SplitError};

use super::{ColumnArgs, FitArgs, value_name};
use crate::failure::Failure;

/// What splits each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitArg {
    /// Principal directions of the embeddings, rotated.
    Lelp,
    /// k-means of the embeddings.
    Kmeans,
    /// Ward's agglomerative clustering of the embeddings.
    Agglomerative,
    /// t-SNE of the embeddings to two coordinates, then k-means.
    TsneKmeans,
    /// Random orthonormal directions: a control.
    RandomProjection,
    /// A fixed random split of each row: a control.
    RandomSubclass,
    /// The fine labels of the data: an upper bound.
    Oracle,
}

/// The split and its own settings.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Split")]
pub(crate) struct SplitArgs {
    /// What splits each class into subclasses
    #[arg(long, value_enum, default_value_t = SplitArg::Lelp, value_name = "SPLIT")]
    pub(crate) split: SplitArg,

    /// Starts of k-means, of which the best is kept [default: 8]
    #[arg(long, value_name = "N")]
    starts: Option<NonZeroUsize>,

    /// Effective number of neighbours of t-SNE [default: 30]
    #[arg(long, value_name = "N")]
    perplexity: Option<f64>,

    /// Most rows of a class that a clustering looks at; it samples more than these [default: 262144 for kmeans,
    /// 4096 for agglomerative and tsne-kmeans]
    #[arg(long, value_name = "ROWS")]
    sample: Option<NonZeroUsize>,
}

/// The fine labels that `oracle` splits by.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Fine labels")]
pub(crate) struct FineArgs {
    /// The data file that the signals were made of, for its fine labels
    #[arg(long, value_name = "FILE", requires = "fine_column")]
    data: Option<PathBuf>,

    /// Column of the fine labels that `oracle` splits by
    #[arg(long, value_name = "NAME", requires = "data")]
    fine_column: Option<String>,
}

impl FineArgs {
    /// The column, read; with `known`, its labels are those.
    pub(crate) fn open(
        &self,
        columns: &ColumnArgs,
        known: Option<&[String]>,
    ) -> Result<Option<FineColumn>, DataError> {
        let (Some(data), Some(column)) = (&self.data, &self.fine_column) else { return Ok(None) };
        FineColumn::open(data, &columns.settings().columns(), column, known).map(Some)
    }
}

impl SplitArgs {
    /// The same as the library has it.
    fn settings(&self, fit: &FitArgs, seed: u64) -> SplitSettings {
        match self.split {
            SplitArg::Lelp => directions(Directions::Principal, fit, seed),
            SplitArg::RandomProjection => directions(Directions::Random, fit, seed),
            SplitArg::Kmeans => self.cluster(ClusterSettings::kmeans(), fit, seed),
            SplitArg::Agglomerative => self.cluster(ClusterSettings::agglomerative(), fit, seed),
            SplitArg::TsneKmeans => self.cluster(ClusterSettings::tsne_kmeans(), fit, seed),
            SplitArg::RandomSubclass => {
                let default = RandomSubclassSettings::default();
                let subclasses = fit.given_subclasses().unwrap_or(default.subclasses);
                SplitSettings::RandomSubclass(RandomSubclassSettings { subclasses, seed })
            }
            SplitArg::Oracle => SplitSettings::Oracle,
        }
    }

    /// The split, fitted to all rows of `signals`.
    pub(crate) fn fit(
        &self,
        fit: &FitArgs,
        seed: u64,
        signals: &SignalsFolder,
        fine: Option<&FineColumn>,
        threads: NonZeroUsize,
    ) -> Result<SubclassFit, SplitError> {
        let settings = self.settings(fit, seed);
        let members = fit.members.map_or(Members::default(), Members::from);
        let evidence = distill::split_statistics(signals, &settings, members, fine, threads)?;
        distill::fit_split(signals, &evidence, &settings, fine, threads)
    }

    /// Refuses a flag that means nothing to the split.
    pub(crate) fn check(&self, fit: &FitArgs) -> Result<(), Failure> {
        let Some(flag) = self.stray(fit) else { return Ok(()) };
        let name = value_name(&self.split).unwrap_or_default();
        Err(Failure::usage(format!("`{flag}` means nothing to `--split {name}`; leave it out")))
    }

    /// The name of a flag that was given and means nothing to the split.
    fn stray(&self, fit: &FitArgs) -> Option<&'static str> {
        let (lelp, oracle) = (self.split == SplitArg::Lelp, self.split == SplitArg::Oracle);
        let random = self.split == SplitArg::RandomSubclass;
        let cluster = matches!(self.split, SplitArg::Kmeans | SplitArg::Agglomerative | SplitArg::TsneKmeans);
        [
            ("--starts", self.starts.is_some() && self.split != SplitArg::Kmeans),
            ("--perplexity", self.perplexity.is_some() && self.split != SplitArg::TsneKmeans),
            ("--sample", self.sample.is_some() && !cluster),
            ("--rotation", fit.rotation.is_some() && !lelp),
            ("--null-space", fit.null_space.is_some() && (oracle || random)),
            ("--subclasses", fit.subclasses.is_some() && oracle),
            ("--subclasses auto", fit.subclasses.is_some_and(|subclasses| subclasses.is_auto())), // `lelp distill` finds it
        ]
        .into_iter()
        .find_map(|(flag, stray)| stray.then_some(flag))
    }

    fn cluster(&self, default: ClusterSettings, fit: &FitArgs, seed: u64) -> SplitSettings {
        let clustering = match default.clustering {
            Clustering::Kmeans { starts, iterations } => {
                Clustering::Kmeans { starts: self.starts.unwrap_or(starts), iterations }
            }
            Clustering::Agglomerative => Clustering::Agglomerative,
            Clustering::TsneKmeans { perplexity } => {
                Clustering::TsneKmeans { perplexity: self.perplexity.unwrap_or(perplexity) }
            }
        };
        SplitSettings::Cluster(ClusterSettings {
            subclasses: fit.given_subclasses().unwrap_or(default.subclasses),
            null_space: fit.null_space(),
            sample: self.sample.unwrap_or(default.sample),
            seed,
            clustering,
        })
    }
}

fn directions(directions: Directions, fit: &FitArgs, seed: u64) -> SplitSettings {
    let default = LelpSettings::default();
    SplitSettings::Directions(LelpSettings {
        subclasses: fit.given_subclasses().unwrap_or(default.subclasses),
        null_space: fit.null_space(),
        directions,
        rotation: fit.rotation.map_or(default.rotation, Rotation::from),
        seed,
    })
}
