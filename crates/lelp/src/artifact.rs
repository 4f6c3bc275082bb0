//! Fits and targets, to and from bytes.
