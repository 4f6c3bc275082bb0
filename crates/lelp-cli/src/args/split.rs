//! How classes are split, beside what every split shares.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use lelp::{FittedSplit, LelpSettings, MakerSettings, MakerSettingsError, Members, TargetMaker};
use lelp_data::{DataError, FineColumn, SignalsFolder};
use lelp_train::distill;
use serde_json::{Value, json};

use super::fit::NullSpaceArg;
use super::{ColumnArgs, FitArgs, value_name};
use crate::failure::Failure;

/// The split and its own settings.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Split")]
pub(crate) struct SplitArgs {
    /// What splits each class into subclasses
    #[arg(long, value_parser = splits(), default_value = LelpSettings::default().name(), value_name = "SPLIT")]
    split: String,

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

/// The names of all target makers, each with what its subclasses are.
fn splits() -> PossibleValuesParser {
    let value = |maker: MakerSettings| PossibleValue::new(maker.name()).help(maker.summary());
    PossibleValuesParser::new(MakerSettings::all().map(value))
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
    /// Whether the split is by fine labels.
    pub(crate) fn needs_fine_labels(&self) -> bool {
        MakerSettings::named(&self.split).is_ok_and(|maker| maker.requirements().fine_labels)
    }

    /// The flag, the setting and the value of all that was given.
    fn given(&self, fit: &FitArgs) -> Vec<(&'static str, &'static str, Value)> {
        let null_space = fit.null_space.map(|which| json!(which == NullSpaceArg::On));
        let rotation = fit.rotation.map(|rotation| json!(value_name(&rotation)));
        [
            ("--starts", "starts", self.starts.map(|starts| json!(starts))),
            ("--perplexity", "perplexity", self.perplexity.map(|perplexity| json!(perplexity))),
            ("--sample", "sample", self.sample.map(|sample| json!(sample))),
            ("--rotation", "rotation", rotation),
            ("--null-space", "null_space", null_space),
            ("--subclasses", "subclasses", fit.given_subclasses().map(|subclasses| json!(subclasses))),
        ]
        .into_iter()
        .filter_map(|(flag, setting, value)| Some((flag, setting, value?)))
        .collect()
    }

    /// The same as the library has it.
    fn settings(&self, fit: &FitArgs, seed: u64) -> Result<MakerSettings, MakerSettingsError> {
        let given = self.given(fit).into_iter().map(|(_, setting, value)| (setting.to_owned(), value));
        Ok(MakerSettings::with_parameters(&self.split, given.collect())?.with_seed(seed))
    }

    /// The split, fitted to all rows of `signals`.
    pub(crate) fn fit(
        &self,
        fit: &FitArgs,
        seed: u64,
        signals: &SignalsFolder,
        fine: Option<&FineColumn>,
        threads: NonZeroUsize,
    ) -> Result<FittedSplit, Failure> {
        let settings = self.settings(fit, seed).map_err(Failure::usage)?;
        let members = fit.members.map_or(Members::default(), Members::from);
        let statistics = distill::split_statistics(signals, &settings, members, fine, threads)?;
        Ok(distill::fit_split(signals, &statistics, &settings, fine, threads)?)
    }

    /// Refuses a flag that means nothing to the split.
    pub(crate) fn check(&self, fit: &FitArgs) -> Result<(), Failure> {
        let maker = MakerSettings::named(&self.split).map_err(Failure::usage)?;
        let unsupported = self.given(fit).into_iter().find_map(|(flag, setting, _)| {
            (!maker.parameters().iter().any(|parameter| parameter.name == setting)).then_some(flag)
        });
        let auto = fit.subclasses.is_some_and(|subclasses| subclasses.is_auto()); // `lelp distill` finds it
        let Some(flag) = unsupported.or(auto.then_some("--subclasses auto")) else { return Ok(()) };
        Err(Failure::usage(format!("`{flag}` means nothing to `--split {}`; leave it out", self.split)))
    }
}
