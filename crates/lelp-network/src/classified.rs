//! Who has to act on the errors of this crate.

use lelp::{Classified, ErrorKind};

use crate::device::DeviceError;
use crate::parameters::ParametersError;
impl Classified for DeviceError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for ParametersError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Weights(error) => error.kind(),
            Self::Device(error) => error.kind(),
        }
    }
}
