//! Laws that every split keeps, one after the other.

use std::any::Any;

use super::{
    AgglomerativeSettings, Beta, ClusterFit, DirectionsFit, EntropyError, FineLabels, FittedSplit,
    KmeansSettings, MakerSettings, OracleFit, OracleSettings, SplitStatistics, SplitStatisticsBuilder,
    SubclassFit, TargetSettings, Temperature, TsneKmeansSettings, beta_at_entropy, split_entropy,
};
use crate::clustering::Perplexity;
use crate::collapse::softmax;
use crate::error::FitError;
use crate::linalg::dot;
use crate::moments::{Members, argmax};
use crate::signals::{Embeddings, Signals, SignalsParts};
use crate::testing::{ONE, Teacher, number};

/// Every split, with S subclasses where that can be said.
fn splits(subclasses: usize) -> Vec<MakerSettings> {
    let given = |maker: MakerSettings| maker.with("subclasses", subclasses).unwrap_or(maker).with_seed(3);
    MakerSettings::all().map(given).collect()
}

/// The split of a name among [`splits`].
fn named(name: &str, subclasses: usize) -> MakerSettings {
    splits(subclasses).into_iter().find(|split| split.name() == name).unwrap()
}

fn oracle() -> MakerSettings {
    OracleSettings::default().into()
}

/// A fit as the kind that it is.
fn downcast<F: SubclassFit + Clone>(fit: &FittedSplit) -> F {
    let fit: &dyn SubclassFit = &**fit;
    let fit: &dyn Any = fit;
    fit.downcast_ref::<F>().expect("a fit of this kind").clone()
}

/// Fine labels of a teacher: `subclasses` in class 0, one less in each class after it, some rows without.
fn fine_of(teacher: &Teacher, subclasses: usize) -> Vec<i32> {
    let label = |(row, logits): (usize, &[f32])| {
        let class = argmax(logits);
        let own = subclasses.saturating_sub(class).max(1);
        if row % 11 == 10 { -1 } else { (class * subclasses + row % own) as i32 }
    };
    teacher.logits.chunks(teacher.classes).enumerate().map(label).collect()
}

struct Case {
    teacher: Teacher,
    fine: Vec<i32>,
}

impl Case {
    fn new(rows: usize, width: usize, classes: usize, subclasses: usize) -> Self {
        let teacher = Teacher::new(rows, width, classes, 0.5);
        let fine = fine_of(&teacher, subclasses);
        Self { teacher, fine }
    }

    fn fine(&self) -> Option<FineLabels<'_>> {
        Some(FineLabels::new(&self.fine, 1 + *self.fine.iter().max().unwrap() as usize).unwrap())
    }

    fn statistics(&self, split: &MakerSettings) -> SplitStatistics {
        let (classes, width) = (self.teacher.classes, self.teacher.width);
        let mut statistics = SplitStatisticsBuilder::new(split.requirements(), classes, width, ONE);
        statistics.add(&self.teacher.signals(), Members::Teacher, self.fine()).unwrap();
        statistics.finish()
    }

    fn fit(&self, split: &MakerSettings) -> FittedSplit {
        split.fit(&self.statistics(split), Some(&self.teacher.head), ONE).unwrap().into()
    }

    fn targets(&self, fit: &FittedSplit, beta: f64) -> Vec<f32> {
        let settings = TargetSettings { beta: Beta::new(beta).unwrap(), ..Default::default() };
        fit.targets(&self.teacher.signals(), self.fine(), settings, ONE).unwrap()
    }
}

#[test]
fn targets_sum_to_the_class_probabilities() {
    for (rows, width, classes, subclasses) in [(63, 9, 2, 4), (150, 17, 3, 5), (1500, 12, 2, 8)] {
        let case = Case::new(rows, width, classes, subclasses);
        let probabilities = softmax(&case.teacher.logits, classes).unwrap();
        for split in splits(subclasses) {
            let fit = case.fit(&split);
            assert_eq!((fit.classes(), fit.per_class()), (classes, subclasses), "{}", split.name());
            assert_eq!(*fit.settings(), split);
            for beta in [1e-9, 0.1, 1.0, 1e9] {
                let targets = case.targets(&fit, beta);
                for (split, p) in targets.chunks(subclasses).zip(&probabilities) {
                    let sum: f32 = split.iter().sum();
                    assert!((sum - p).abs() < 1e-5, "{}: {sum} {p}", fit.settings().name());
                    assert!(split.iter().all(|t| (0.0..=1.0).contains(t)));
                }
            }
        }
    }
}

#[test]
fn one_subclass_is_ordinary_distillation() {
    let case = Case::new(80, 6, 2, 1);
    let probabilities = softmax(&case.teacher.logits, 2).unwrap();
    for split in splits(1) {
        assert_eq!(case.targets(&case.fit(&split), 0.12), probabilities, "{}", split.name());
    }
}

#[test]
fn a_split_has_the_entropy_that_was_asked_for() {
    let case = Case::new(400, 12, 2, 4);
    let (signals, classes) = (case.teacher.signals(), case.teacher.classes);
    for split in splits(4) {
        let fit = case.fit(&split);
        let scores = fit.scores(&signals, case.fine(), ONE).unwrap();
        let sharpness = |bits, threads| {
            let temperature = Temperature::default();
            beta_at_entropy(&scores, &case.teacher.logits, classes, temperature, bits, number(threads))
        };
        for bits in [0.6, 1.0, 1.4] {
            let found = sharpness(bits, 1).unwrap();
            let reached = split_entropy(&case.targets(&fit, found.beta.get()), classes, 4).unwrap();
            assert!((reached - bits).abs() < 1e-4, "{}: {reached} for {bits}", split.name());
            assert!((reached - found.entropy).abs() < 1e-6);
            assert_eq!(sharpness(bits, 2), Ok(found));
        }
        let refused = sharpness(2.5, 1).unwrap_err();
        assert!(matches!(refused, EntropyError::Unreachable { entropy, .. } if entropy == 2.5), "{refused}");
    }
}

#[test]
fn artifacts_read_back_to_the_last_bit() {
    let case = Case::new(200, 8, 3, 4);
    for split in splits(4) {
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let fit = case.fit(&split).with_label_names(names.clone()).unwrap();
        let fit = fit.with_fine_names((0..12).map(|fine| format!("fine {fine}")).collect());
        let bytes = fit.to_bytes();
        let back = FittedSplit::from_bytes(&bytes).unwrap();
        assert_eq!(back, fit);
        assert_eq!((back.to_bytes(), back.label_names()), (bytes, Some(&names[..])));
    }
}

#[test]
fn parts_merged_are_the_whole_and_rows_keep_their_place() {
    let case = Case::new(400, 8, 2, 4);
    let teacher = &case.teacher;
    let part = |rows: std::ops::Range<usize>| {
        Signals::new(SignalsParts {
            embeddings: Embeddings::F32(&teacher.embeddings[rows.start * 8..rows.end * 8]),
            width: 8,
            logits: &teacher.logits[rows.start * 2..rows.end * 2],
            classes: 2,
            labels: None,
            first_row: rows.start as u64,
        })
        .unwrap()
    };
    for mut split in splits(4) {
        if split.requirements().sample.is_some() {
            split = split.with("sample", 100).unwrap(); // so that the sample must merge, too
        }
        let whole = case.fit(&split);
        let count = case.fine().unwrap().count();
        let gather = |rows: std::ops::Range<usize>| {
            let mut statistics = SplitStatisticsBuilder::new(split.requirements(), 2, 8, ONE);
            let fine = FineLabels::new(&case.fine[rows.clone()], count).unwrap();
            statistics.add(&part(rows), Members::Teacher, Some(fine)).unwrap();
            statistics.finish()
        };
        let mut merged = gather(250..400);
        merged.merge(&gather(0..250)).unwrap();
        let fit = split.fit(&merged, Some(&teacher.head), ONE).unwrap();
        let expected = case.targets(&whole, 0.2);
        let mut found = Vec::new();
        for rows in [0..130, 130..400] {
            let fine = FineLabels::new(&case.fine[rows.clone()], count).unwrap();
            let settings = TargetSettings { beta: Beta::new(0.2).unwrap(), ..Default::default() };
            found.extend(fit.targets(&part(rows), Some(fine), settings, ONE).unwrap());
        }
        for (a, b) in found.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-3, "{}: {a} {b}", split.name());
        }
    }
}

#[test]
fn the_bytes_are_the_same_with_any_number_of_threads() {
    let case = Case::new(2500, 7, 2, 3);
    for split in splits(3) {
        let run = |threads| {
            let mut statistics = SplitStatisticsBuilder::new(split.requirements(), 2, 7, number(threads));
            statistics.add(&case.teacher.signals(), Members::Teacher, case.fine()).unwrap();
            let fit: FittedSplit = split.fit(&statistics.finish(), None, number(threads)).unwrap().into();
            let signals = case.teacher.signals();
            let targets = fit.targets(&signals, case.fine(), TargetSettings::default(), number(threads));
            (fit.to_bytes(), targets.unwrap())
        };
        assert!(run(1) == run(2), "{}", split.name());
    }
}

/// Distances by hand, in f64, from the definition.
#[test]
fn cluster_targets_follow_the_definition() {
    let case = Case::new(300, 8, 2, 3);
    let split = KmeansSettings { subclasses: number(3), ..KmeansSettings::default() };
    let fit: ClusterFit = downcast(&case.fit(&split.into()));
    let targets = case.targets(&fit.clone().into(), 0.2);
    let weight: Vec<f64> = (0..8)
        .map(|j| f64::from(case.teacher.head.weight()[8 + j] - case.teacher.head.weight()[j]))
        .collect();
    let length = dot(&weight, &weight);
    let moments = case.teacher.moments();
    let inner = |row: usize, class: usize| -> Vec<f64> {
        let embedding = case.teacher.embeddings[row * 8..][..8].iter().map(|&x| f64::from(x));
        let centred: Vec<f64> = embedding.zip(moments.mean(class)).map(|(x, m)| x - m).collect();
        let share = dot(&centred, &weight) / length;
        centred.iter().zip(&weight).map(|(x, w)| x - share * w).collect()
    };
    let members = |class: usize| {
        (0..300).filter(|row| argmax(&case.teacher.logits[row * 2..][..2]) == class).collect::<Vec<_>>()
    };
    for class in 0..2 {
        let radius =
            members(class).iter().map(|&row| dot(&inner(row, class), &inner(row, class))).sum::<f64>()
                / members(class).len() as f64;
        assert!((fit.findings()[class].radius / radius - 1.0).abs() < 1e-5);
        assert_eq!(fit.findings()[class].sizes.iter().sum::<u64>(), members(class).len() as u64);
        for row in 0..300 {
            let distance = |s: usize| -> f64 {
                let centre = &fit.centres()[(class * 3 + s) * 8..][..8];
                inner(row, class).iter().zip(centre).map(|(x, &q)| (x - f64::from(q)).powi(2)).sum()
            };
            let weights: Vec<f64> = (0..3).map(|s| (-distance(s) / radius / 0.2).exp()).collect();
            let target = &targets[row * 6 + class * 3..][..3];
            let p: f32 = target.iter().sum();
            for (t, weight) in target.iter().zip(&weights) {
                let expected = f64::from(p) * weight / weights.iter().sum::<f64>();
                assert!((f64::from(*t) - expected).abs() < 1e-4, "{t} {expected}");
            }
        }
    }
}

#[test]
fn the_null_space_keeps_the_head_out_of_clusters() {
    let case = Case::new(300, 8, 2, 3);
    for null_space in [true, false] {
        let settings = KmeansSettings { subclasses: number(3), null_space, ..KmeansSettings::default() };
        let fit: ClusterFit = downcast(&case.fit(&settings.into()));
        let weight = case.teacher.head.weight();
        let reads = |centre: &[f32]| -> f32 { (0..8).map(|j| centre[j] * (weight[8 + j] - weight[j])).sum() };
        let most = fit.centres().chunks(8).map(|centre| reads(centre).abs()).fold(0.0, f32::max);
        assert_eq!(most < 1e-5, null_space, "{most}");
    }
}

#[test]
fn random_directions_are_orthonormal_in_the_null_space_and_report_their_variance() {
    let case = Case::new(300, 9, 2, 4);
    let fit: DirectionsFit = downcast(&case.fit(&named("random-projection", 4)));
    let moments = case.teacher.moments();
    for (class, directions) in fit.directions().chunks(4 * 9).enumerate() {
        let covariance = moments.covariance(class);
        for (s, direction) in directions.chunks(9).enumerate() {
            for (other, second) in directions.chunks(9).enumerate() {
                let expected = f64::from(u8::from(s == other));
                assert!((dot(direction, second) - expected).abs() < 1e-10);
            }
            let read: f64 = (0..9)
                .map(|j| {
                    direction[j]
                        * f64::from(case.teacher.head.weight()[9 + j] - case.teacher.head.weight()[j])
                })
                .sum();
            assert!(read.abs() < 1e-6);
            let variance: f64 =
                covariance.chunks(9).zip(direction).map(|(row, d)| d * dot(row, direction)).sum();
            assert!((variance - fit.findings()[class].variance[s]).abs() < 1e-10);
        }
    }
}

#[test]
fn a_random_split_knows_nothing_of_the_embedding() {
    let case = Case::new(200, 6, 2, 4);
    let fit = case.fit(&named("random-subclass", 4));
    let mut other = Case::new(200, 6, 2, 4);
    other.teacher.embeddings.reverse();
    assert_eq!(case.targets(&fit, 0.3), other.targets(&fit, 0.3));
}

#[test]
fn the_oracle_gives_a_row_its_fine_label_and_splits_the_unknown_evenly() {
    let case = Case::new(300, 6, 2, 3);
    let fit = case.fit(&oracle());
    let oracle: OracleFit = downcast(&fit);
    assert_eq!(oracle.fine_labels().iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    let probabilities = softmax(&case.teacher.logits, 2).unwrap();
    for ((target, p), &fine) in
        case.targets(&fit, 1e-3).chunks(6).zip(probabilities.chunks(2)).zip(&case.fine)
    {
        for class in 0..2 {
            let own: &[f32] = &target[class * 3..][..3];
            let known = oracle.fine_labels()[class]
                .iter()
                .position(|(label, _)| i64::from(*label) == i64::from(fine));
            let labels = oracle.fine_labels()[class].len();
            for (s, t) in own.iter().enumerate() {
                let share = match known {
                    _ if s >= labels => 0.0,
                    Some(place) => f32::from(u8::from(place == s)),
                    None => 1.0 / labels as f32,
                };
                assert!((t - p[class] * share).abs() < 1e-6);
            }
        }
    }
}

// Bad input.

#[test]
fn classes_too_small_for_their_subclasses_are_refused_with_both_numbers() {
    let mut case = Case::new(20, 6, 2, 1);
    for (row, logits) in case.teacher.logits.chunks_mut(2).enumerate() {
        logits.copy_from_slice(if row < 2 { &[0.0, 1.0] } else { &[1.0, 0.0] });
    }
    for split in &splits(4)[..6] {
        let error = split.fit(&case.statistics(split), None, ONE).unwrap_err();
        assert_eq!(error, FitError::ClassTooSmall { class: 1, rows: 2, subclasses: 4 }, "{}", split.name());
    }
}

#[test]
fn an_oracle_without_fine_labels_says_so() {
    let case = Case::new(100, 6, 2, 2);
    let mut statistics = SplitStatisticsBuilder::new(oracle().requirements(), 2, 6, ONE);
    let refused = statistics.add(&case.teacher.signals(), Members::Teacher, None).unwrap_err();
    assert_eq!(refused, FitError::NoFineLabels);
    let fit = case.fit(&oracle());
    let refused = fit.targets(&case.teacher.signals(), None, TargetSettings::default(), ONE).unwrap_err();
    assert_eq!(refused, FitError::NoFineLabels);
    let only_first: Vec<i32> = case.fine.iter().map(|&fine| if fine > 1 { -1 } else { fine }).collect();
    let fine = FineLabels::new(&only_first, 2).unwrap();
    statistics.add(&case.teacher.signals(), Members::Teacher, Some(fine)).unwrap();
    let refused = oracle().fit(&statistics.finish(), None, ONE).unwrap_err();
    assert_eq!(refused, FitError::NoFineLabelsOfClass { class: 1 });
    assert!(FineLabels::new(&[0, 2], 2).is_err() && FineLabels::new(&[-2], 2).is_err());
}

#[test]
fn statistics_of_another_split_are_refused() {
    let case = Case::new(100, 6, 2, 2);
    let [lelp, kmeans_split, agglomerative, random, oracle] =
        ["lelp", "kmeans", "agglomerative", "random-subclass", "oracle"].map(|name| named(name, 2));
    let of_random = case.statistics(&random);
    for split in [&lelp, &kmeans_split, &oracle] {
        assert!(!of_random.satisfy(split.requirements()));
        let refused = split.fit(&of_random, None, ONE).unwrap_err();
        assert!(matches!(refused, FitError::MissingStatistics { .. }), "{refused}");
    }
    let mut kmeans = case.statistics(&kmeans_split);
    let serves =
        |statistics: &SplitStatistics, split: &MakerSettings| statistics.satisfy(split.requirements());
    assert!(serves(&kmeans, &lelp) && serves(&kmeans, &agglomerative)); // it holds all rows
    let few = KmeansSettings { sample: number(10), ..KmeansSettings::default() };
    let seeded: MakerSettings = KmeansSettings { seed: 1, ..few.clone() }.into();
    let few: MakerSettings = few.into();
    assert!(!serves(&kmeans, &few) && serves(&case.statistics(&few), &few));
    assert!(!serves(&case.statistics(&few), &seeded));
    assert!(kmeans.merge(&case.statistics(&agglomerative)).is_err());
    assert!(kmeans.merge(&of_random).is_err());
}

#[test]
fn a_perplexity_that_is_no_number_of_neighbours_is_refused() {
    for value in [0.0, f64::NAN, f64::INFINITY] {
        assert!(Perplexity::new(value).is_err(), "{value}");
        let refused = named("tsne-kmeans", 2).with("perplexity", value).unwrap_err();
        assert!(!refused.to_string().is_empty(), "{refused}");
    }
}

#[test]
fn defaults_are_what_their_documentation_says() {
    assert_eq!(KmeansSettings::default().sample.get(), 262_144);
    assert_eq!(AgglomerativeSettings::default().sample.get(), 4096);
    assert_eq!(TsneKmeansSettings::default().perplexity.get(), 30.0);
}

#[test]
fn constant_embeddings_split_evenly() {
    let mut case = Case::new(60, 6, 2, 3);
    case.teacher.embeddings.fill(0.25);
    for split in &splits(3)[..5] {
        let targets = case.targets(&case.fit(split), 0.1);
        for split in targets.chunks(3) {
            assert!(split.iter().all(|t| (t - split[0]).abs() < 1e-6), "{split:?}");
        }
    }
}
