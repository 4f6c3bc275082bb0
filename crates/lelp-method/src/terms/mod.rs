//! Terms on embeddings, which can be added to any method: a file and a line in [`TERMS`] each.

pub(crate) mod crd;
pub(crate) mod fitnet;
pub(crate) mod rkd;
pub(crate) mod vid;

use crate::auxiliary_term::AuxiliaryTerm;

/// Terms on embeddings: each can be added to any method, and with `kd` is one.
const TERMS: &[fn() -> AuxiliaryTerm] = &[
    || fitnet::FitnetTerm::default().into(),
    || vid::VidTerm::default().into(),
    || rkd::RkdTerm::default().into(),
    || crd::CrdTerm::default().into(),
];

/// Every term with its defaults.
pub(crate) fn terms() -> Vec<AuxiliaryTerm> {
    TERMS.iter().map(|default| default()).collect()
}
