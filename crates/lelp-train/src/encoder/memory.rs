//! Whether a training fits into memory, checked before it starts: an allocation that fails ends the program.

use lelp_model::checkpoint::EncoderConfig;

use super::{EncoderInputs, EncoderTrainSettings, EncoderTrainingError, TrainableEncoder};
use lelp_network::Device;

/// Copies of every parameter: value, gradient, two moments, the best epoch's value.
const COPIES: usize = 5;

impl EncoderInputs {
    /// Refuses a training whose parameters and largest step do not fit into the memory that is free.
    ///
    /// The step is estimated from the longest texts that can come together; it is checked for the CPU, where the
    /// system says what is free (Linux).
    pub fn check_memory(
        &self,
        student: &TrainableEncoder,
        batch: usize,
        settings: &EncoderTrainSettings,
    ) -> Result<(), EncoderTrainingError> {
        let Some(available) = available().filter(|_| settings.device == Device::Cpu) else { return Ok(()) };
        let together = settings.micro_batch.map_or(batch, |rows| rows.get().min(batch));
        let mut lengths = self.lengths();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let tokens = lengths.iter().take(together).sum();
        let needed = needed(student.config(), student.parameters(), tokens);
        if needed > available {
            return Err(EncoderTrainingError::Memory {
                needed: mebibytes(needed),
                available: mebibytes(available),
            });
        }
        Ok(())
    }
}

/// Bytes of parameters with their copies, and of a step over `tokens` tokens forwards and backwards.
fn needed(config: &EncoderConfig, parameters: usize, tokens: usize) -> usize {
    let EncoderConfig { layers, width, inner, .. } = *config;
    // Kept of each token and layer: queries, keys, values, two sums before and after their norms, products.
    let kept = layers.saturating_mul(12 * width + 2 * inner);
    let step = tokens.saturating_mul(kept.saturating_add(8 * width));
    COPIES.saturating_mul(parameters).saturating_add(step).saturating_mul(size_of::<f32>())
}

fn mebibytes(bytes: usize) -> usize {
    bytes >> 20
}

/// Bytes that can be had without swapping, where the system says so.
fn available() -> Option<usize> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: usize = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_says_what_is_free() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
