//! How classes are split, beside what every split shares.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser};
use lelp::{FittedSplit, LelpSettings, MakerSettings, MakerSettingsError, Members};
use lelp::{SplitStatistics, TargetMaker};
use lelp_compare::auto::{AUTO, AUTO_SETTINGS};
use lelp_data::{ColumnSettings, FineColumn, SignalsFolder};
use lelp_train::distill;

use super::ColumnArgs;
use super::parameters::{ParameterArgs, TargetMakers, flag_name};
use crate::failure::Failure;

/// The split and its own settings.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Split")]
pub(crate) struct SplitArgs {
    /// What splits each class into subclasses
    #[arg(long, value_parser = splits(), default_value = LelpSettings::default().name(), value_name = "SPLIT")]
    split: String,

    /// Who says which class a row belongs to [default: teacher]
    #[arg(long, value_enum, value_name = "WHO")]
    members: Option<MembersArg>,

    /// The settings of all target makers.
    #[command(flatten)]
    parameters: ParameterArgs<TargetMakers>,
}

/// Who decides which class a row is a member of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MembersArg {
    /// The largest teacher logit, so that unlabelled rows count.
    Teacher,
    /// The label; unlabelled rows are left out.
    Label,
}

impl From<MembersArg> for Members {
    fn from(members: MembersArg) -> Self {
        match members {
            MembersArg::Teacher => Self::Teacher,
            MembersArg::Label => Self::Label,
        }
    }
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
    /// The data file, where fine labels are asked for.
    pub(crate) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// The column, read beside those that `signals` were made of; with `known`, its labels are those.
    pub(crate) fn open(
        &self,
        columns: &ColumnArgs,
        signals: &Path,
        known: Option<&[String]>,
    ) -> Result<Option<FineColumn>, Failure> {
        let (Some(data), Some(column)) = (&self.data, &self.fine_column) else { return Ok(None) };
        let columns = columns.settings().or(ColumnSettings::remembered(signals)?);
        Ok(Some(FineColumn::open(data, &columns.columns(), column, known)?))
    }
}

impl SplitArgs {
    /// Whether the split is by fine labels.
    pub(crate) fn needs_fine_labels(&self) -> bool {
        MakerSettings::named(&self.split).is_ok_and(|maker| maker.requirements().fine_labels)
    }

    /// The same as the library has it.
    fn settings(&self, seed: u64) -> Result<MakerSettings, MakerSettingsError> {
        let given = self.parameters.given().map(|(setting, value)| (setting.to_owned(), value.clone()));
        Ok(MakerSettings::with_parameters(&self.split, given.collect())?.with_seed(seed))
    }

    /// The split, fitted to all rows of `signals`, and what it was fitted on.
    pub(crate) fn fit(
        &self,
        seed: u64,
        signals: &SignalsFolder,
        fine: Option<&FineColumn>,
        threads: NonZeroUsize,
    ) -> Result<(FittedSplit, SplitStatistics), Failure> {
        let settings = self.settings(seed).map_err(Failure::usage)?;
        let members = self.members.map_or(Members::default(), Members::from);
        let statistics = distill::split_statistics(signals, &settings, members, fine, threads)?;
        let fit = distill::fit_split(signals, &statistics, &settings, fine, threads)?;
        Ok((fit, statistics))
    }

    /// Refuses a flag that means nothing to the split, and a value that its setting does not allow.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let maker = MakerSettings::named(&self.split).map_err(Failure::usage)?;
        let unsupported = self.parameters.given().find_map(|(setting, value)| {
            let known = maker.parameters().iter().any(|parameter| parameter.name == setting);
            // Only `lelp distill` chooses settings.
            let auto = value.as_str() == Some(AUTO) && AUTO_SETTINGS.contains(&setting);
            match (known, auto) {
                (_, true) => Some(format!("{} {AUTO}", flag_name(setting))),
                (false, _) => Some(flag_name(setting)),
                _ => None,
            }
        });
        if let Some(flag) = unsupported {
            let problem = format!("`{flag}` means nothing to `--split {}`; leave it out", self.split);
            return Err(Failure::usage(problem));
        }
        self.settings(0).map(|_| ()).map_err(Failure::usage)
    }
}
