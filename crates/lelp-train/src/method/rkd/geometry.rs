//! Distances and angles between points, and their gradients.

use std::ops::Range;

use rayon::prelude::*;

use crate::method::real::Real;

/// Distances below this count as this (their squares as 1e-12), so that equal texts have no infinite slope.
const LEAST_DISTANCE: f64 = 1e-6;

/// Parts in which the vertices of angles are worked on; fixed, so that sums do not depend on the threads.
const PARTS: usize = 8;

/// Points `[rows, width]`, moved so that their mean is 0, and what lies between them.
struct Points {
    rows: usize,
    width: usize,
    values: Vec<f64>,
    /// `[rows, rows]`: 0 on the diagonal, elsewhere [`LEAST_DISTANCE`] or more.
    distances: Vec<f64>,
}

impl Points {
    fn new<R: Real>(points: &[R], width: usize) -> Self {
        let rows = points.len() / width;
        let mut values: Vec<f64> = points.iter().map(|&value| value.into()).collect();
        for column in 0..width {
            let mean = values[column..].iter().step_by(width).sum::<f64>() / rows as f64;
            values[column..].iter_mut().step_by(width).for_each(|value| *value -= mean);
        }
        let mut points = Self { rows, width, values, distances: Vec::new() };
        let distance = |i: usize, j: usize| {
            let square: f64 = points.row(i).iter().zip(points.row(j)).map(|(a, b)| (a - b).powi(2)).sum();
            if i == j { 0.0 } else { square.sqrt().max(LEAST_DISTANCE) }
        };
        let line = |i: usize| (0..rows).map(|j| distance(i, j)).collect::<Vec<_>>();
        points.distances = (0..rows).into_par_iter().flat_map_iter(line).collect();
        points
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..][..self.width]
    }

    fn distance(&self, i: usize, j: usize) -> f64 {
        self.distances[i * self.rows + j]
    }

    /// Mean distance between different rows.
    fn mean_distance(&self) -> f64 {
        self.distances.iter().sum::<f64>() / (self.rows * (self.rows - 1)) as f64
    }

    /// Inner products of all rows, `[rows, rows]`.
    fn products(&self) -> Vec<f64> {
        let product =
            |i: usize, j: usize| -> f64 { self.row(i).iter().zip(self.row(j)).map(|(a, b)| a * b).sum() };
        let line = |i: usize| (0..self.rows).map(move |j| product(i, j)).collect::<Vec<_>>();
        (0..self.rows).into_par_iter().flat_map_iter(line).collect()
    }

    /// One over the distance of two rows, 0 where they are the same.
    fn inverse(&self, i: usize, j: usize) -> f64 {
        let distance = self.distance(i, j);
        if distance > LEAST_DISTANCE { 1.0 / distance } else { 0.0 }
    }

    /// Adds to `gradient` what slopes in the distances, `[rows, rows]`, come to in the points.
    fn pull<R: Real>(&self, slopes: &[f64], gradient: &mut [R]) {
        gradient.par_chunks_mut(self.width).enumerate().for_each(|(i, gradient)| {
            for j in 0..self.rows {
                let slope = slopes[i * self.rows + j] + slopes[j * self.rows + i];
                let slope = slope * self.inverse(i, j);
                for ((gradient, a), b) in gradient.iter_mut().zip(self.row(i)).zip(self.row(j)) {
                    gradient.add(slope * (a - b));
                }
            }
        });
    }
}

/// Huber's function with bend 1, and its slope.
fn huber(x: f64) -> (f64, f64) {
    if x.abs() < 1.0 { (0.5 * x * x, x) } else { (x.abs() - 0.5, x.signum()) }
}

/// Mean over all pairs of `huber(s_ij / mean s - t_ij / mean t)`, `t` and `s` the Euclidean distances between the rows
/// of teacher and student, their means over pairs of different rows. 0 for a single row.
///
/// # Shapes
/// `teacher` `[rows, widths[0]]`; `student`, `gradient` `[rows, widths[1]]`. The mean has `rows^2` pairs, each twice
/// and those of a row with itself included, as in the authors' code. Adds `weight` times the gradient in `student`.
///
/// # Source
/// Park et al. 2019, arXiv:1904.05068, equations 6 and 7. Departure: roots are clamped at 1e-12, and no slope goes
/// through rows that are the same.
pub fn distance_distance<R: Real>(
    teacher: &[R],
    student: &[R],
    widths: [usize; 2],
    weight: f64,
    gradient: &mut [R],
) -> f64 {
    let (teacher, student) = (Points::new(teacher, widths[0]), Points::new(student, widths[1]));
    let rows = student.rows;
    if rows < 2 {
        return 0.0;
    }
    let (pairs, others) = ((rows * rows) as f64, (rows * (rows - 1)) as f64);
    let (wanted, found) = (teacher.mean_distance(), student.mean_distance());
    let (mut sum, mut along) = (0.0, 0.0);
    let mut slopes = vec![0.0; rows * rows];
    for ((slope, s), t) in slopes.iter_mut().zip(&student.distances).zip(&teacher.distances) {
        let (value, bend) = huber(s / found - t / wanted);
        sum += value;
        along += bend * s;
        *slope = weight * bend / (found * pairs);
    }
    let shrink = weight * along / (found * found * others * pairs);
    for slope in &mut slopes {
        *slope -= shrink;
    }
    student.pull(&slopes, gradient);
    sum / pairs
}

/// Mean over all triples of `huber(cos s_ijk - cos t_ijk)`, the cosines of the angles that rows `j` and `k` make at row
/// `i`; 0 where one of them is row `i` itself or equals it.
///
/// # Shapes
/// As [`distance_distance`]; the mean has `rows^3` triples. Cosines come from inner products, so that a batch takes
/// `rows^2 (width + rows)` steps and `8 rows^2` values of memory.
///
/// # Source
/// Park et al. 2019, arXiv:1904.05068, equations 8 and 9.
pub fn angle_distance<R: Real>(
    teacher: &[R],
    student: &[R],
    widths: [usize; 2],
    weight: f64,
    gradient: &mut [R],
) -> f64 {
    let (teacher, student) = (Points::new(teacher, widths[0]), Points::new(student, widths[1]));
    let rows = student.rows;
    let triples = (rows * rows * rows) as f64;
    let products = [teacher.products(), student.products()];
    let part = rows.div_ceil(PARTS).max(1);
    let ranges: Vec<Range<usize>> =
        (0..rows).step_by(part).map(|first| first..(first + part).min(rows)).collect();
    let angles = |range| Angles::at(range, &teacher, &student, &products, weight / triples);
    let parts: Vec<Angles> = ranges.into_par_iter().map(angles).collect();
    let mut parts = parts.into_iter();
    let Some(mut total) = parts.next() else { return 0.0 };
    parts.for_each(|part| total.merge(&part));
    student.pull(&total.distance_slopes, gradient);
    // With inner products g_ab = x_a . x_b: the slope in x_a is the sum over b of (D_ab + D_ba) x_b.
    gradient.par_chunks_mut(student.width).enumerate().for_each(|(a, gradient)| {
        for b in 0..rows {
            let slope = total.product_slopes[a * rows + b] + total.product_slopes[b * rows + a];
            gradient.iter_mut().zip(student.row(b)).for_each(|(gradient, value)| gradient.add(slope * value));
        }
    });
    total.sum / triples
}

/// Sums over the angles at some vertices.
struct Angles {
    sum: f64,
    /// Slopes in the inner products, `[rows, rows]`.
    product_slopes: Vec<f64>,
    /// Slopes in the distances, `[rows, rows]`.
    distance_slopes: Vec<f64>,
}

impl Angles {
    fn at(
        vertices: Range<usize>,
        teacher: &Points,
        student: &Points,
        products: &[Vec<f64>; 2],
        weight: f64,
    ) -> Self {
        let rows = student.rows;
        let mut angles = Self {
            sum: 0.0,
            product_slopes: vec![0.0; rows * rows],
            distance_slopes: vec![0.0; rows * rows],
        };
        for i in vertices {
            let [wanted, found] = [(teacher, &products[0]), (student, &products[1])]
                .map(|(points, products)| Vertex::new(i, points, products));
            for j in 0..rows {
                for k in 0..j {
                    angles.add(i, j, k, &wanted, &found, weight);
                }
                // The angle of a row with itself is 0 and stays it, but for rows that are the same.
                angles.sum += huber(found.cosine(j, j) - wanted.cosine(j, j)).0;
            }
        }
        angles
    }

    /// The angle between `j` and `k` at `i`, which is also that between `k` and `j`.
    #[inline]
    fn add(&mut self, i: usize, j: usize, k: usize, wanted: &Vertex<'_>, found: &Vertex<'_>, weight: f64) {
        let cosine = found.cosine(j, k);
        let (value, slope) = huber(cosine - wanted.cosine(j, k));
        self.sum += 2.0 * value;
        let slope = 2.0 * weight * slope;
        let rows = found.inverses.len();
        // cos = (g_jk - g_ij - g_ik + g_ii) / (d_ij d_ik)
        let product = slope * found.inverses[j] * found.inverses[k];
        self.product_slopes[j * rows + k] += product;
        self.product_slopes[i * rows + j] -= product;
        self.product_slopes[i * rows + k] -= product;
        self.product_slopes[i * rows + i] += product;
        self.distance_slopes[i * rows + j] -= slope * cosine * found.inverses[j];
        self.distance_slopes[i * rows + k] -= slope * cosine * found.inverses[k];
    }

    fn merge(&mut self, part: &Self) {
        self.sum += part.sum;
        let add = |total: &mut [f64], part: &[f64]| total.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        add(&mut self.product_slopes, &part.product_slopes);
        add(&mut self.distance_slopes, &part.distance_slopes);
    }
}

/// One row as the vertex of angles.
struct Vertex<'a> {
    row: usize,
    products: &'a [f64],
    /// One over the distances to the other rows.
    inverses: Vec<f64>,
}

impl<'a> Vertex<'a> {
    fn new(row: usize, points: &Points, products: &'a [f64]) -> Self {
        Self { row, products, inverses: (0..points.rows).map(|other| points.inverse(row, other)).collect() }
    }

    #[inline]
    fn cosine(&self, j: usize, k: usize) -> f64 {
        let (i, rows) = (self.row, self.inverses.len());
        let own = &self.products[i * rows..][..rows];
        let product = self.products[j * rows + k] - own[j] - own[k] + own[i];
        product * self.inverses[j] * self.inverses[k]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::method::testing::{numbers, slope};

    proptest! {
        #[test]
        fn both_gradients_are_slopes(teacher in numbers(15, 2.0), student in numbers(10, 2.0)) {
            type Loss = fn(&[f64], &[f64], [usize; 2], f64, &mut [f64]) -> f64;
            // Points that nearly meet bend too sharply for a difference over 0.004.
            prop_assume!((0..5).all(|i| (0..i).all(|j| Points::new(&student, 2).distance(i, j) > 0.4)));
            for loss in [distance_distance as Loss, angle_distance as Loss] {
                let mut gradient = vec![0.0; 10];
                loss(&teacher, &student, [3, 2], 1.0, &mut gradient);
                for (place, gradient) in gradient.iter().enumerate() {
                    let at = |s: &[f64]| loss(&teacher, s, [3, 2], 1.0, &mut [0.0; 10]);
                    let difference = slope(&student, place, &at);
                    // Huber's function is bent at 1, where a difference of fourth order is one of second.
                    prop_assert!((gradient - difference).abs() < 1e-5, "{place}: {gradient} {difference}");
                }
            }
        }

        #[test]
        fn moving_turning_and_stretching_the_student_changes_nothing(student in numbers(10, 2.0), angle in 0.0_f64..6.0, factor in 0.1_f64..9.0) {
            prop_assume!((0..5).all(|i| (0..i).all(|j| Points::new(&student, 2).distance(i, j) > 0.1)));
            let moved: Vec<f64> = student
                .chunks_exact(2)
                .flat_map(|p| {
                    let (sin, cos) = angle.sin_cos();
                    [factor * (cos * p[0] - sin * p[1]) + 3.0, factor * (sin * p[0] + cos * p[1]) - 7.0]
                })
                .collect();
            prop_assert!(distance_distance(&student, &moved, [2, 2], 1.0, &mut [0.0; 10]).abs() < 1e-12);
            prop_assert!(angle_distance(&student, &moved, [2, 2], 1.0, &mut [0.0; 10]).abs() < 1e-12);
        }
    }

    #[test]
    fn a_known_case_comes_out_in_absolute_units() {
        // Student 0, 1, 3 on a line: distances 1, 2, 3, mean 2. Teacher at the corners of an equal-sided triangle.
        let teacher = [0.0, 0.0, 1.0, 0.0, 0.5, 0.75_f64.sqrt()];
        let student = [0.0, 1.0, 3.0];
        let distance = distance_distance(&teacher, &student, [2, 1], 1.0, &mut [0.0; 3]);
        assert!((distance - 2.0 * (0.125 + 0.0 + 0.125) / 9.0).abs() < 1e-12, "{distance}");
        // Cosines of the student at 0, 1, 3: 1, -1, 1; of the teacher 1/2 each. Every angle counts twice.
        let angle = angle_distance(&teacher, &student, [2, 1], 1.0, &mut [0.0; 3]);
        assert!((angle - 2.0 * (0.125 + 1.0 + 0.125) / 27.0).abs() < 1e-12, "{angle}");
    }

    #[test]
    fn equal_rows_give_finite_values_and_gradients() {
        let (teacher, student) = (vec![1.0; 12], vec![2.0; 8]);
        let mut gradient = vec![0.0_f64; 8];
        let value = distance_distance(&teacher, &student, [3, 2], 1.0, &mut gradient)
            + angle_distance(&teacher, &student, [3, 2], 1.0, &mut gradient);
        assert!(value.is_finite() && gradient.iter().all(|slope| slope.is_finite()));
        assert!(gradient.iter().all(|slope| *slope == 0.0));
    }
}
