//! Trials of a search: a small grid for each method, all of one size.

use super::search::Trial;
use crate::method::{
    ClusterSplitSettings, Combination, CrdSettings, CrdTerm, DistSettings, DkdSettings, FitnetSettings,
    FitnetTerm, KdSettings, LelpSettings, LskdSettings, MethodSettings, OracleSettings,
    RandomProjectionSettings, RandomSplitSettings, RkdSettings, RkdTerm, SubclassSettings, VidSettings,
    VidTerm,
};
use crate::run::TrainSettings;

/// Trials of every method, so that none gets a larger budget than another.
pub const TRIALS: usize = 12;

/// Twelve settings of the method at the bottom of `method`, the rest of its settings and what is added as they are.
///
/// - `ce`: 4 learning rates x 3 numbers of epochs
/// - `kd`, `dist`, `lskd`, `subclass`: 4 learning rates x 3 temperatures
/// - `dkd`: 2 learning rates x 2 temperatures x 3 weights of the other classes
/// - `fitnet`, `vid`, `rkd`, `crd`: 2 learning rates x 6 weights of what stands on `kd`
/// - `lelp`, `kmeans`, `agglomerative`, `tsne-kmeans`, `random-projection`, `random-subclass`: 2 learning rates x 2
///   numbers of subclasses x 3 widths of the split
/// - `oracle`: 4 learning rates x 3 softnesses
#[must_use]
pub fn grid(method: &Combination, train: &TrainSettings) -> Vec<Trial> {
    let trial = |base: MethodSettings, train: TrainSettings| Trial {
        method: Combination { base, add: method.add.clone() },
        train,
    };
    let rated = |factor: f32| TrainSettings { learning_rate: factor * train.learning_rate, ..*train };
    if let MethodSettings::Ce(settings) = method.base {
        let epochs = [train.epochs.div_ceil(2), train.epochs, train.epochs * 2];
        let rates = [0.5, 1.0, 2.0, 4.0].map(rated);
        return product(&rates, &epochs, |&train, &epochs| {
            trial(MethodSettings::Ce(settings), TrainSettings { epochs, ..train })
        });
    }
    let variants = variants(&method.base);
    // Fewer settings of a method leave room for more learning rates.
    let rates: &[f32] = if variants.len() == 3 { &[0.5, 1.0, 2.0, 4.0] } else { &[1.0, 2.0] };
    product(rates, &variants, |&rate, &base| trial(base, rated(rate)))
}

const TEMPERATURES: [f64; 3] = [1.0, 2.0, 4.0];

/// Factors around a weight that depends on the scale of the teacher's embeddings.
const FACTORS: [f64; 6] = [0.01, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Widths of a split in deviations of its scores: where unit-variance coordinates were seen to pay.
const WIDTHS: [f64; 3] = [0.06, 0.12, 0.25];

/// Two numbers of clusters, three widths in mean squared radii.
fn clusters(
    settings: ClusterSplitSettings,
    make: impl Fn(ClusterSplitSettings) -> MethodSettings,
) -> Vec<MethodSettings> {
    product(&[4, 8], &[0.1, 0.2, 0.4], |&subclasses, &beta| {
        make(ClusterSplitSettings { beta, subclasses, ..settings })
    })
}

/// Three settings of a method, or six.
fn variants(base: &MethodSettings) -> Vec<MethodSettings> {
    let temperatures = |make: &dyn Fn(f64) -> MethodSettings| TEMPERATURES.map(make).to_vec();
    let factors = |make: &dyn Fn(f64) -> MethodSettings| FACTORS.map(make).to_vec();
    match *base {
        MethodSettings::Ce(_) => vec![*base; 3],
        MethodSettings::Kd(settings) => {
            temperatures(&|temperature| MethodSettings::Kd(KdSettings { temperature, ..settings }))
        }
        MethodSettings::Dist(settings) => {
            temperatures(&|temperature| MethodSettings::Dist(DistSettings { temperature, ..settings }))
        }
        MethodSettings::Lskd(settings) => {
            temperatures(&|temperature| MethodSettings::Lskd(LskdSettings { temperature, ..settings }))
        }
        MethodSettings::Dkd(settings) => {
            product(&[2.0, 4.0], &[1.0, 2.0, 8.0], |&temperature, &non_target_weight| {
                MethodSettings::Dkd(DkdSettings { temperature, non_target_weight, ..settings })
            })
        }
        MethodSettings::Lelp(settings) => product(&[4, 8], &WIDTHS, |&subclasses, &beta| {
            MethodSettings::Lelp(LelpSettings { beta, subclasses, ..settings })
        }),
        MethodSettings::Kmeans(settings) => clusters(settings, MethodSettings::Kmeans),
        MethodSettings::Agglomerative(settings) => clusters(settings, MethodSettings::Agglomerative),
        MethodSettings::TsneKmeans(settings) => clusters(settings, MethodSettings::TsneKmeans),
        MethodSettings::RandomProjection(settings) => product(&[8, 16], &WIDTHS, |&subclasses, &beta| {
            MethodSettings::RandomProjection(RandomProjectionSettings { beta, subclasses, ..settings })
        }),
        MethodSettings::RandomSubclass(settings) => product(&[4, 8], &WIDTHS, |&subclasses, &beta| {
            MethodSettings::RandomSubclass(RandomSplitSettings { beta, subclasses, ..settings })
        }),
        MethodSettings::Subclass(settings) => temperatures(&|temperature| {
            MethodSettings::Subclass(SubclassSettings { temperature, ..settings })
        }),
        MethodSettings::Oracle(settings) => {
            [0.1, 0.25, 0.5].map(|beta| MethodSettings::Oracle(OracleSettings { beta, ..settings })).to_vec()
        }
        MethodSettings::Fitnet(settings) => factors(&|factor| {
            let hint = FitnetTerm { weight: factor * settings.hint.weight };
            MethodSettings::Fitnet(FitnetSettings { hint, ..settings })
        }),
        MethodSettings::Vid(settings) => factors(&|factor| {
            let bound = VidTerm { weight: factor * settings.bound.weight };
            MethodSettings::Vid(VidSettings { bound, ..settings })
        }),
        MethodSettings::Rkd(settings) => factors(&|factor| {
            let RkdTerm { distance_weight, angle_weight } = settings.relations;
            let relations =
                RkdTerm { distance_weight: factor * distance_weight, angle_weight: factor * angle_weight };
            MethodSettings::Rkd(RkdSettings { relations, ..settings })
        }),
        MethodSettings::Crd(settings) => factors(&|factor| {
            let contrast = CrdTerm { weight: factor * settings.contrast.weight, ..settings.contrast };
            MethodSettings::Crd(CrdSettings { contrast, ..settings })
        }),
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
            let trials = grid(&method.into(), &TrainSettings::ngram());
            assert_eq!(trials.len(), TRIALS);
            for (place, trial) in trials.iter().enumerate() {
                assert_eq!(trial.method.name(), method.name());
                trial.method.check().unwrap();
                assert!(!trials[..place].contains(trial));
            }
        }
    }
}
