//! Scaled dot-product attention within one text, in f32.

// Loops must be compiled inside the function that may use wider registers, so they have to be inlined there.
#![allow(clippy::inline_always)]

use std::array::from_fn;
use std::hint::black_box;

use lelp::exponential::exp;
use lelp::vector::add_up;
use multiversion::multiversion;

/// Values of one register.
const LANES: usize = 16;
type Lanes = [f32; LANES];
/// Queries that share one pass over keys and values.
const QUERIES: usize = 4;

/// One text among the rows of a batch: queries `[queries, width]`, keys and values `[tokens, width]`; heads lie side by side
/// along `width`.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) query: &'a [f32],
    pub(super) key: &'a [f32],
    pub(super) value: &'a [f32],
    pub(super) width: usize,
    pub(super) heads: usize,
    /// Added to the scores by distance: `[heads, 2 reach - 1]`, place `key - query + reach - 1`; empty for none.
    pub(super) bias: &'a [f32],
}

/// Memory that is used again from text to text.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Keys of a head, `[blocks, head width]`, each element a register of tokens.
    keys: Vec<Lanes>,
    /// `[QUERIES, blocks]`, likewise.
    scores: Vec<Lanes>,
}

/// The values mixed for each query, into `mixed` `[queries, width]`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
pub(super) fn attend(text: Text<'_>, mixed: &mut [f32], scratch: &mut Scratch) {
    let (queries, tokens) = (text.query.len() / text.width, text.key.len() / text.width);
    let blocks = tokens.div_ceil(LANES);
    // Places past the last token stay 0 and are never written.
    scratch.keys.clear();
    scratch.keys.resize(blocks * text.head_width(), [0.0; LANES]);
    scratch.scores.resize(QUERIES * blocks, [0.0; LANES]);
    for head in 0..text.heads {
        text.turn_keys(head, &mut scratch.keys);
        for first in (0..queries).step_by(QUERIES) {
            text.scores(head, first, &scratch.keys, &mut scratch.scores);
            for (row, scores) in scratch.scores.chunks_exact_mut(blocks).enumerate() {
                text.add_bias(head, first + row, scores.as_flattened_mut());
                softmax(scores, tokens);
            }
            text.mix(head, first, &scratch.scores, mixed);
        }
    }
}

impl Text<'_> {
    #[inline(always)]
    fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// The query `row`, or the last where there is none: what comes of it is not used.
    #[inline(always)]
    fn query(&self, head: usize, row: usize) -> &[f32] {
        let row = row.min(self.query.len() / self.width - 1);
        &self.query[row * self.width + head * self.head_width()..][..self.head_width()]
    }

    /// The keys of a head, tokens along the registers.
    #[inline(always)]
    fn turn_keys(&self, head: usize, keys: &mut [Lanes]) {
        let size = self.head_width();
        for (token, key) in self.key.chunks_exact(self.width).enumerate() {
            let keys = &mut keys[token / LANES * size..][..size];
            for (lanes, value) in keys.iter_mut().zip(&key[head * size..][..size]) {
                lanes[token % LANES] = *value;
            }
        }
    }

    /// Scaled scores of the queries from `first` on, `[QUERIES, blocks]`.
    #[inline(always)]
    fn scores(&self, head: usize, first: usize, keys: &[Lanes], scores: &mut [Lanes]) {
        let size = self.head_width();
        let scale = 1.0 / (size as f32).sqrt();
        let [a, b, c, d]: [&[f32]; QUERIES] = from_fn(|row| self.query(head, first + row));
        let blocks = keys.len() / size;
        for (block, keys) in keys.chunks_exact(size).enumerate() {
            let mut sums = [[0.0; LANES]; QUERIES];
            for ((((keys, a), b), c), d) in keys.iter().zip(a).zip(b).zip(c).zip(d) {
                add_products(&mut sums, [*a, *b, *c, *d], keys);
            }
            for (row, sums) in sums.iter().enumerate() {
                scores[row * blocks + block] = sums.map(|sum| sum * scale);
            }
        }
    }

    #[inline(always)]
    fn add_bias(&self, head: usize, query: usize, scores: &mut [f32]) {
        let distances = self.bias.len() / self.heads;
        // A query that is there only to fill up has no distances.
        if let Some(zero) = (distances / 2).checked_sub(query).filter(|_| distances > 0) {
            for (score, bias) in scores.iter_mut().zip(&self.bias[head * distances..][zero..distances]) {
                *score += bias;
            }
        }
    }

    /// Values by the shares of the queries from `first` on, `[QUERIES, blocks]`.
    #[inline(always)]
    fn mix(&self, head: usize, first: usize, shares: &[Lanes], mixed: &mut [f32]) {
        let (width, size) = (self.width, self.head_width());
        let few = QUERIES.min(mixed.len() / width - first);
        let all = shares.len() / QUERIES;
        let [a, b, c, d]: [&[f32]; QUERIES] = from_fn(|row| shares[row * all..][..all].as_flattened());
        for block in (0..size).step_by(LANES) {
            let start = head * size + block;
            let columns = LANES.min(size - block);
            let mut sums = [[0.0; LANES]; QUERIES];
            let rows = self.value.chunks_exact(width);
            for ((((row, a), b), c), d) in rows.zip(a).zip(b).zip(c).zip(d) {
                let mut values = [0.0; LANES];
                match row[start..].first_chunk() {
                    Some(whole) => values = *whole,
                    None => values[..columns].copy_from_slice(&row[start..][..columns]),
                }
                add_products(&mut sums, [*a, *b, *c, *d], &values);
            }
            for (row, sums) in sums.iter().enumerate().take(few) {
                let mixed = &mut mixed[(first + row) * width + start..][..columns];
                match mixed.first_chunk_mut() {
                    Some(whole) => *whole = *sums,
                    None => mixed.copy_from_slice(&sums[..columns]),
                }
            }
        }
    }
}

/// `sums[row] += factors[row] * values`.
#[inline(always)]
fn add_products(sums: &mut [Lanes; QUERIES], factors: [f32; QUERIES], values: &Lanes) {
    for (sums, factor) in sums.iter_mut().zip(factors) {
        for lane in 0..LANES {
            sums[lane] += factor * values[lane];
        }
    }
}

/// Softmax over the first `tokens` scores.
#[inline(always)]
fn softmax(scores: &mut [Lanes], tokens: usize) {
    scores.as_flattened_mut()[tokens..].fill(f32::MIN);
    let mut most = [f32::MIN; LANES];
    for scores in scores.iter() {
        for lane in 0..LANES {
            most[lane] = if scores[lane] > most[lane] { scores[lane] } else { most[lane] };
        }
    }
    let most = black_box(most).into_iter().fold(f32::MIN, f32::max);
    let mut sums = [0.0; LANES];
    for scores in scores.iter_mut() {
        for lane in 0..LANES {
            // Past the last token this is 1e-38, which is nothing beside the 1 of the largest.
            scores[lane] = exp(scores[lane] - most);
            sums[lane] += scores[lane];
        }
    }
    let share = 1.0 / add_up(&sums);
    for scores in scores {
        for score in scores {
            *score *= share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values in -1 to 1 that repeat late.
    fn values(count: usize, step: usize) -> Vec<f32> {
        (0..count).map(|place| (place * step % 1009) as f32 / 504.5 - 1.0).collect()
    }

    #[test]
    fn it_is_the_formula_at_awkward_sizes() {
        for (queries, tokens, heads, size) in
            [(1, 1, 1, 1), (1, 20, 2, 8), (7, 7, 3, 16), (33, 33, 2, 20), (50, 50, 1, 40)]
        {
            let width = heads * size;
            let (query, key) = (values(queries * width, 37), values(tokens * width, 53));
            let (value, bias) = (values(tokens * width, 71), values(heads * (2 * 60 - 1), 91));
            let text = Text { query: &query, key: &key, value: &value, width, heads, bias: &bias };
            let mut mixed = vec![9.0; queries * width];
            attend(text, &mut mixed, &mut Scratch::default());
            for (row, head) in (0..queries).flat_map(|row| (0..heads).map(move |head| (row, head))) {
                let at =
                    |all: &[f32], row: usize, place: usize| f64::from(all[row * width + head * size + place]);
                let scores = (0..tokens).map(|token| {
                    let product: f64 =
                        (0..size).map(|place| at(&query, row, place) * at(&key, token, place)).sum();
                    (product / (size as f64).sqrt() + f64::from(bias[head * 119 + 59 + token - row])).exp()
                });
                let scores: Vec<f64> = scores.collect();
                for place in 0..size {
                    let sum: f64 = (0..tokens).map(|token| scores[token] * at(&value, token, place)).sum();
                    let expected = sum / scores.iter().sum::<f64>();
                    assert!((at(&mixed, row, place) - expected).abs() < 1e-5, "{tokens} {heads} {size}");
                }
            }
        }
    }
}
