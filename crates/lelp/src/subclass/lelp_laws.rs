//! Laws of the LELP fit and its targets, in absolute units, at awkward sizes.

use half::f16;

use super::{
    Beta, DirectionsFit, FittedSplit, HeadSource, LelpSettings, SubclassFit, TargetSettings, Temperature,
    split_entropy,
};
use crate::collapse::softmax;
use crate::error::{FitError, ShapeError};
use crate::linalg::dot;
use crate::moments::{Members, MomentsBuilder, argmax};
use crate::rotation::Rotation;
use crate::signals::{Embeddings, Head, Signals, SignalsParts, logits_of_probabilities, logits_of_sigmoid};
use crate::testing::{ONE, Teacher, noise, number, variance};

/// Rows, width, classes, subclasses: at and around powers of two, few rows, no dimension to spare.
const SIZES: [(usize, usize, usize, usize); 7] = [
    (12, 2, 2, 1),
    (40, 5, 2, 4),
    (63, 64, 2, 3),
    (64, 63, 2, 8),
    (65, 17, 3, 4),
    (150, 12, 5, 8),
    (5, 3, 2, 1),
];

const ROTATIONS: [Rotation; 3] = [Rotation::Random, Rotation::Balanced, Rotation::None];

fn settings(subclasses: usize, rotation: Rotation) -> LelpSettings {
    LelpSettings { subclasses: number(subclasses), rotation, ..LelpSettings::default() }
}

/// Each teacher that has enough members, under each rotation.
fn for_each_case(check: impl Fn(&Teacher, &DirectionsFit)) {
    let mut fitted = 0;
    for (rows, width, classes, subclasses) in SIZES {
        let teacher = Teacher::new(rows, width, classes, 0.0);
        for rotation in ROTATIONS {
            match settings(subclasses, rotation).fit_moments(&teacher.moments(), Some(&teacher.head), ONE) {
                Ok(fit) => check(&teacher, &fit),
                Err(FitError::ClassTooSmall { .. } | FitError::OneClass { .. }) => continue,
                Err(error) => panic!("{rows} x {width}: {error}"),
            }
            fitted += 1;
        }
    }
    assert!(fitted >= 15, "{fitted}");
}

/// Coordinates of the members of a class along `direction`, in `f64`, embedding units.
fn along(teacher: &Teacher, class: usize, direction: &[f64]) -> Vec<f64> {
    let rows = teacher.embeddings.chunks(teacher.width).zip(teacher.logits.chunks(teacher.classes));
    rows.filter(|(_, logits)| argmax(logits) == class)
        .map(|(row, _)| row.iter().zip(direction).map(|(x, d)| f64::from(*x) * d).sum())
        .collect()
}

#[test]
fn directions_are_orthonormal_within_a_class() {
    for_each_case(|teacher, fit| {
        for class in fit.directions().chunks(teacher.width * fit.per_class()) {
            for (i, a) in class.chunks(teacher.width).enumerate() {
                for (j, b) in class.chunks(teacher.width).enumerate() {
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((dot(a, b) - expected).abs() < 1e-10, "{i} {j} {}", dot(a, b));
                }
            }
        }
    });
}

#[test]
fn directions_are_orthogonal_to_the_differences_of_the_heads_rows() {
    for_each_case(|teacher, fit| {
        assert_eq!(fit.head_rank(), teacher.classes - 1);
        let rows: Vec<&[f32]> = teacher.head.weight().chunks(teacher.width).collect();
        for direction in fit.directions().chunks(teacher.width) {
            for row in &rows {
                let differences = row.iter().zip(rows[0]).map(|(a, b)| f64::from(*a) - f64::from(*b));
                let overlap: f64 = differences.zip(direction).map(|(w, d)| w * d).sum();
                assert!(overlap.abs() < 1e-10, "{overlap}");
            }
        }
    });
}

#[test]
fn reported_variances_are_the_variances_of_the_coordinates() {
    for_each_case(|teacher, fit| {
        let coordinates = fit.scores(&teacher.signals(), None, ONE).unwrap();
        for (class, report) in fit.findings().iter().enumerate() {
            for (subclass, reported) in report.variance.iter().enumerate() {
                let output = class * fit.per_class() + subclass;
                let direction = &fit.directions()[output * teacher.width..][..teacher.width];
                let exact = variance(&along(teacher, class, direction));
                assert!((reported - exact).abs() < 1e-10 * report.scale().powi(2), "{reported} {exact}");
                // The same of the f32 product, in units of the class's scale.
                let members = coordinates.chunks(fit.outputs()).zip(teacher.logits.chunks(teacher.classes));
                let members = members.filter(|(_, logits)| argmax(logits) == class);
                let column: Vec<f64> = members.map(|(row, _)| f64::from(row[output])).collect();
                assert!(column.iter().sum::<f64>().abs() < 1e-4 * column.len() as f64);
                assert!((variance(&column) - exact / report.scale().powi(2)).abs() < 1e-5);
            }
        }
    });
}

#[test]
fn the_principal_variances_are_the_largest_and_decrease() {
    for_each_case(|_, fit| {
        for report in fit.findings() {
            assert!(report.spectrum.is_sorted_by(|a, b| a >= b));
            let top: f64 = report.spectrum[..fit.per_class()].iter().sum();
            let kept: f64 = report.variance.iter().sum();
            assert!((top - kept).abs() < 1e-10 * top, "a rotation keeps the total: {top} {kept}");
            assert!((0.0..=1.0 + 1e-12).contains(&report.variance_kept()));
            assert!((1.0 - 1e-9..=report.spectrum.len() as f64 + 1e-9).contains(&report.effective_rank()));
        }
    });
}

#[test]
fn a_balanced_rotation_makes_all_variances_equal_to_1e_9() {
    for_each_case(|teacher, fit| {
        if fit.settings().to_json()["rotation"] != "balanced" {
            return;
        }
        for (class, directions) in fit.directions().chunks(teacher.width * fit.per_class()).enumerate() {
            let mean = fit.findings()[class].scale().powi(2);
            for direction in directions.chunks(teacher.width) {
                let found = variance(&along(teacher, class, direction));
                assert!((found - mean).abs() < 1e-9, "{found} {mean}");
            }
        }
    });
}

#[test]
fn without_rotation_the_largest_entry_of_each_direction_is_positive() {
    let teacher = Teacher::new(80, 9, 2, 0.0);
    let fit = teacher.fit(&settings(3, Rotation::None));
    for direction in fit.directions().chunks(9) {
        let magnitude = direction.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        assert!(direction.contains(&magnitude), "{direction:?}");
    }
}

#[test]
fn targets_sum_to_the_class_probabilities_and_one_subclass_is_ordinary_distillation() {
    for_each_case(|teacher, fit| {
        for (beta, temperature) in [(1e-30, 1.0), (0.1, 4.0), (1e30, 1e-3)] {
            let settings = TargetSettings {
                beta: Beta::new(beta).unwrap(),
                temperature: Temperature::new(temperature).unwrap(),
            };
            let targets = fit.targets(&teacher.signals(), None, settings, ONE).unwrap();
            let scaled: Vec<f32> = teacher.logits.iter().map(|z| z / temperature as f32).collect();
            let probabilities = softmax(&scaled, teacher.classes).unwrap();
            for (split, p) in targets.chunks(fit.per_class()).zip(probabilities) {
                let sum: f32 = split.iter().sum();
                assert!((sum - p).abs() < 1e-4, "{sum} {p} at {beta}"); // logits were divided in f32
                assert!(split.iter().all(|t| (0.0..=1.0).contains(t)));
            }
        }
    });
}

#[test]
fn one_subclass_gives_the_probabilities_themselves() {
    let teacher = Teacher::new(50, 6, 3, 0.0);
    let fit = teacher.fit(&settings(1, Rotation::Random));
    let targets = fit.targets(&teacher.signals(), None, TargetSettings::default(), ONE).unwrap();
    assert_eq!(targets, softmax(&teacher.logits, 3).unwrap());
}

#[test]
fn a_sharp_beta_picks_one_subclass_and_a_wide_one_splits_evenly() {
    let teacher = Teacher::new(50, 9, 2, 0.0);
    let fit = teacher.fit(&settings(4, Rotation::Balanced));
    let entropy = |beta| {
        let settings = TargetSettings { beta: Beta::new(beta).unwrap(), ..TargetSettings::default() };
        split_entropy(&fit.targets(&teacher.signals(), None, settings, ONE).unwrap(), 2, 4).unwrap()
    };
    assert!(entropy(1e-9) < 1e-9);
    assert!((entropy(1e9) - 2.0).abs() < 1e-6);
    assert!(entropy(0.1) < entropy(0.2));
}

/// Targets by hand, in f64, from the definition.
#[test]
fn targets_follow_the_definition() {
    let teacher = Teacher::new(60, 8, 2, 0.5);
    let fit = teacher.fit(&settings(3, Rotation::Random));
    let settings =
        TargetSettings { beta: Beta::new(0.3).unwrap(), temperature: Temperature::new(2.0).unwrap() };
    let targets = fit.targets(&teacher.signals(), None, settings, ONE).unwrap();
    let moments = teacher.moments();
    for (row, target) in targets.chunks(6).enumerate() {
        let embedding: Vec<f64> = teacher.embeddings[row * 8..][..8].iter().map(|&x| f64::from(x)).collect();
        let z = &teacher.logits[row * 2..][..2];
        for class in 0..2 {
            let p = 1.0 / (1.0 + ((f64::from(z[1 - class]) - f64::from(z[class])) / 2.0).exp());
            let centred: Vec<f64> = embedding.iter().zip(moments.mean(class)).map(|(x, m)| x - m).collect();
            let weight = |s: usize| {
                let direction = &fit.directions()[(class * 3 + s) * 8..][..8];
                (dot(&centred, direction) / fit.findings()[class].scale() / 0.3).exp()
            };
            for s in 0..3 {
                let expected = p * weight(s) / (weight(0) + weight(1) + weight(2));
                let found = f64::from(target[class * 3 + s]);
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
        }
    }
}

fn targets_of(teacher: &Teacher, head: Option<&Head>, logits: &[f32]) -> Vec<f32> {
    let signals =
        Signals::new(SignalsParts { logits, ..parts(&teacher.embeddings, teacher.width, logits) }).unwrap();
    let mut moments = MomentsBuilder::new(2, teacher.width, ONE);
    moments.add(&signals, Members::Teacher).unwrap();
    let fit = settings(3, Rotation::Random).fit_moments(&moments.finish(), head, ONE).unwrap();
    fit.targets(&signals, None, TargetSettings { beta: Beta::new(0.5).unwrap(), ..Default::default() }, ONE)
        .unwrap()
}

fn parts<'a>(embeddings: &'a [f32], width: usize, logits: &'a [f32]) -> SignalsParts<'a> {
    let embeddings = Embeddings::F32(embeddings);
    SignalsParts { embeddings, width, logits, classes: 2, labels: None, first_row: 0 }
}

#[test]
fn one_logit_two_logit_and_probability_only_teachers_give_the_same_targets() {
    let teacher = Teacher::new(200, 7, 2, 0.0);
    let difference: Vec<f32> =
        (0..7).map(|j| teacher.head.weight()[7 + j] - teacher.head.weight()[j]).collect();
    let one: Vec<f32> = teacher.logits.chunks(2).map(|z| z[1] - z[0]).collect();
    let probabilities = softmax(&teacher.logits, 2).unwrap();

    let two_logits = targets_of(&teacher, Some(&teacher.head), &teacher.logits);
    let one_logit = Head::new(&difference, &[0.0], 7).unwrap();
    let one_logit = targets_of(&teacher, Some(&one_logit), &logits_of_sigmoid(&one));
    let estimated = targets_of(&teacher, None, &teacher.logits);
    let only_probabilities = targets_of(&teacher, None, &logits_of_probabilities(&probabilities, 2).unwrap());
    for ((a, b), (c, d)) in two_logits.iter().zip(one_logit).zip(estimated.iter().zip(only_probabilities)) {
        assert!((a - b).abs() < 1e-5 && (a - c).abs() < 1e-4 && (a - d).abs() < 1e-4, "{a} {b} {c} {d}");
    }
}

#[test]
fn an_estimated_head_is_said_to_be_and_explains_linear_logits() {
    let teacher = Teacher::new(200, 7, 2, 3.0);
    let fit = LelpSettings::default().fit_moments(&teacher.moments(), None, ONE).unwrap();
    let HeadSource::Estimated { explained } = fit.head_source() else { panic!("{:?}", fit.head_source()) };
    assert!((explained - 1.0).abs() < 1e-6, "{explained}");
    assert_eq!(fit.head_rank(), 1);
    assert_eq!(teacher.fit(&LelpSettings::default()).head_source(), HeadSource::Given);
}

#[test]
fn row_order_changes_nothing() {
    let teacher = Teacher::new(300, 8, 2, 1.0);
    let signals = teacher.signals();
    let fit = teacher.fit(&settings(4, Rotation::Balanced));
    let mut turned = Teacher::new(300, 8, 2, 1.0);
    let back =
        |values: &[f32], columns| -> Vec<f32> { values.chunks(columns).rev().flatten().copied().collect() };
    turned.embeddings = back(&teacher.embeddings, 8);
    turned.logits = back(&teacher.logits, 2);
    let other = turned.fit(&settings(4, Rotation::Balanced));
    let targets = fit.targets(&signals, None, TargetSettings::default(), ONE).unwrap();
    let others = other.targets(&turned.signals(), None, TargetSettings::default(), ONE).unwrap();
    for (a, b) in targets.iter().zip(back(&others, 8)) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
}

/// Above 4096 rows a class, so that f32 blocks and several segments take part.
#[test]
fn the_bytes_are_the_same_with_any_number_of_threads() {
    let teacher = Teacher::new(40_000, 5, 2, 1.0);
    let run = |threads| {
        let threads = number(threads);
        let mut moments = MomentsBuilder::new(2, 5, threads);
        moments.add(&teacher.signals(), Members::Teacher).unwrap();
        let fit = settings(3, Rotation::Random).fit_moments(&moments.finish(), None, threads).unwrap();
        let targets = fit.targets(&teacher.signals(), None, TargetSettings::default(), threads).unwrap();
        (FittedSplit::from(fit).to_bytes(), targets)
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn half_precision_embeddings_give_the_targets_of_their_values() {
    let mut teacher = Teacher::new(100, 6, 2, 0.0);
    let halves: Vec<f16> = teacher.embeddings.iter().map(|&x| f16::from_f32(x)).collect();
    teacher.embeddings = halves.iter().map(|x| x.to_f32()).collect();
    let embeddings = Embeddings::F16(&halves);
    let signals = Signals::new(SignalsParts { embeddings, ..parts(&[], 6, &teacher.logits) }).unwrap();
    let mut moments = MomentsBuilder::new(2, 6, ONE);
    moments.add(&signals, Members::Teacher).unwrap();
    assert_eq!(moments.finish(), teacher.moments());
    let fit = teacher.fit(&LelpSettings::default());
    let of_halves = fit.targets(&signals, None, TargetSettings::default(), ONE).unwrap();
    assert_eq!(of_halves, fit.targets(&teacher.signals(), None, TargetSettings::default(), ONE).unwrap());
}

#[test]
fn seeds_and_classes_have_rotations_of_their_own() {
    let teacher = Teacher::new(100, 9, 2, 0.0);
    let with_seed = |seed| teacher.fit(&LelpSettings { seed, ..settings(4, Rotation::Random) });
    assert_eq!(with_seed(3), with_seed(3));
    assert_ne!(with_seed(3).directions(), with_seed(4).directions());
}

// Degenerate embeddings.

/// Every direction finite and of unit length, every target a share: nothing broke.
fn assert_whole(fit: &DirectionsFit, teacher: &Teacher) {
    for direction in fit.directions().chunks(teacher.width) {
        assert!((dot(direction, direction) - 1.0).abs() < 1e-10);
    }
    let targets = fit.targets(&teacher.signals(), None, TargetSettings::default(), ONE).unwrap();
    for row in targets.chunks(fit.outputs()) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
    }
}

#[test]
fn constant_embeddings_split_evenly() {
    let mut teacher = Teacher::new(60, 6, 2, 0.0);
    teacher.embeddings.fill(0.1);
    for head in [Some(&teacher.head), None] {
        let fit = LelpSettings::default().fit_moments(&teacher.moments(), head, ONE).unwrap();
        assert_whole(&fit, &teacher);
        assert!(fit.scores(&teacher.signals(), None, ONE).unwrap().iter().all(|u| *u == 0.0));
        for report in fit.findings() {
            assert_eq!((report.scale(), report.effective_rank(), report.variance_kept()), (0.0, 0.0, 0.0));
        }
    }
}

#[test]
fn embeddings_of_two_values_have_one_direction_of_variance() {
    let mut teacher = Teacher::new(60, 6, 2, 0.0);
    let values = noise(24, 9);
    let mut seen = [0, 0];
    for (row, logits) in teacher.embeddings.chunks_mut(6).zip(teacher.logits.chunks(2)) {
        let class = argmax(logits);
        row.copy_from_slice(&values[(class * 2 + seen[class] % 2) * 6..][..6]);
        seen[class] += 1;
    }
    for rotation in ROTATIONS {
        let fit = teacher.fit(&settings(4, rotation));
        assert_whole(&fit, &teacher);
        for report in fit.findings() {
            assert!((report.effective_rank() - 1.0).abs() < 1e-6, "{}", report.effective_rank());
            assert!((report.variance_kept() - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn tiny_and_huge_embeddings_have_the_targets_of_middling_ones() {
    let teacher = Teacher::new(9000, 6, 2, 0.0);
    let fit = teacher.fit(&LelpSettings::default());
    let expected = fit.targets(&teacher.signals(), None, TargetSettings::default(), ONE).unwrap();
    for scale in [1e-30_f32, 1e-6, 1e17] {
        let mut scaled = Teacher::new(9000, 6, 2, 0.0);
        scaled.embeddings.iter_mut().for_each(|x| *x *= scale);
        let fit = scaled.fit(&LelpSettings::default());
        let targets = fit.targets(&scaled.signals(), None, TargetSettings::default(), ONE).unwrap();
        for (a, b) in targets.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-3, "{a} {b} at {scale}");
        }
    }
}

#[test]
fn near_collinear_embeddings_break_neither_the_fit_nor_the_estimated_head() {
    let mut teacher = Teacher::new(200, 8, 2, 0.0);
    for row in teacher.embeddings.chunks_mut(8) {
        row[5] = row[0] + 1e-6 * row[5];
        row[6] = row[0] - row[1];
        row[7] = row[1];
    }
    teacher.answer();
    for head in [Some(&teacher.head), None] {
        let fit = LelpSettings::default().fit_moments(&teacher.moments(), head, ONE).unwrap();
        assert_whole(&fit, &teacher);
        if let HeadSource::Estimated { explained } = fit.head_source() {
            assert!(explained > 0.999, "{explained}");
        }
    }
}

// Bad input.

#[test]
fn a_class_of_two_rows_is_refused_with_both_numbers() {
    let mut teacher = Teacher::new(20, 6, 2, 0.0);
    for (row, logits) in teacher.logits.chunks_mut(2).enumerate() {
        logits.copy_from_slice(if row < 2 { &[0.0, 1.0] } else { &[1.0, 0.0] });
    }
    let error = settings(4, Rotation::None).fit_moments(&teacher.moments(), None, ONE).unwrap_err();
    assert_eq!(error, FitError::ClassTooSmall { class: 1, rows: 2, subclasses: 4 });
    assert!(error.to_string().starts_with("class 1 has 2 rows, but 4 subclasses need at least 5"));
}

#[test]
fn one_class_is_refused() {
    let mut teacher = Teacher::new(20, 6, 2, 0.0);
    teacher.logits.fill(1.0);
    let error = settings(4, Rotation::None).fit_moments(&teacher.moments(), None, ONE).unwrap_err();
    assert_eq!(error, FitError::OneClass { class: 0, rows: 20, classes: 2 });
}

#[test]
fn a_narrow_embedding_is_refused_with_both_numbers() {
    let teacher = Teacher::new(40, 4, 2, 0.0);
    let fit = |null_space| {
        let settings = LelpSettings { null_space, ..settings(4, Rotation::None) };
        settings.fit_moments(&teacher.moments(), Some(&teacher.head), ONE)
    };
    assert_eq!(fit(true).unwrap_err(), FitError::TooNarrow { width: 4, rank: 1, subclasses: 4 });
    assert_eq!(fit(false).unwrap().head_source(), HeadSource::Unused);
}

#[test]
fn a_head_or_signals_of_other_shape_are_refused() {
    let teacher = Teacher::new(40, 6, 2, 0.0);
    let wide = Teacher::new(40, 7, 2, 0.0);
    let error = LelpSettings::default().fit_moments(&teacher.moments(), Some(&wide.head), ONE).unwrap_err();
    assert_eq!(error, FitError::Shape(ShapeError { what: "width of the head", found: 7, expected: 6 }));
    let fit = teacher.fit(&LelpSettings::default());
    let error = fit.targets(&wide.signals(), None, TargetSettings::default(), ONE).unwrap_err();
    assert_eq!(error, FitError::Shape(ShapeError { what: "width of the signals", found: 7, expected: 6 }));
}

#[test]
fn settings_that_divide_by_nothing_cannot_be_built() {
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Beta::new(value).is_err() && Temperature::new(value).is_err());
        assert!(serde_json::from_str::<TargetSettings>(r#"{"beta": 0}"#).is_err());
    }
    let error = Temperature::new(0.0).unwrap_err().to_string();
    assert_eq!(error, "temperature is 0: use a finite number above 0");
    assert!(serde_json::from_str::<LelpSettings>(r#"{"subclasses": 0}"#).is_err());
}
