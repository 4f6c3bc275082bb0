//! Inner loops over `f32`, shared by prediction and training.
//!
//! Sums run in fixed lanes and use no fused multiply-add, so that every processor gives the same bits.

// Loops must be compiled inside the function that may use AVX2, so they have to be inlined there.
#![allow(clippy::inline_always)]

use std::array::from_fn;
use std::hint::black_box;

use multiversion::multiversion;

/// Lanes of a dot product: two AVX registers, to hide the latency of the additions.
const LANES: usize = 16;

/// Columns that stay in registers while rows are added up: eight AVX registers.
const COLUMNS: usize = 64;

/// Inputs that share one pass over a weight: with 16 lanes each, their sums fill half the AVX registers.
const INPUTS: usize = 4;

/// Prefetches the cache lines of `values[start..start + length]`; does nothing where there are no such values.
#[inline(always)]
pub fn prefetch(values: &[f32], start: usize, length: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(values) = values.get(start..start.saturating_add(length)) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        for line in values.chunks(16) {
            // SAFETY: a prefetch reads nothing that the program can see, and the address is inside the slice.
            #[allow(unsafe_code, reason = "the standard library has no safe prefetch")]
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, start, length);
}

/// Dot product of two slices of one length.
#[inline(always)]
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let [sum] = dots(a, [b]);
    sum
}

/// Dot products of `a` with several slices of its length; each has the bits that it has alone.
#[inline(always)]
#[must_use]
pub fn dots<const N: usize>(a: &[f32], others: [&[f32]; N]) -> [f32; N] {
    let mut lanes = [[0.0_f32; LANES]; N];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let blocks = others.map(|other| &other.as_chunks::<LANES>().0[..a_blocks.len()]);
    for (place, a) in a_blocks.iter().enumerate() {
        for n in 0..N {
            let b = &blocks[n][place];
            for lane in 0..LANES {
                lanes[n][lane] += a[lane] * b[lane];
            }
        }
    }
    // Out through memory: without it the compiler folds the lanes into the scalar sum below and loses
    // the wide registers in the loop above (seen in its output with rustc 1.95; a third of the speed).
    let lanes = black_box(lanes);
    from_fn(|n| {
        let rest = &others[n][a.len() - a_rest.len()..];
        add_up(&lanes[n]) + a_rest.iter().zip(rest).map(|(a, b)| a * b).sum::<f32>()
    })
}

/// Sum of the lanes, as a tree.
#[inline(always)]
#[must_use]
pub fn add_up(lanes: &[f32; LANES]) -> f32 {
    let eight: [f32; 8] = from_fn(|lane| lanes[lane] + lanes[lane + 8]);
    let four: [f32; 4] = from_fn(|lane| eight[lane] + eight[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Sum of `term(i)` for `i` in `0..length`, in fixed lanes.
#[inline(always)]
pub fn sum(length: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let whole = length / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, total) in lanes.iter_mut().enumerate() {
            *total += term(start + lane);
        }
    }
    // Out through memory, so that the loop above keeps its wide registers (see `dots`).
    let lanes = black_box(lanes);
    let mut total = 0.0;
    for pair in 0..LANES / 2 {
        total += lanes[pair] + lanes[pair + LANES / 2];
    }
    (whole..length).fold(total, |total, place| total + term(place))
}

/// `sum += factor * row`.
#[inline(always)]
pub fn add_scaled(sum: &mut [f32], factor: f32, row: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += factor * value;
    }
}

/// `sum` = the sum of `factor * row` over `terms`, in their order; rows are at least as long as `sum`.
#[inline(always)]
pub fn weighted_sum<'a>(sum: &mut [f32], terms: impl Iterator<Item = (f32, &'a [f32])> + Clone) {
    let (blocks, rest) = sum.as_chunks_mut::<COLUMNS>();
    let mut start = 0;
    for block in blocks {
        // A local array, so that it stays in registers.
        let mut total = [0.0_f32; COLUMNS];
        for (factor, row) in terms.clone() {
            let row = &row[start..][..COLUMNS];
            for column in 0..COLUMNS {
                total[column] += factor * row[column];
            }
        }
        *block = total;
        start += COLUMNS;
    }
    rest.fill(0.0);
    for (factor, row) in terms {
        add_scaled(rest, factor, &row[start..]);
    }
}

/// Mean of the rows `ids` of `table` `[buckets, width]` into `mean` `[width]`; zero where there are none.
#[multiversion(targets("x86_64+avx2"))]
pub fn mean_of_rows(table: &[f32], ids: &[u32], mean: &mut [f32]) {
    let width = mean.len();
    let share = 1.0 / ids.len().max(1) as f32;
    weighted_sum(mean, ids.iter().map(|&id| (share, &table[id as usize * width..][..width])));
}

/// Prefetches the rows `ids` of `table`, which will be needed soon.
#[multiversion(targets("x86_64+avx2"))]
pub fn prefetch_rows(table: &[f32], width: usize, ids: &[u32]) {
    for &id in ids {
        prefetch(table, id as usize * width, width);
    }
}

/// As [`mean_of_rows`] over a table of `i8` with a scale a row.
#[multiversion(targets("x86_64+avx2"))]
pub fn mean_of_quantized_rows(table: &[i8], scales: &[f32], ids: &[u32], mean: &mut [f32]) {
    let width = mean.len();
    mean.fill(0.0);
    for &id in ids {
        let row = &table[id as usize * width..][..width];
        let scale = scales[id as usize];
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += scale * f32::from(*value);
        }
    }
    let scale = 1.0 / ids.len().max(1) as f32;
    for value in mean {
        *value *= scale;
    }
}

/// As [`mean_of_quantized_rows`] over rows of half a byte a value, the first of two in the lower half of a byte, each in two's
/// complement; a row takes whole bytes.
#[multiversion(targets("x86_64+avx2"))]
pub fn mean_of_nibble_rows(table: &[u8], scales: &[f32], ids: &[u32], mean: &mut [f32]) {
    let bytes = mean.len().div_ceil(2);
    mean.fill(0.0);
    for &id in ids {
        let row = &table[id as usize * bytes..][..bytes];
        let scale = scales[id as usize];
        for (pair, &byte) in mean.chunks_mut(2).zip(row) {
            let [low, high] = [(byte << 4).cast_signed() >> 4, byte.cast_signed() >> 4];
            pair[0] += scale * f32::from(low);
            if let Some(second) = pair.get_mut(1) {
                *second += scale * f32::from(high);
            }
        }
    }
    let scale = 1.0 / ids.len().max(1) as f32;
    for value in mean {
        *value *= scale;
    }
}

/// `outputs = inputs weight^T + bias`: `inputs` `[rows, width]`, `weight` `[outputs, width]`.
#[multiversion(targets("x86_64+avx2"))]
pub fn affine(width: usize, weight: &[f32], bias: &[f32], inputs: &[f32], outputs: &mut [f32]) {
    let blocks = inputs.chunks(INPUTS * width).zip(outputs.chunks_mut(INPUTS * bias.len()));
    for (inputs, outputs) in blocks {
        let row = |row: usize| &inputs[row * width..(row + 1) * width];
        let whole = inputs.len() == INPUTS * width;
        for (place, (weight, &bias_value)) in weight.chunks_exact(width).zip(bias).enumerate() {
            if whole {
                let sums: [f32; INPUTS] = dots(weight, from_fn(row));
                for (sum, outputs) in sums.into_iter().zip(outputs.chunks_exact_mut(bias.len())) {
                    outputs[place] = bias_value + sum;
                }
            } else {
                for (input, outputs) in inputs.chunks_exact(width).zip(outputs.chunks_exact_mut(bias.len())) {
                    outputs[place] = bias_value + dot(weight, input);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use super::*;

    #[test]
    fn sums_take_every_place_once() {
        for length in [0, 1, 15, 16, 17, 100] {
            let total = sum(length, |place| place as f32);
            assert!((total - (length * length.saturating_sub(1)) as f32 / 2.0).abs() < 1e-3);
        }
    }

    #[test]
    fn dots_and_means_agree_with_plain_sums_at_awkward_widths() {
        for width in [1, 7, 15, 16, 17, 63, 64, 65, 130] {
            let table: Vec<f32> = (0..5 * width).map(|i| ((i * 37 % 101) as f32 - 50.0) / 7.0).collect();
            let (a, b) = (&table[..width], &table[width..2 * width]);
            let plain: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((f64::from(dot(a, b)) - plain).abs() < 1e-3);

            let mut mean = vec![f32::NAN; width];
            mean_of_rows(&table, &[4, 0, 4], &mut mean);
            for column in 0..width {
                let plain = (2.0 * table[4 * width + column] + table[column]) / 3.0;
                assert!((mean[column] - plain).abs() < 1e-5);
            }
            mean_of_rows(&table, &[], &mut mean);
            assert!(mean.iter().all(|&value| value == 0.0));
        }
    }
}
