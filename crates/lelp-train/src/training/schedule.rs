//! How the learning rate goes from step to step.

use serde::{Deserialize, Serialize};

/// The way of the learning rate after its warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Down to 0 in a straight line.
    #[default]
    Linear,
    /// Down to 0 along half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts).
    Cosine,
    /// Where it is.
    Constant,
}

impl Schedule {
    /// What the learning rate is multiplied by when the share `passed` of all steps is done; up from 0 in a
    /// straight line over the share `warmup`.
    pub(super) fn factor(self, passed: f64, warmup: f64) -> f64 {
        if passed < warmup {
            return passed / warmup;
        }
        let way = if warmup < 1.0 { (passed - warmup) / (1.0 - warmup) } else { 0.0 };
        match self {
            Self::Linear => 1.0 - way,
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * way).cos()),
            Self::Constant => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_over_the_warm_up_and_fall_to_zero() {
        for (schedule, middle, end) in
            [(Schedule::Linear, 0.5, 0.0), (Schedule::Cosine, 0.5, 0.0), (Schedule::Constant, 1.0, 1.0)]
        {
            let near = |passed, warmup, expected: f64| {
                let found = schedule.factor(passed, warmup);
                assert!((found - expected).abs() < 1e-12, "{schedule:?} at {passed}: {found}");
            };
            near(0.0, 0.0, 1.0);
            near(0.5, 0.0, middle);
            near(1.0, 0.0, end);
            near(0.0, 0.2, 0.0);
            near(0.1, 0.2, 0.5);
            near(0.2, 0.2, 1.0);
            near(0.6, 0.2, middle);
        }
    }
}
