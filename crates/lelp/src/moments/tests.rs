//! Moments against plain two-pass `f64`, and merged against whole.

use proptest::prelude::*;

use super::*;
use crate::signals::{Embeddings, SignalsParts};
use crate::testing::{ONE, noise, number};

fn signals<'a>(
    embeddings: &'a [f32],
    width: usize,
    logits: &'a [f32],
    labels: Option<&'a [i32]>,
) -> Signals<'a> {
    let embeddings = Embeddings::F32(embeddings);
    Signals::new(SignalsParts { embeddings, width, logits, classes: 2, labels, first_row: 0 }).unwrap()
}

fn moments_of(signals: &Signals, threads: usize) -> ClassMoments {
    let mut moments = MomentsBuilder::new(2, signals.width(), number(threads));
    moments.add(signals, Members::Teacher).unwrap();
    moments.finish()
}

/// Mean and covariance of a class by the definition.
fn plain(embeddings: &[f32], width: usize, logits: &[f32], class: usize) -> (Vec<f64>, Vec<f64>) {
    let rows: Vec<&[f32]> = (embeddings.chunks(width).zip(logits.chunks(2)))
        .filter_map(|(row, logits)| (argmax(logits) == class).then_some(row))
        .collect();
    let mean: Vec<f64> = (0..width)
        .map(|j| rows.iter().map(|row| f64::from(row[j])).sum::<f64>() / rows.len() as f64)
        .collect();
    let mut covariance = vec![0.0; width * width];
    for row in &rows {
        let centred: Vec<f64> = row.iter().zip(&mean).map(|(x, m)| f64::from(*x) - m).collect();
        for i in 0..width {
            for j in 0..width {
                covariance[i * width + j] += centred[i] * centred[j] / (rows.len() as f64 - 1.0);
            }
        }
    }
    (mean, covariance)
}

/// Variances are about 1/3; a large common offset must cost nothing.
fn assert_close_to_plain(rows: usize, width: usize, offset: f32, tolerance: f64) {
    let embeddings: Vec<f32> = noise(rows * width, 5).iter().map(|x| offset + x).collect();
    let logits = noise(rows * 2, 6);
    let moments = moments_of(&signals(&embeddings, width, &logits, None), 2);
    for class in 0..2 {
        let (mean, covariance) = plain(&embeddings, width, &logits, class);
        for (found, expected) in moments.mean(class).iter().zip(mean) {
            assert!(
                (found - expected).abs() < 1e-12 * f64::from(offset).abs().max(1.0),
                "{found} {expected}"
            );
        }
        for (found, expected) in moments.covariance(class).iter().zip(covariance) {
            assert!(
                (found - expected).abs() < tolerance,
                "{found} {expected} at {rows} x {width} + {offset}"
            );
        }
    }
}

#[test]
fn small_data_has_the_moments_of_plain_f64() {
    for (rows, width) in [(6, 1), (9, 64), (63, 7), (64, 8), (65, 9), (2500, 3)] {
        for offset in [0.0, 1000.0] {
            assert_close_to_plain(rows, width, offset, 1e-12);
        }
    }
}

#[test]
fn large_data_has_the_moments_of_plain_f64_within_f32_rounding_whatever_the_offset() {
    for offset in [0.0, 1.0, 1000.0, -30_000.0] {
        assert_close_to_plain(20_000, 19, offset, 3e-7); // 1e-6 of the variance, 1/3
    }
}

#[test]
fn members_by_label_leave_unlabelled_rows_out() {
    let embeddings = [1.0, 5.0, 2.0, 9.0];
    let labels = [1, -1, 1, 0];
    let labelled = signals(&embeddings, 1, &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0], Some(&labels));
    let mut moments = MomentsBuilder::new(2, 1, ONE);
    moments.add(&labelled, Members::Label).unwrap();
    let unlabelled = signals(&embeddings, 1, &[0.0; 8], None);
    assert_eq!(moments.add(&unlabelled, Members::Label), Err(FitError::NoLabels { rows: 4 }));
    let moments = moments.finish();
    assert_eq!((moments.count(0), moments.count(1)), (1, 2));
    assert_eq!((moments.mean(1), moments.covariance(1)), (&[1.5][..], vec![0.5]));
}

/// Above 4096 rows a class, so that blocks of both precisions take part; cuts within blocks and at their ends.
#[test]
fn neither_cuts_nor_threads_change_a_bit() {
    let (rows, width) = (13_000, 6);
    let embeddings: Vec<f32> = noise(rows * width, 5).iter().map(|x| 3.0 + x).collect();
    let logits: Vec<f32> = noise(rows * 2, 6).chunks(2).flat_map(|pair| [pair[0] + 0.4, pair[1]]).collect();
    let whole = moments_of(&signals(&embeddings, width, &logits, None), 1);
    assert!(whole.count(0) > 6 * 1024 && whole.count(1) > 3 * 1024);
    for (threads, part) in [(2, rows), (3, rows), (1, 2048), (2, 1024), (2, 5000), (8, 77), (2, 1)] {
        let mut moments = MomentsBuilder::new(2, width, number(threads));
        for (embeddings, logits) in embeddings.chunks(part * width).zip(logits.chunks(part * 2)) {
            moments.add(&signals(embeddings, width, logits, None), Members::Teacher).unwrap();
        }
        assert!(moments.finish() == whole, "{threads} threads, parts of {part} rows");
    }
}

/// Squares of such deviations leave the range of `f32`, and those of one column do not vanish beside another's.
#[test]
fn deviations_beyond_single_precision_keep_their_moments_in_large_data() {
    let (rows, width) = (12_000, 2);
    for scale in [1e-30_f32, 1e17] {
        let embeddings: Vec<f32> = noise(rows * width, 5).iter().map(|x| scale * x).collect();
        let logits = noise(rows * 2, 6);
        let moments = moments_of(&signals(&embeddings, width, &logits, None), 2);
        let (_, covariance) = plain(&embeddings, width, &logits, 1);
        for (found, expected) in moments.covariance(1).iter().zip(covariance) {
            assert!((found - expected).abs() < 1e-11 * f64::from(scale).powi(2), "{found} {expected}");
        }
    }
}

proptest! {
    #[test]
    fn merged_moments_equal_whole_ones(rows in 1_usize..90, width in 1_usize..12, cut in 0_usize..90, seed: u64) {
        let embeddings: Vec<f32> = noise(rows * width, seed).iter().map(|x| x + 100.0).collect();
        let logits = noise(rows * 2, seed ^ 1);
        let cut = cut.min(rows);
        let part = |range: std::ops::Range<usize>| {
            let embeddings = &embeddings[range.start * width..range.end * width];
            moments_of(&signals(embeddings, width, &logits[range.start * 2..range.end * 2], None), 1)
        };
        let mut merged = part(0..cut);
        merged.merge(&part(cut..rows)).unwrap();
        let whole = part(0..rows);
        for class in 0..2 {
            prop_assert_eq!(merged.count(class), whole.count(class));
            for (a, b) in merged.mean(class).iter().zip(whole.mean(class)) {
                prop_assert!((a - b).abs() < 1e-11);
            }
            for (a, b) in merged.covariance(class).iter().zip(whole.covariance(class)) {
                prop_assert!((a - b).abs() < 1e-11, "{} {}", a, b);
            }
        }
    }
}
