//! Text encoders that learn, on burn: one definition for every family, size and device.
//!
//! | file | what |
//! |---|---|
//! | `device` | where a network runs |
//! | `parameters` | its tensors by role: loaded, drawn, written |
//! | `batch` | tokenised texts, one after the other, without padding |
//! | `network` | what is computed |
//! | `ops`, `cpu` | the operations: fused on the CPU, plain elsewhere |
//! | `adamw` | `AdamW` with row-sparse steps of the token table |
//!
//! burn is named here alone.

mod adamw;
mod batch;
mod classified;
mod cpu;
mod device;
mod network;
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

pub use adamw::{AdamW, AdamWState};
pub use batch::TokenBatch;
pub use device::{Device, DeviceError};
pub use network::{DropoutKey, EncoderNetwork};
pub use parameters::ParametersError;
pub use parameters::{EncoderParameters, PretrainedWeights};
