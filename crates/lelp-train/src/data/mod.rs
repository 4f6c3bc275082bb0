//! Data sets and signals on disk.
