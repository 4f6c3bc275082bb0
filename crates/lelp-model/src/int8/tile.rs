//! The product of a few rows of codes with a panel of weights, in whole numbers: the only file that names an instruction.
//!
//! Sums are exact, so that every processor gives the same.

// Loops must be compiled inside the function that may use wider registers, so they have to be inlined there.
#![allow(clippy::inline_always)]

/// Columns of a panel: four registers of 16 sums.
pub(super) const COLUMNS: usize = 64;
/// Rows that share one pass over a panel: with [`COLUMNS`], 24 registers of sums of the 32 that there are.
pub(super) const ROWS: usize = 6;
/// Inputs that one instruction multiplies and adds up.
pub(super) const GROUP: usize = 4;

/// Whether this processor multiplies and adds 8 bits in one instruction (AVX-512 VNNI).
#[cfg(target_arch = "x86_64")]
pub(super) fn is_fast() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
}

/// Whether this processor multiplies and adds 8 bits in one instruction.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn is_fast() -> bool {
    false
}

/// Sums of products `[rows, COLUMNS]` of codes `[rows, groups * GROUP]` and a panel `[groups, COLUMNS, GROUP]`.
#[inline(always)]
pub(super) fn portable<const R: usize>(rows: [&[u8]; R], panel: &[i8]) -> [[i32; COLUMNS]; R] {
    let panel = panel.as_chunks::<{ COLUMNS * GROUP }>().0;
    let rows = rows.map(|row| &row.as_chunks::<GROUP>().0[..panel.len()]);
    let mut sums = [[0; COLUMNS]; R];
    for (group, weights) in panel.iter().enumerate() {
        let weights = weights.as_chunks::<GROUP>().0;
        for (row, sums) in rows.iter().zip(&mut sums) {
            let codes = row[group].map(i32::from);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                for input in 0..GROUP {
                    *sum += codes[input] * i32::from(weights[input]);
                }
            }
        }
    }
    sums
}

/// The same, with AVX-512 VNNI.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
pub(super) fn vnni<const R: usize>(rows: [&[u8]; R], panel: &[i8]) -> [[i32; COLUMNS]; R] {
    use std::arch::x86_64::{
        _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
    };
    const LANES: usize = 16;
    const REGISTERS: usize = COLUMNS / LANES;
    let panel = panel.as_chunks::<{ LANES * GROUP }>().0.as_chunks::<REGISTERS>().0;
    let rows = rows.map(|row| &row.as_chunks::<GROUP>().0[..panel.len()]);
    let mut sums = [[_mm512_setzero_si512(); REGISTERS]; R];
    for (group, weights) in panel.iter().enumerate() {
        let mut loaded = [_mm512_setzero_si512(); REGISTERS];
        for (loaded, weights) in loaded.iter_mut().zip(weights) {
            // SAFETY: `weights` is the 64 bytes that a load reads.
            *loaded = unsafe { _mm512_loadu_si512(weights.as_ptr().cast()) };
        }
        for row in 0..R {
            let codes = _mm512_set1_epi32(i32::from_le_bytes(rows[row][group]));
            for place in 0..REGISTERS {
                sums[row][place] = _mm512_dpbusd_epi32(sums[row][place], codes, loaded[place]);
            }
        }
    }
    let mut tile = [[0_i32; COLUMNS]; R];
    for (sums, tile) in sums.iter().zip(&mut tile) {
        for (sum, lanes) in sums.iter().zip(tile.as_chunks_mut::<LANES>().0) {
            // SAFETY: `lanes` is the 64 bytes that a store writes.
            unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), *sum) };
        }
    }
    tile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instruction_gives_the_sums_of_the_loop_at_the_ends_of_both_ranges() {
        for groups in [1, 2, 7, 96] {
            let code = |place: usize| [0, 255, 1, 128, 77][place % 5];
            let rows: Vec<Vec<u8>> =
                (0..3).map(|row| (0..groups * GROUP).map(|place| code(place * 3 + row)).collect()).collect();
            let weight = |place: usize| [-127_i8, 127, 3, -50, 0, 126][place % 6];
            let panel: Vec<i8> = (0..groups * GROUP * COLUMNS).map(|place| weight(place * 5 / 3)).collect();
            let rows = [&rows[0][..], &rows[1][..], &rows[2][..]];
            let sums = portable(rows, &panel);
            for (row, column) in [(0, 0), (1, 17), (2, 63)] {
                let product = |place: usize| {
                    let weight = panel[(place / GROUP * COLUMNS + column) * GROUP + place % GROUP];
                    i32::from(rows[row][place]) * i32::from(weight)
                };
                assert_eq!(sums[row][column], (0..groups * GROUP).map(product).sum::<i32>());
            }
            #[cfg(target_arch = "x86_64")]
            if is_fast() {
                // SAFETY: the processor was asked.
                assert_eq!(unsafe { vnni(rows, &panel) }, sums);
            }
        }
    }
}
