//! One module for each command: parse, call the library, print.

pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod distill;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod fit;
pub(crate) mod inspect;
pub(crate) mod man;
pub(crate) mod methods;
pub(crate) mod predict;
pub(crate) mod pull;
pub(crate) mod quickstart;
pub(crate) mod report;
pub(crate) mod signals;
pub(crate) mod targets;
pub(crate) mod teach;
