//! Dense linear algebra. The one file that names `faer`.
//!
//! Every call runs in its own thread (`Par::Seq`): the callers spread blocks over threads themselves.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::traits::RealField;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::error::FitError;

/// Columns that a product is fastest with multiples of: what the processor's registers hold.
const LANES: usize = 16;

/// Adds the lower triangle of `rows^T rows` to `product`.
///
/// `rows` `[n, columns]`, row after row; `product` `[columns, columns]`, column after column; what
/// lies above its diagonal is left as it was. Accumulated in `T`.
pub(crate) fn add_self_product<T: RealField>(rows: &[T], columns: usize, product: &mut [T]) {
    let transposed = MatRef::from_column_major_slice(rows, columns, rows.len() / columns); // [columns, n]
    let product = MatMut::from_column_major_slice_mut(product, columns, columns);
    // A few logits behind a wide embedding would take the whole out of step with the registers, at every level of its halving.
    let (most, rest) = transposed.split_at_row(columns - columns % LANES);
    let (corner, _, below, last) = product.split_at_mut(most.nrows(), most.nrows());
    add_lower(corner, most);
    if rest.nrows() > 0 {
        matmul(below, Accum::Add, rest, most.transpose(), T::one_impl(), Par::Seq);
        add_lower(last, rest);
    }
}

/// Adds the lower triangle of `left left^T`.
fn add_lower<T: RealField>(product: MatMut<'_, T>, left: MatRef<'_, T>) {
    triangular::matmul(
        product,
        BlockStructure::TriangularLower,
        Accum::Add,
        left,
        BlockStructure::Rectangular,
        left.transpose(),
        BlockStructure::Rectangular,
        T::one_impl(),
        Par::Seq,
    );
}

/// Writes `left right` into `product`: `[n, inner] [inner, columns] -> [n, columns]`, all row after row.
pub(crate) fn product(left: &[f32], right: &[f32], inner: usize, product: &mut [f32]) {
    let (rows, columns) = (left.len() / inner, right.len() / inner);
    matmul(
        MatMut::from_row_major_slice_mut(product, rows, columns),
        Accum::Replace,
        MatRef::from_row_major_slice(left, rows, inner),
        MatRef::from_row_major_slice(right, inner, columns),
        1.0,
        Par::Seq,
    );
}

/// Writes `left right^T` into `product`: `[n, inner] [m, inner]^T -> [n, m]`, all row after row.
pub(crate) fn product_transposed(left: &[f32], right: &[f32], inner: usize, product: &mut [f32]) {
    let (rows, columns) = (left.len() / inner, right.len() / inner);
    matmul(
        MatMut::from_row_major_slice_mut(product, rows, columns),
        Accum::Replace,
        MatRef::from_row_major_slice(left, rows, inner),
        MatRef::from_row_major_slice(right, columns, inner).transpose(),
        1.0,
        Par::Seq,
    );
}

/// Eigenvalues by decreasing size, and their unit eigenvectors.
pub(crate) struct Eigen {
    /// `[size]`, decreasing.
    pub(crate) values: Vec<f64>,
    /// `[size, size]`: vector `k` is `vectors[k * size..][..size]`; its sign is open.
    pub(crate) vectors: Vec<f64>,
}

/// Eigendecomposition of a symmetric `[size, size]` matrix.
pub(crate) fn symmetric_eigen(matrix: &[f64], size: usize) -> Result<Eigen, FitError> {
    let mut values = Diag::<f64>::zeros(size);
    let mut vectors = Mat::<f64>::zeros(size, size);
    let scratch =
        self_adjoint_evd_scratch::<f64>(size, ComputeEigenvectors::Yes, Par::Seq, faer::prelude::default());
    self_adjoint_evd(
        MatRef::from_column_major_slice(matrix, size, size),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        faer::prelude::default(),
    )
    .map_err(|_| FitError::NoEigenvectors { size })?;
    // faer sorts by increasing value.
    Ok(Eigen {
        values: (0..size).rev().map(|k| values.column_vector()[k]).collect(),
        vectors: (0..size).rev().flat_map(|k| vectors.col(k).iter().copied()).collect(),
    })
}

/// Turns `vector` so that its largest-magnitude entry (the first among equals) is positive.
pub(crate) fn signed(vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
    if largest < 0.0 { vector.into_iter().map(|x| -x).collect() } else { vector }
}

/// `sum left_i right_i`.
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

/// `target += factor * source`.
pub(crate) fn add_scaled(target: &mut [f64], factor: f64, source: &[f64]) {
    target.iter_mut().zip(source).for_each(|(t, s)| *t += factor * s);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    #[test]
    fn a_self_product_is_whole_at_any_number_of_columns() {
        for columns in [1, 2, 15, 16, 17, 33, 50] {
            let rows: Vec<f64> = noise(7 * columns, 3).iter().map(|&value| f64::from(value)).collect();
            let mut product = vec![1.0; columns * columns];
            add_self_product(&rows, columns, &mut product);
            for (column, row) in (0..columns).flat_map(|column| (0..columns).map(move |row| (column, row))) {
                let sum: f64 = rows.chunks(columns).map(|values| values[row] * values[column]).sum();
                let expected = 1.0 + if row < column { 0.0 } else { sum };
                let found = product[column * columns + row];
                assert!((found - expected).abs() < 1e-12, "{columns}: {found} {expected}");
            }
        }
    }

    #[test]
    fn eigenvectors_rebuild_their_matrix_at_awkward_sizes_and_magnitudes() {
        for (size, magnitude) in
            [(1, 1.0), (2, 1e-60), (15, 1e40), (16, 1.0), (17, 1e-9), (65, 1.0), (3, 0.0)]
        {
            let mut matrix = vec![0.0; size * size];
            for (place, value) in noise(size * size, 7).iter().enumerate() {
                let (i, j) = (place / size, place % size);
                matrix[i * size + j] += magnitude * f64::from(*value);
                matrix[j * size + i] += magnitude * f64::from(*value);
            }
            let eigen = symmetric_eigen(&matrix, size).unwrap();
            assert!(eigen.values.is_sorted_by(|a, b| a >= b));
            for (place, expected) in matrix.iter().enumerate() {
                let vectors = eigen.values.iter().zip(eigen.vectors.chunks(size));
                let rebuilt: f64 = vectors.map(|(d, v)| d * v[place / size] * v[place % size]).sum();
                assert!(
                    (rebuilt - expected).abs() <= 1e-13 * magnitude * size as f64,
                    "{rebuilt} {expected}"
                );
            }
        }
    }
}
