//! All methods: one line each, from which help, recipes, flags, files and searches are made.

use lelp::MakerSettings;

use super::auxiliary_term::AuxiliaryTerm;
use super::ce::CeSettings;
use super::crd::CrdTerm;
use super::dist::DistSettings;
use super::dkd::DkdSettings;
use super::fitnet::FitnetTerm;
use super::kd::KdSettings;
use super::kd_with_term::KdWithTerm;
use super::lskd::LskdSettings;
use super::method_settings::MethodSettings;
use super::rkd::RkdTerm;
use super::split::SplitMethod;
use super::subclass::SubclassSettings;
use super::vid::VidTerm;

/// Losses in the order of help and reports.
const METHODS: [Line; 8] = [
    Line::Loss(|| CeSettings::default().into()),
    Line::Loss(|| KdSettings::default().into()),
    Line::Loss(|| DkdSettings::default().into()),
    Line::Loss(|| DistSettings::default().into()),
    Line::Loss(|| LskdSettings::default().into()),
    Line::EveryTerm,
    Line::EveryTargetMaker,
    Line::Loss(|| SubclassSettings::default().into()),
];

/// Terms on embeddings: each can be added to any method, and with `kd` is one.
const TERMS: [fn() -> AuxiliaryTerm; 4] = [
    || FitnetTerm::default().into(),
    || VidTerm::default().into(),
    || RkdTerm::default().into(),
    || CrdTerm::default().into(),
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
        Line::EveryTerm => terms().into_iter().map(|term| KdWithTerm::new(term).into()).collect(),
        Line::EveryTargetMaker => MakerSettings::all().map(|maker| SplitMethod::new(maker).into()).collect(),
    };
    METHODS.iter().flat_map(of_line).collect()
}

/// Every term with its defaults.
pub(crate) fn terms() -> Vec<AuxiliaryTerm> {
    TERMS.iter().map(|default| default()).collect()
}
