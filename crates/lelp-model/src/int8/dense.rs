//! Rows in 8 bits, and dense layers that multiply them.
//!
//! A row is `scale * (code - zero)` with codes 0 to 255 over its own range, a column of weights `scale * code` with codes
//! -127 to 127: a row's result is that of the row alone, whatever stands beside it.

// Loops must be compiled inside the function that may use wider registers, so they have to be inlined there.
#![allow(clippy::inline_always)]

use std::hint::black_box;

use multiversion::multiversion;

use super::tile::{self, COLUMNS, GROUP, ROWS};

/// Largest code of an input.
const MOST: f32 = 255.0;
/// Largest code of a weight: both signs reach as far.
const MOST_OF_WEIGHTS: f32 = 127.0;

/// Rows of inputs in 8 bits.
#[derive(Debug, Default)]
pub(super) struct QuantizedRows {
    /// `[rows, width]`, each row filled up to whole groups.
    codes: Vec<u8>,
    /// Codes of a row.
    stride: usize,
    scales: Vec<f32>,
    zeros: Vec<i32>,
}

impl QuantizedRows {
    /// Takes the rows `values` `[rows, width]` in place of those that are here.
    pub(super) fn set(&mut self, values: &[f32], width: usize) {
        self.stride = width.next_multiple_of(GROUP);
        let rows = values.len() / width;
        self.codes.resize(rows * self.stride, 0);
        self.scales.resize(rows, 0.0);
        self.zeros.resize(rows, 0);
        let places = self.scales.iter_mut().zip(&mut self.zeros);
        let rows = values.chunks_exact(width).zip(self.codes.chunks_exact_mut(self.stride));
        for ((values, codes), (scale, zero)) in rows.zip(places) {
            (*scale, *zero) = quantize(values, &mut codes[..width]);
        }
    }

    fn row(&self, row: usize) -> &[u8] {
        &self.codes[row * self.stride..][..self.stride]
    }
}

/// Codes of a row over its range, 0 among it; gives scale and zero.
#[allow(clippy::cast_sign_loss, reason = "codes are clamped to the range of a byte")]
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn quantize(values: &[f32], codes: &mut [u8]) -> (f32, i32) {
    // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = |value: f32| (value + ROUND).to_bits().wrapping_sub(ROUND.to_bits()).cast_signed();
    let (least, most) = range(values);
    let inverse = if most > least { MOST / (most - least) } else { 0.0 };
    let zero = rounded(-least * inverse);
    for (value, code) in values.iter().zip(codes) {
        *code = rounded(value * inverse).wrapping_add(zero).clamp(0, MOST as i32) as u8;
    }
    ((most - least) / MOST, zero)
}

/// Least and largest of `values` and 0.
#[inline(always)]
fn range(values: &[f32]) -> (f32, f32) {
    const LANES: usize = 16;
    let (mut least, mut most) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            least[lane] = if block[lane] < least[lane] { block[lane] } else { least[lane] };
            most[lane] = if block[lane] > most[lane] { block[lane] } else { most[lane] };
        }
    }
    // Out through memory, so that the loop above keeps its wide registers (see `lelp::vector::dots`).
    let (least, most) = black_box((least, most));
    let least = least.iter().chain(rest).copied().fold(0.0, f32::min);
    (least, most.iter().chain(rest).copied().fold(0.0, f32::max))
}

/// A dense layer `x weight^T + bias` with weights in 8 bits, a scale a column.
#[derive(Debug)]
pub(super) struct QuantizedDense {
    inputs: usize,
    outputs: usize,
    /// `[panels, groups, COLUMNS, GROUP]`.
    codes: Vec<i8>,
    /// Sums of the codes of each column, of whole panels as all below.
    sums: Vec<i32>,
    scales: Vec<f32>,
    bias: Vec<f32>,
}

impl QuantizedDense {
    /// Rounds `weight` `[outputs, inputs]`.
    pub(super) fn new(weight: &[f32], bias: &[f32]) -> Self {
        let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
        let (groups, columns) = (inputs.div_ceil(GROUP), outputs.next_multiple_of(COLUMNS));
        let mut dense = Self {
            inputs,
            outputs,
            codes: vec![0; groups * GROUP * columns],
            sums: vec![0; columns],
            scales: vec![0.0; columns],
            bias: vec![0.0; columns],
        };
        dense.bias[..outputs].copy_from_slice(bias);
        for (output, row) in weight.chunks_exact(inputs).enumerate() {
            let most = row.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            let inverse = if most > 0.0 { MOST_OF_WEIGHTS / most } else { 0.0 };
            dense.scales[output] = most / MOST_OF_WEIGHTS;
            let (panel, column) = (output / COLUMNS, output % COLUMNS);
            for (input, value) in row.iter().enumerate() {
                let code = (value * inverse).round() as i8;
                let group = panel * groups + input / GROUP;
                dense.codes[(group * COLUMNS + column) * GROUP + input % GROUP] = code;
                dense.sums[output] += i32::from(code);
            }
        }
        dense
    }

    /// Columns of the result.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// `[rows, outputs]` of all `rows`, into `result`.
    pub(super) fn apply(&self, rows: &QuantizedRows, result: &mut [f32]) {
        assert_eq!(rows.stride, self.inputs.next_multiple_of(GROUP), "inputs of a dense layer");
        assert_eq!(result.len(), rows.scales.len() * self.outputs, "outputs of a dense layer");
        #[cfg(target_arch = "x86_64")]
        if tile::is_fast() {
            // SAFETY: the processor was asked.
            unsafe { apply_vnni(self, rows, result) };
            return;
        }
        apply_portable(self, rows, result);
    }

    /// Finishes the sums of one tile: rows from `first` on, columns of `panel`.
    #[inline(always)]
    fn finish<const R: usize>(
        &self,
        tile: &[[i32; COLUMNS]; R],
        rows: &QuantizedRows,
        first: usize,
        panel: usize,
        result: &mut [f32],
    ) {
        let start = panel * COLUMNS;
        let columns = COLUMNS.min(self.outputs - start);
        let whole = start..start + COLUMNS;
        let (sums, scales) = (&self.sums[whole.clone()], &self.scales[whole.clone()]);
        let bias = &self.bias[whole];
        for (row, tile) in (first..).zip(tile) {
            let (scale, zero) = (rows.scales[row], rows.zeros[row]);
            let mut values = [0.0; COLUMNS];
            for column in 0..COLUMNS {
                let sum = tile[column].wrapping_sub(zero.wrapping_mul(sums[column])) as f32;
                values[column] = sum * (scale * scales[column]) + bias[column];
            }
            let result = &mut result[row * self.outputs + start..][..columns];
            match result.first_chunk_mut() {
                Some(whole) => *whole = values,
                None => result.copy_from_slice(&values[..columns]),
            }
        }
    }
}

/// The tile of each panel and each few rows, by `$tile`: a macro, as a closure would not be compiled for the instructions of
/// the function it is handed to.
macro_rules! apply {
    ($tile:path, $dense:expr, $rows:expr, $result:expr) => {{
        let (dense, rows, result): (&QuantizedDense, &QuantizedRows, &mut [f32]) = ($dense, $rows, $result);
        let count = rows.scales.len();
        for (panel, codes) in dense.codes.chunks_exact(rows.stride * COLUMNS).enumerate() {
            for first in (0..count).step_by(ROWS) {
                macro_rules! few {
                    ($few:literal) => {{
                        let few: [&[u8]; $few] = std::array::from_fn(|row| rows.row(first + row));
                        dense.finish(&$tile(few, codes), rows, first, panel, result);
                    }};
                }
                match count - first {
                    1 => few!(1),
                    2 => few!(2),
                    3 => few!(3),
                    4 => few!(4),
                    5 => few!(5),
                    _ => few!(6),
                }
            }
        }
    }};
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
fn apply_vnni(dense: &QuantizedDense, rows: &QuantizedRows, result: &mut [f32]) {
    apply!(tile::vnni, dense, rows, result);
}

#[multiversion(targets("x86_64+avx2"))]
fn apply_portable(dense: &QuantizedDense, rows: &QuantizedRows, result: &mut [f32]) {
    apply!(tile::portable, dense, rows, result);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values in -1 to 1 that repeat late.
    fn values(count: usize, step: usize) -> Vec<f32> {
        (0..count).map(|place| (place * step % 1009) as f32 / 504.5 - 1.0).collect()
    }

    /// Half a code of each side at most: `|error| <= sum (|w| dx + |x| dw + dx dw) / 2`.
    #[test]
    fn products_are_within_the_rounding_of_both_sides() {
        for (rows, inputs, outputs) in [(1, 1, 1), (5, 3, 2), (6, 32, 64), (13, 33, 65), (64, 130, 200)] {
            let (x, weight) = (values(rows * inputs, 37), values(outputs * inputs, 53));
            let bias = values(outputs, 11);
            let dense = QuantizedDense::new(&weight, &bias);
            let mut quantized = QuantizedRows::default();
            quantized.set(&x, inputs);
            let mut found = vec![0.0; rows * outputs];
            dense.apply(&quantized, &mut found);
            for row in 0..rows {
                let x = &x[row * inputs..][..inputs];
                for output in 0..outputs {
                    let weight = &weight[output * inputs..][..inputs];
                    let exact: f32 = x.iter().zip(weight).map(|(x, w)| x * w).sum::<f32>() + bias[output];
                    let (dx, dw) = (quantized.scales[row], dense.scales[output]);
                    let bound: f32 = x.iter().zip(weight).map(|(x, w)| w.abs() * dx + x.abs() * dw).sum();
                    let bound = 0.5 * (bound + inputs as f32 * dx * dw) + 1e-5;
                    let error = (found[row * outputs + output] - exact).abs();
                    assert!(error <= bound, "{rows} {inputs} {outputs}: {error} above {bound}");
                }
            }
        }
    }

    #[test]
    fn a_row_gives_the_same_bits_in_any_company_and_by_either_product() {
        let (inputs, outputs) = (70, 130);
        let (x, weight) = (values(9 * inputs, 37), values(outputs * inputs, 53));
        let dense = QuantizedDense::new(&weight, &values(outputs, 11));
        let apply = |x: &[f32]| {
            let mut rows = QuantizedRows::default();
            rows.set(x, inputs);
            let mut result = vec![0.0; x.len() / inputs * outputs];
            dense.apply(&rows, &mut result);
            let mut portable = vec![0.0; result.len()];
            apply_portable(&dense, &rows, &mut portable);
            assert_eq!(result, portable);
            result
        };
        let together = apply(&x);
        let alone: Vec<f32> = x.chunks(inputs).flat_map(apply).collect();
        assert_eq!(together, alone);
    }

    #[test]
    fn rows_of_zeros_and_of_one_sign_keep_their_zero() {
        let mut rows = QuantizedRows::default();
        rows.set(&[0.0, 0.0, 0.0, 5.0, 10.0, 0.0, -2.0, 0.0, -6.0], 3);
        assert_eq!(rows.codes, [0, 0, 0, 0, 128, 255, 0, 0, 170, 255, 0, 0]);
        assert_eq!((rows.zeros, rows.scales[0]), (vec![0, 0, 255], 0.0));
    }
}
