//! Losses: a file and a line in [`METHODS`] each, from which help, recipes, flags, files and searches are made.

pub(crate) mod ce;
pub(crate) mod dist;
pub(crate) mod dkd;
pub(crate) mod kd;
pub(crate) mod kd_with_term;
pub(crate) mod lskd;
pub(crate) mod split;
pub(crate) mod subclass;

use lelp::MakerSettings;

use crate::loss::MethodSettings;
use crate::terms::terms;

/// Losses in the order of help and reports.
const METHODS: &[Line] = &[
    Line::Loss(|| ce::CeSettings::default().into()),
    Line::Loss(|| kd::KdSettings::default().into()),
    Line::Loss(|| dkd::DkdSettings::default().into()),
    Line::Loss(|| dist::DistSettings::default().into()),
    Line::Loss(|| lskd::LskdSettings::default().into()),
    Line::EveryTerm,
    Line::EveryTargetMaker,
    Line::Loss(|| subclass::SubclassSettings::default().into()),
];

/// One method or a family of them.
enum Line {
    /// A loss with its defaults.
    Loss(fn() -> MethodSettings),
    /// `kd` and a term, for every term.
    EveryTerm,
    /// Distillation over subclasses, for every target maker of the core.
    EveryTargetMaker,
}

/// Every method with its defaults.
pub(crate) fn methods() -> Vec<MethodSettings> {
    let of_line = |line: &Line| match line {
        Line::Loss(default) => vec![default()],
        Line::EveryTerm => {
            terms().into_iter().map(|term| kd_with_term::KdWithTerm::new(term).into()).collect()
        }
        Line::EveryTargetMaker => {
            MakerSettings::all().map(|maker| split::SplitMethod::new(maker).into()).collect()
        }
    };
    METHODS.iter().flat_map(of_line).collect()
}
