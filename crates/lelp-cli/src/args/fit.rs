//! How each class is split into subclasses.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use lelp::{Members, Rotation};
use lelp_compare::auto::MaybeAuto;

/// Settings of the fit.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Subclasses")]
pub(crate) struct FitArgs {
    /// Subclasses of each class (S); `lelp distill` takes `auto` for what a probe finds best
    /// [default: 4; clusterings and controls 8]
    #[arg(long, short = 'S', value_name = "S")]
    pub(crate) subclasses: Option<MaybeAuto<NonZeroUsize>>,

    /// Leave out what the head sees already: fit in the null space of its rows [default: on]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) null_space: Option<NullSpaceArg>,

    /// How directions of unequal variance are turned into each other [default: random]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) rotation: Option<RotationArg>,

    /// Who says which class a row belongs to [default: teacher]
    #[arg(long, value_enum, value_name = "WHO")]
    pub(crate) members: Option<MembersArg>,
}

/// Whether the rows of the head are projected out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NullSpaceArg {
    /// Project them out.
    On,
    /// Keep the embeddings whole.
    Off,
}

/// How principal directions are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RotationArg {
    /// A Haar-random orthonormal matrix, as the paper: equal variance in expectation.
    Random,
    /// Givens rotations that make all variances exactly equal.
    Balanced,
    /// None: the first directions rule.
    None,
}

/// Who decides which class a row is a member of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MembersArg {
    /// The largest teacher logit, so that unlabelled rows count.
    Teacher,
    /// The label; unlabelled rows are left out.
    Label,
}

impl FitArgs {
    /// The number of subclasses, where it is given.
    pub(crate) fn given_subclasses(&self) -> Option<NonZeroUsize> {
        self.subclasses.and_then(MaybeAuto::given)
    }

    pub(crate) fn null_space(&self) -> bool {
        self.null_space.is_none_or(|which| which == NullSpaceArg::On)
    }
}

impl From<RotationArg> for Rotation {
    fn from(rotation: RotationArg) -> Self {
        match rotation {
            RotationArg::Random => Self::Random,
            RotationArg::Balanced => Self::Balanced,
            RotationArg::None => Self::None,
        }
    }
}

impl From<MembersArg> for Members {
    fn from(members: MembersArg) -> Self {
        match members {
            MembersArg::Teacher => Self::Teacher,
            MembersArg::Label => Self::Label,
        }
    }
}
