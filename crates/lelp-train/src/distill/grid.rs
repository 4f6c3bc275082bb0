//! Trials of a search: a small grid for each method, all of one size.

use super::search::Trial;
use crate::method::{KdSettings, LelpSettings, MethodSettings};
use crate::run::TrainSettings;

/// Trials of every method, so that none gets a larger budget than another.
pub const TRIALS: usize = 12;

/// Twelve settings of the method that `method` is, the rest of its settings as they are.
///
/// - `ce`: 4 learning rates x 3 numbers of epochs
/// - `kd`: 4 learning rates x 3 temperatures
/// - `lelp`: 2 learning rates x 2 numbers of subclasses x 3 widths of the split; the range of widths is where
///   unit-variance coordinates were seen to pay
#[must_use]
pub fn grid(method: &MethodSettings, train: &TrainSettings) -> Vec<Trial> {
    let rates = [0.5, 1.0, 2.0, 4.0].map(|factor| factor * train.learning_rate);
    match *method {
        MethodSettings::Ce {} => {
            let epochs = [train.epochs.div_ceil(2), train.epochs, train.epochs * 2];
            product(&rates, &epochs, |&learning_rate, &epochs| Trial {
                method: MethodSettings::Ce {},
                train: TrainSettings { epochs, learning_rate, ..*train },
            })
        }
        MethodSettings::Kd(settings) => {
            product(&rates, &[1.0, 2.0, 4.0], |&learning_rate, &temperature| Trial {
                method: MethodSettings::Kd(KdSettings { temperature, ..settings }),
                train: TrainSettings { learning_rate, ..*train },
            })
        }
        MethodSettings::Lelp(settings) => {
            let splits = product(&[4, 8], &[0.06, 0.12, 0.25], |&subclasses, &beta| LelpSettings {
                beta,
                subclasses,
                ..settings
            });
            product(&rates[1..3], &splits, |&learning_rate, &settings| Trial {
                method: MethodSettings::Lelp(settings),
                train: TrainSettings { learning_rate, ..*train },
            })
        }
    }
}

fn product<A, B, T>(left: &[A], right: &[B], make: impl Fn(&A, &B) -> T) -> Vec<T> {
    left.iter().flat_map(|a| right.iter().map(|b| make(a, b)).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_gets_the_same_budget_of_different_trials() {
        for method in MethodSettings::all() {
            let trials = grid(&method, &TrainSettings::ngram());
            assert_eq!(trials.len(), TRIALS);
            for (place, trial) in trials.iter().enumerate() {
                assert_eq!(trial.method.name(), method.name());
                assert!(!trials[..place].contains(trial));
            }
        }
    }
}
