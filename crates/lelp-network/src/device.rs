//! Where a network runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A device, as `--device` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The processor: always there, the same bytes for any number of threads.
    #[default]
    Cpu,
    /// An NVIDIA GPU, by number.
    Cuda(usize),
    /// An Apple GPU.
    Metal,
    /// A GPU through Vulkan.
    Vulkan,
    /// A GPU through `WebGPU`.
    WebGpu,
}

/// Why there is no such device.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// Not a name of a device.
    #[error("`{name}` is no device: use cpu, cuda, cuda:1, metal, vulkan or webgpu")]
    Name {
        /// What was given.
        name: String,
    },
    /// The program was built without it.
    #[error("this program was built without {device}, which is cargo feature `{feature}`; use cpu")]
    NotBuilt {
        /// The device.
        device: Device,
        /// The cargo feature that brings it.
        feature: &'static str,
    },
}

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(name: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Name { name: name.to_owned() };
        match name {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            "vulkan" => Ok(Self::Vulkan),
            "webgpu" => Ok(Self::WebGpu),
            _ => {
                let number = name.strip_prefix("cuda:").ok_or_else(unknown)?;
                number.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
            Self::Metal => formatter.write_str("metal"),
            Self::Vulkan => formatter.write_str("vulkan"),
            Self::WebGpu => formatter.write_str("webgpu"),
        }
    }
}

impl TryFrom<String> for Device {
    type Error = DeviceError;

    fn try_from(name: String) -> Result<Self, DeviceError> {
        name.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

impl Device {
    /// The device as burn has it.
    pub(super) fn open(self) -> Result<burn::tensor::Device, DeviceError> {
        match self {
            Self::Cpu => Ok(burn::tensor::Device::flex()),
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => Ok(burn::tensor::Device::cuda(number)),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => Err(DeviceError::NotBuilt { device: self, feature: "cuda" }),
            #[cfg(feature = "metal")]
            Self::Metal => Ok(burn::tensor::Device::metal(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(not(feature = "metal"))]
            Self::Metal => Err(DeviceError::NotBuilt { device: self, feature: "metal" }),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Ok(burn::tensor::Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(not(feature = "vulkan"))]
            Self::Vulkan => Err(DeviceError::NotBuilt { device: self, feature: "vulkan" }),
            #[cfg(feature = "webgpu")]
            Self::WebGpu => Ok(burn::tensor::Device::webgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(not(feature = "webgpu"))]
            Self::WebGpu => Err(DeviceError::NotBuilt { device: self, feature: "webgpu" }),
        }
    }
}

/// Whether `device` is burn's CPU backend, the one with fused operations.
pub(super) fn is_cpu(device: &burn::tensor::Device) -> bool {
    use burn::backend::DispatchDevice;
    #[allow(unreachable_patterns, reason = "without GPU features there is no other device")]
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(device) => matches!(**device, DispatchDevice::Flex(_)),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for name in ["cpu", "cuda:0", "cuda:3", "metal", "vulkan", "webgpu"] {
            assert_eq!(name.parse::<Device>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse::<Device>(), Ok(Device::Cuda(0)));
        for name in ["", "gpu", "cuda:", "cuda:-1", "CPU"] {
            assert!(name.parse::<Device>().is_err(), "{name}");
        }
    }
}
