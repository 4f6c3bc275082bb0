//! Arrays in `.npy` and `.npz` files: imports of signals and vectors beside a data file are made of them.

mod array;
mod error;
mod npy;
mod npz;

pub(crate) use array::{Array, Bytes, Element};
pub use error::ArrayError;
pub(crate) use npy::read_npy;
pub(crate) use npz::{names as names_of_npz, read_npz};
