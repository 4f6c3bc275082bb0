//! The members of one class as a clustering sees them: about their mean, in the null space of the head.

use crate::blocks::Workers;
use crate::linalg::{product, product_transposed};
use crate::subspace::NullSpace;

/// Rows of a block of work: 3 MB of width 768.
pub(crate) const BLOCK_ROWS: usize = 1024;

/// `[rows, width]` values and the squared length of each row.
pub(crate) struct Points {
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
    pub(crate) squares: Vec<f64>,
}

/// Centres `[count, width]` to which distances are measured.
pub(crate) struct Centres {
    values: Vec<f32>,
    squares: Vec<f64>,
}

impl Centres {
    pub(crate) fn new(values: &[f64], width: usize) -> Self {
        let values: Vec<f32> = values.iter().map(|&x| x as f32).collect();
        Self { squares: values.chunks_exact(width).map(square).collect(), values }
    }

    pub(crate) fn count(&self) -> usize {
        self.squares.len()
    }
}

fn square(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

impl Points {
    /// Takes raw embeddings `[rows, width]` and moves them to `mean`, then into the null space.
    ///
    /// Centred in `f64` and rounded once; the head's directions are taken out in `f32`.
    pub(crate) fn new(mut values: Vec<f32>, mean: &[f64], space: &NullSpace, workers: &Workers) -> Self {
        let width = mean.len();
        let basis: Vec<f32> = space.read_basis().iter().map(|&x| x as f32).collect(); // [rank, width]
        workers.on_chunks(&mut values, BLOCK_ROWS * width, |_, block| {
            for row in block.chunks_exact_mut(width) {
                row.iter_mut().zip(mean).for_each(|(x, m)| *x = (f64::from(*x) - m) as f32);
            }
            if !basis.is_empty() {
                take_out(block, &basis, width);
            }
        });
        let squares = values.chunks_exact(width).map(square).collect();
        Self { width, values, squares }
    }

    /// Points as they are, for clusterings of something else than embeddings.
    pub(crate) fn raw(values: Vec<f32>, width: usize) -> Self {
        Self { squares: values.chunks_exact(width).map(square).collect(), width, values }
    }

    pub(crate) fn rows(&self) -> usize {
        self.squares.len()
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }

    pub(crate) fn blocks(&self) -> usize {
        self.rows().div_ceil(BLOCK_ROWS)
    }

    /// The rows of a block.
    pub(crate) fn block(&self, block: usize) -> std::ops::Range<usize> {
        block * BLOCK_ROWS..self.rows().min((block + 1) * BLOCK_ROWS)
    }

    /// Squared distances of the rows of a block to each centre, `[block rows, centres]`; never negative.
    pub(crate) fn distances(&self, block: usize, centres: &Centres) -> Vec<f32> {
        let rows = self.block(block);
        let mut distances = vec![0.0; rows.len() * centres.count()];
        let values = &self.values[rows.start * self.width..rows.end * self.width];
        product_transposed(values, &centres.values, self.width, &mut distances);
        for (row, own) in distances.chunks_exact_mut(centres.count()).zip(&self.squares[rows]) {
            for (distance, square) in row.iter_mut().zip(&centres.squares) {
                *distance = (own + square - 2.0 * f64::from(*distance)).max(0.0) as f32;
            }
        }
        distances
    }

    /// Mean squared length: the class's mean squared radius in the null space, embedding units squared.
    pub(crate) fn mean_square(&self) -> f64 {
        self.squares.iter().sum::<f64>() / self.rows().max(1) as f64
    }
}

/// `block <- block - (block basis^T) basis`.
fn take_out(block: &mut [f32], basis: &[f32], width: usize) {
    let mut shares = vec![0.0; block.len() / width * (basis.len() / width)];
    product_transposed(block, basis, width, &mut shares);
    let mut read = vec![0.0; block.len()];
    product(&shares, basis, basis.len() / width, &mut read);
    block.iter_mut().zip(&read).for_each(|(x, read)| *x -= read);
}
