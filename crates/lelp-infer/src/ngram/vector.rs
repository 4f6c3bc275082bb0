//! Inner loops over `f32`, shared by prediction and training.
//!
//! Sums run in fixed lanes and use no fused multiply-add, so that every processor gives the same bits.

/// Lanes of a dot product: two AVX registers, to hide the latency of the additions.
const LANES: usize = 16;

/// Columns that stay in registers while rows are added up: eight AVX registers.
const COLUMNS: usize = 64;

/// Compiles a function twice, for the base instruction set and for AVX2, and picks at run time.
///
/// Everything the body calls must be `#[inline(always)]` to be compiled along. AVX2 alone, without FMA,
/// keeps results bit-identical; it only makes the lanes wider.
#[macro_export]
#[doc(hidden)]
macro_rules! wide {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$attribute])*
        $visibility fn $name($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn body($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $type),*) $(-> $result)? {
                    body($($argument),*)
                }
                if ::std::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2, the only thing that `avx2` asks for.
                    #[allow(unsafe_code)]
                    return unsafe { avx2($($argument),*) };
                }
            }
            body($($argument),*)
        }
    };
}

/// Dot product of two slices of one length.
#[inline(always)]
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    add_up(&lanes) + rest
}

/// Sum of the lanes, as a tree.
#[inline(always)]
#[must_use]
pub fn add_up(lanes: &[f32; LANES]) -> f32 {
    let mut lanes = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// `sum += factor * row`.
#[inline(always)]
pub fn add_scaled(sum: &mut [f32], factor: f32, row: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += factor * value;
    }
}

wide! {
    /// Mean of the rows `ids` of `table` `[buckets, width]` into `mean` `[width]`; zero where there are none.
    pub fn mean_of_rows(table: &[f32], ids: &[u32], mean: &mut [f32]) {
        let width = mean.len();
        let scale = 1.0 / ids.len().max(1) as f32;
        let mut start = 0;
        while start + COLUMNS <= width {
            let mut sum = [0.0_f32; COLUMNS];
            for &id in ids {
                let row = &table[id as usize * width + start..][..COLUMNS];
                for column in 0..COLUMNS {
                    sum[column] += row[column];
                }
            }
            for column in 0..COLUMNS {
                mean[start + column] = sum[column] * scale;
            }
            start += COLUMNS;
        }
        let rest = &mut mean[start..];
        rest.fill(0.0);
        for &id in ids {
            add_scaled(rest, 1.0, &table[id as usize * width + start..][..width - start]);
        }
        for value in rest {
            *value *= scale;
        }
    }
}

wide! {
    /// As [`mean_of_rows`] over a table of `i8` with a scale a row.
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
}

wide! {
    /// `output = weight input + bias`, `weight` `[outputs, inputs]`.
    pub fn affine(weight: &[f32], bias: &[f32], input: &[f32], output: &mut [f32]) {
        for ((output, bias), row) in output.iter_mut().zip(bias).zip(weight.chunks_exact(input.len())) {
            *output = bias + dot(row, input);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
