//! Count, mean and scatter of rows of one kind, in `f64`.

/// Count, mean `[columns]` and scatter `sum (x - mean)(x - mean)^T` of rows.
///
/// The scatter is kept as its lower triangle, column after column: column `j` holds rows `j..columns`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sums {
    count: u64,
    mean: Vec<f64>,
    scatter: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(columns: usize) -> Self {
        Self { count: 0, mean: vec![0.0; columns], scatter: vec![0.0; columns * (columns + 1) / 2] }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Whether neither mean nor scatter has overflowed.
    pub(crate) fn is_finite(&self) -> bool {
        self.mean.iter().chain(&self.scatter).all(|x| x.is_finite())
    }

    /// Adds other rows.
    pub(crate) fn merge(&mut self, other: &Self) {
        let mut from = 0;
        let columns = self.mean.len();
        self.merge_columns(other.count, &other.mean, |column| {
            let start = from;
            from += columns - column;
            &other.scatter[start..from]
        });
    }

    /// Adds `count` rows whose `scatter` about their `mean` is a full matrix `[columns, columns]`, of
    /// which the lower triangle, column after column, is read.
    pub(crate) fn merge_full<T: Copy + Into<f64>>(&mut self, count: u64, mean: &[f64], scatter: &[T]) {
        let columns = self.mean.len();
        self.merge_columns(count, mean, |column| &scatter[column * columns + column..][..columns - column]);
    }

    /// Chan, Golub and Le Veque 1979: with `d` the difference of the means,
    /// `scatter = scatter_a + scatter_b + d d^T n_a n_b / (n_a + n_b)`.
    fn merge_columns<'a, T: Copy + Into<f64> + 'a>(
        &mut self,
        count: u64,
        mean: &[f64],
        mut lower_column: impl FnMut(usize) -> &'a [T],
    ) {
        if count == 0 {
            return;
        }
        let (own, more) = (self.count as f64, count as f64);
        let share = more / (own + more);
        let difference: Vec<f64> = mean.iter().zip(&self.mean).map(|(theirs, ours)| theirs - ours).collect();
        let mut target = self.scatter.as_mut_slice();
        for column in 0..difference.len() {
            let (own_column, rest) = target.split_at_mut(difference.len() - column);
            let factor = own * share * difference[column];
            let between = difference[column..].iter().map(|d| factor * d);
            for ((own, more), between) in own_column.iter_mut().zip(lower_column(column)).zip(between) {
                *own += (*more).into() + between;
            }
            target = rest;
        }
        self.mean.iter_mut().zip(&difference).for_each(|(mean, d)| *mean += share * d);
        self.count += count;
    }

    /// The scatter of the first `size` columns as a full symmetric matrix, `[size, size]`.
    pub(crate) fn scatter(&self, size: usize) -> Vec<f64> {
        let mut full = vec![0.0; size * size];
        for column in 0..size {
            for row in column..size {
                let value = self.scatter_at(row, column);
                full[row * size + column] = value;
                full[column * size + row] = value;
            }
        }
        full
    }

    /// One value of the scatter; `row >= column`.
    pub(crate) fn scatter_at(&self, row: usize, column: usize) -> f64 {
        // Columns before this one hold columns + (columns - 1) + ... values.
        let before = column * (2 * self.mean.len() - column + 1) / 2;
        self.scatter[before + row - column]
    }
}
