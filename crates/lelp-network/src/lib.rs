//! Text encoders that learn, on burn: one definition for every family, size and device.
//!
//! | file | what |
//! |---|---|
//! | `device` | where a network runs |
//! | `parameters` | its tensors by role: loaded, drawn, written |
//! | `batch` | tokenised texts, one after the other, without padding |
//! | `encoder` | what is computed |
//! | `ops`, `cpu` | the operations: fused on the CPU, plain elsewhere |
//! | `descent` | `AdamW` with row-sparse steps of the token table |
//!
//! burn is named here alone.

mod batch;
mod cpu;
mod descent;
mod device;
mod encoder;
mod ops;
mod parameters;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "a test may panic; ids are whole"
)]
mod tests;

pub use batch::Batch;
pub use descent::{AdamW, Descent};
pub use device::{Device, DeviceError};
pub use encoder::{Dropouts, Network};
pub use parameters::ParametersError;
pub use parameters::{Checkpoint, Parameters};
