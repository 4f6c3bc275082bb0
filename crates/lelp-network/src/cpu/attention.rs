//! Scaled dot-product attention within texts that stand one after the other, without padding.
//!
//! The probabilities are not kept for the backward pass but computed again from the logarithm of their
//! normaliser, as in Dao et al. 2022 (arXiv:2205.14135): memory grows with the tokens, not their square.

use lelp::exponential::exp;
use multiversion::multiversion;
use rayon::prelude::*;

use super::dropout::{self, Dropout};
use super::product::{Matrix, Write, multiply};
use lelp::vector::sum;

/// Which tokens attend to which.
#[derive(Debug, Clone)]
pub(crate) struct Spans {
    /// Tokens of each text.
    pub(crate) lengths: Vec<usize>,
    /// Whether only the first token of each text asks; all are asked.
    pub(crate) first_only: bool,
}

impl Spans {
    /// Rows that ask, of a text of `length` tokens.
    fn queries(&self, length: usize) -> usize {
        if self.first_only { 1 } else { length }
    }

    /// Rows of the result.
    pub(crate) fn rows(&self) -> usize {
        self.lengths.iter().map(|&length| self.queries(length)).sum()
    }
}

/// Queries `[rows, width]`, keys and values `[tokens, width]`; heads lie side by side along `width`.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) query: &'a [f32],
    pub(crate) key: &'a [f32],
    pub(crate) value: &'a [f32],
    /// Added to the scores by distance: `[2 reach - 1, heads]`, row `key place - query place + reach - 1`;
    /// empty for none. `reach` is at least the longest text.
    pub(crate) bias: &'a [f32],
    pub(crate) heads: usize,
    pub(crate) width: usize,
    pub(crate) dropout: Dropout,
}

/// Gradients by the four inputs, in their shapes.
pub(crate) struct AttentionGradients {
    pub(crate) query: Vec<f32>,
    pub(crate) key: Vec<f32>,
    pub(crate) value: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// The result `[rows, width]`, and the logarithm of each row's normaliser, `[rows, heads]`.
pub(crate) fn forward(inputs: Inputs<'_>, spans: &Spans) -> (Vec<f32>, Vec<f32>) {
    let rows = spans.rows();
    let (mut mixed, mut normalisers) = (vec![0.0; rows * inputs.width], vec![0.0; rows * inputs.heads]);
    let texts = texts(spans, inputs.heads);
    let sizes = |columns: usize| texts.iter().map(move |text| text.queries * columns);
    let parts =
        split(&mut mixed, sizes(inputs.width)).into_iter().zip(split(&mut normalisers, sizes(inputs.heads)));
    texts
        .iter()
        .zip(parts)
        .collect::<Vec<_>>()
        .into_par_iter()
        .for_each(|(text, (mixed, normalisers))| text.forward(inputs, mixed, normalisers));
    (mixed, normalisers)
}

/// Gradients from that of the result.
pub(crate) fn backward(
    inputs: Inputs<'_>,
    spans: &Spans,
    normalisers: &[f32],
    gradient: &[f32],
) -> AttentionGradients {
    let width = inputs.width;
    let mut query = vec![0.0; inputs.query.len()];
    let (mut key, mut value) = (vec![0.0; inputs.key.len()], vec![0.0; inputs.value.len()]);
    let texts = texts(spans, inputs.heads);
    let queries = split(&mut query, texts.iter().map(|text| text.queries * width));
    let keys = split(&mut key, texts.iter().map(|text| text.keys * width));
    let values = split(&mut value, texts.iter().map(|text| text.keys * width));
    let parts: Vec<_> = texts.iter().zip(queries).zip(keys.into_iter().zip(values)).collect();
    let biases: Vec<Vec<f32>> = parts
        .into_par_iter()
        .map(|((text, query), (key, value))| {
            text.backward(inputs, normalisers, gradient, &mut TextGradients { query, key, value })
        })
        .collect();
    let mut bias = vec![0.0; inputs.bias.len()];
    for text in biases {
        for (total, part) in bias.iter_mut().zip(text) {
            *total += part;
        }
    }
    AttentionGradients { query, key, value, bias }
}

/// Cuts `values` into consecutive parts.
fn split(mut values: &mut [f32], sizes: impl Iterator<Item = usize>) -> Vec<&mut [f32]> {
    sizes
        .map(|size| {
            let (part, rest) = std::mem::take(&mut values).split_at_mut(size);
            values = rest;
            part
        })
        .collect()
}

/// One text among the rows of a batch.
struct Text {
    first_query: usize,
    queries: usize,
    first_key: usize,
    keys: usize,
    /// Place of its first probability among all of the batch, for dropout.
    first_probability: usize,
}

struct TextGradients<'a> {
    query: &'a mut [f32],
    key: &'a mut [f32],
    value: &'a mut [f32],
}

fn texts(spans: &Spans, heads: usize) -> Vec<Text> {
    let (mut first_query, mut first_key, mut first_probability) = (0, 0, 0);
    spans
        .lengths
        .iter()
        .map(|&keys| {
            let queries = spans.queries(keys);
            let text = Text { first_query, queries, first_key, keys, first_probability };
            first_query += queries;
            first_key += keys;
            first_probability += heads * queries * keys;
            text
        })
        .collect()
}

impl Text {
    /// `[rows, head width]` of one head, `rows` from `first` on.
    fn head<'a>(inputs: Inputs<'_>, values: &'a [f32], first: usize, rows: usize, head: usize) -> Matrix<'a> {
        let size = inputs.width / inputs.heads;
        Matrix::strided(&values[first * inputs.width + head * size..], rows, size, inputs.width)
    }

    fn query<'a>(&self, inputs: Inputs<'_>, values: &'a [f32], head: usize) -> Matrix<'a> {
        Self::head(inputs, values, self.first_query, self.queries, head)
    }

    fn key<'a>(&self, inputs: Inputs<'_>, values: &'a [f32], head: usize) -> Matrix<'a> {
        Self::head(inputs, values, self.first_key, self.keys, head)
    }

    /// Scaled scores with their bias, `[queries, keys]`.
    fn scores(&self, inputs: Inputs<'_>, head: usize, scores: &mut [f32]) {
        let (query, key) = (self.query(inputs, inputs.query, head), self.key(inputs, inputs.key, head));
        multiply(query, key.transposed(), scale(inputs), scores, self.keys, Write::Replace, false);
        if inputs.bias.is_empty() {
            return;
        }
        for (query, row) in scores.chunks_exact_mut(self.keys).enumerate() {
            let first = first_distance(inputs, query);
            for (score, bias) in row.iter_mut().zip(inputs.bias.chunks_exact(inputs.heads).skip(first)) {
                *score += bias[head];
            }
        }
    }

    fn forward(&self, inputs: Inputs<'_>, mixed: &mut [f32], normalisers: &mut [f32]) {
        let mut scores = vec![0.0; self.queries * self.keys];
        for head in 0..inputs.heads {
            self.scores(inputs, head, &mut scores);
            for (query, row) in scores.chunks_exact_mut(self.keys).enumerate() {
                normalisers[query * inputs.heads + head] = softmax(row);
            }
            self.drop(inputs, head, &mut scores);
            let probabilities = Matrix::new(&scores, self.queries, self.keys);
            let start = head * inputs.width / inputs.heads;
            let value = self.key(inputs, inputs.value, head);
            multiply(probabilities, value, 1.0, &mut mixed[start..], inputs.width, Write::Replace, false);
        }
    }

    /// Multiplies by the dropout's factors.
    fn drop(&self, inputs: Inputs<'_>, head: usize, probabilities: &mut [f32]) {
        if !inputs.dropout.is_none() {
            let first = self.first_probability + head * probabilities.len();
            dropout::apply(probabilities, first as u32, inputs.dropout);
        }
    }

    /// Gives the gradient by the bias; the others are written into `gradients`.
    fn backward(
        &self,
        inputs: Inputs<'_>,
        normalisers: &[f32],
        gradient: &[f32],
        gradients: &mut TextGradients<'_>,
    ) -> Vec<f32> {
        let (queries, keys, width) = (self.queries, self.keys, inputs.width);
        let mut bias = vec![0.0; inputs.bias.len()];
        let (mut probabilities, mut kept) = (vec![0.0; queries * keys], vec![0.0; queries * keys]);
        let mut score_gradients = vec![0.0; queries * keys];
        for head in 0..inputs.heads {
            let start = head * width / inputs.heads;
            self.scores(inputs, head, &mut probabilities);
            for (query, row) in probabilities.chunks_exact_mut(keys).enumerate() {
                exponentials(row, normalisers[(self.first_query + query) * inputs.heads + head]);
            }
            kept.copy_from_slice(&probabilities);
            self.drop(inputs, head, &mut kept);
            let outward = self.query(inputs, gradient, head);
            let by_value = Matrix::new(&kept, queries, keys).transposed();
            multiply(by_value, outward, 1.0, &mut gradients.value[start..], width, Write::Replace, false);

            let value = self.key(inputs, inputs.value, head).transposed();
            multiply(outward, value, 1.0, &mut score_gradients, keys, Write::Replace, false);
            self.drop(inputs, head, &mut score_gradients);
            for (row, probabilities) in
                score_gradients.chunks_exact_mut(keys).zip(probabilities.chunks_exact(keys))
            {
                softmax_gradient(row, probabilities);
            }
            self.add_bias(inputs, head, &score_gradients, &mut bias);
            let score_gradients = Matrix::new(&score_gradients, queries, keys);
            let (query, key) = (self.query(inputs, inputs.query, head), self.key(inputs, inputs.key, head));
            let scale = scale(inputs);
            multiply(
                score_gradients,
                key,
                scale,
                &mut gradients.query[start..],
                width,
                Write::Replace,
                false,
            );
            multiply(
                score_gradients.transposed(),
                query,
                scale,
                &mut gradients.key[start..],
                width,
                Write::Replace,
                false,
            );
        }
        bias
    }

    fn add_bias(&self, inputs: Inputs<'_>, head: usize, score_gradients: &[f32], bias: &mut [f32]) {
        if bias.is_empty() {
            return;
        }
        for (query, row) in score_gradients.chunks_exact(self.keys).enumerate() {
            let rows = bias.chunks_exact_mut(inputs.heads).skip(first_distance(inputs, query));
            for (slope, bias) in row.iter().zip(rows) {
                bias[head] += slope;
            }
        }
    }
}

fn scale(inputs: Inputs<'_>) -> f32 {
    1.0 / ((inputs.width / inputs.heads) as f32).sqrt()
}

/// Row of the bias for the first key, seen from `query`.
fn first_distance(inputs: Inputs<'_>, query: usize) -> usize {
    let reach = (inputs.bias.len() / inputs.heads).div_ceil(2);
    reach - 1 - query
}

/// Softmax in place; gives the logarithm of the normaliser.
#[multiversion(targets("x86_64+avx2"))]
fn softmax(row: &mut [f32]) -> f32 {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for value in row.iter_mut() {
        *value = exp(*value - most);
    }
    let total = sum(row.len(), |place| row[place]);
    let share = 1.0 / total;
    for value in row.iter_mut() {
        *value *= share;
    }
    most + total.ln()
}

#[multiversion(targets("x86_64+avx2"))]
fn exponentials(row: &mut [f32], normaliser: f32) {
    for value in row.iter_mut() {
        *value = exp(*value - normaliser);
    }
}

/// From the gradient by the probabilities `p` to that by the scores: `p (d - sum(d p))`.
#[multiversion(targets("x86_64+avx2"))]
fn softmax_gradient(row: &mut [f32], probabilities: &[f32]) {
    let probabilities = &probabilities[..row.len()];
    let along = sum(row.len(), |place| row[place] * probabilities[place]);
    for (slope, probability) in row.iter_mut().zip(probabilities) {
        *slope = probability * (*slope - along);
    }
}
