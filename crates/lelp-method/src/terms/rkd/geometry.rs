//! Distances and angles between points, and their gradients.

// Loops are compiled twice, inside a function that may use AVX2: they have to be inlined there.
#![allow(clippy::inline_always)]

use std::ops::Range;

use multiversion::multiversion;
use rayon::prelude::*;

use crate::float::{Float, sum_in_lanes};

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
    fn new<F: Float>(points: &[F], width: usize) -> Self {
        let rows = points.len() / width;
        let mut values: Vec<f64> = points.iter().map(|&value| value.into()).collect();
        for column in 0..width {
            let mean = values[column..].iter().step_by(width).sum::<f64>() / rows as f64;
            values[column..].iter_mut().step_by(width).for_each(|value| *value -= mean);
        }
        let mut points = Self { rows, width, values, distances: Vec::new() };
        points.distances = points.with_all(squares_from);
        for (place, distance) in points.distances.iter_mut().enumerate() {
            let same = place / rows == place % rows;
            *distance = if same { 0.0 } else { distance.sqrt().max(LEAST_DISTANCE) };
        }
        points
    }

    /// What `from` makes of each row with all rows, `[rows, rows]`.
    fn with_all(&self, from: impl Fn(&[f64], &[f64], &mut [f64]) + Sync) -> Vec<f64> {
        let mut all = vec![0.0; self.rows * self.rows];
        all.par_chunks_mut(self.rows).enumerate().for_each(|(i, line)| from(self.row(i), &self.values, line));
        all
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
        self.with_all(products_with)
    }

    /// One over the distance of two rows, 0 where they are the same.
    fn inverse(&self, i: usize, j: usize) -> f64 {
        let distance = self.distance(i, j);
        if distance > LEAST_DISTANCE { 1.0 / distance } else { 0.0 }
    }

    /// Adds to `gradient` what gradients in the distances, `[rows, rows]`, come to in the points.
    fn pull<F: Float>(&self, distance_gradient: &[f64], gradient: &mut [F]) {
        gradient.par_chunks_mut(self.width).enumerate().for_each(|(i, gradient)| {
            for j in 0..self.rows {
                let slope = distance_gradient[i * self.rows + j] + distance_gradient[j * self.rows + i];
                let slope = slope * self.inverse(i, j);
                for ((gradient, a), b) in gradient.iter_mut().zip(self.row(i)).zip(self.row(j)) {
                    gradient.add(slope * (a - b));
                }
            }
        });
    }
}

/// Squared distances of `point` from each row of `points` `[rows, width]`.
#[multiversion(targets("x86_64+avx2"))]
fn squares_from(point: &[f64], points: &[f64], squares: &mut [f64]) {
    for (square, other) in squares.iter_mut().zip(points.chunks_exact(point.len())) {
        *square = sum_in_lanes(point, other, |a, b| (a - b) * (a - b));
    }
}

/// Inner products of `point` with each row of `points` `[rows, width]`.
#[multiversion(targets("x86_64+avx2"))]
fn products_with(point: &[f64], points: &[f64], products: &mut [f64]) {
    for (product, other) in products.iter_mut().zip(points.chunks_exact(point.len())) {
        *product = sum_in_lanes(point, other, |a, b| a * b);
    }
}

/// Huber's function with bend 1, and its slope: `x^2 / 2` within 1, `|x| - 1/2` outside.
#[inline(always)]
fn huber(x: f64) -> (f64, f64) {
    let slope = x.clamp(-1.0, 1.0);
    (slope * (x - 0.5 * slope), slope)
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
pub fn distance_distance<F: Float>(
    teacher: &[F],
    student: &[F],
    widths: [usize; 2],
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    let (teacher, student) = (Points::new(teacher, widths[0]), Points::new(student, widths[1]));
    let rows = student.rows;
    if rows < 2 {
        return 0.0;
    }
    let (pairs, others) = ((rows * rows) as f64, (rows * (rows - 1)) as f64);
    let (wanted, found) = (teacher.mean_distance(), student.mean_distance());
    let (mut sum, mut along) = (0.0, 0.0);
    let mut distance_gradient = vec![0.0; rows * rows];
    for ((slope, s), t) in distance_gradient.iter_mut().zip(&student.distances).zip(&teacher.distances) {
        let (value, bend) = huber(s / found - t / wanted);
        sum += value;
        along += bend * s;
        *slope = weight * bend / (found * pairs);
    }
    let shrink = weight * along / (found * found * others * pairs);
    for slope in &mut distance_gradient {
        *slope -= shrink;
    }
    student.pull(&distance_gradient, gradient);
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
pub fn angle_distance<F: Float>(
    teacher: &[F],
    student: &[F],
    widths: [usize; 2],
    weight: f64,
    gradient: &mut [F],
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
    student.pull(&total.distance_gradient, gradient);
    // With inner products g_ab = x_a . x_b: the slope in x_a is the sum over b of (D_ab + D_ba) x_b.
    gradient.par_chunks_mut(student.width).enumerate().for_each(|(a, gradient)| {
        for b in 0..rows {
            let slope = total.product_gradient[a * rows + b] + total.product_gradient[b * rows + a];
            gradient.iter_mut().zip(student.row(b)).for_each(|(gradient, value)| gradient.add(slope * value));
        }
    });
    total.sum / triples
}

/// Sums over the angles at some vertices.
struct Angles {
    sum: f64,
    /// Gradient in the inner products, `[rows, rows]`.
    product_gradient: Vec<f64>,
    /// Gradient in the distances, `[rows, rows]`.
    distance_gradient: Vec<f64>,
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
            product_gradient: vec![0.0; rows * rows],
            distance_gradient: vec![0.0; rows * rows],
        };
        let mut pairs = Pairs::of(rows);
        for i in vertices {
            let [wanted, found] = [(teacher, &products[0]), (student, &products[1])]
                .map(|(points, products)| Vertex::new(i, points, products));
            for j in 0..rows {
                angles.add(i, j, &wanted, &found, weight, &mut pairs);
                // The angle of a row with itself is 0 and stays it, but for rows that are the same.
                angles.sum += huber(found.with(j).cosine(j) - wanted.with(j).cosine(j)).0;
            }
            pairs.take_vertex(i, &mut angles);
        }
        angles
    }

    /// The angles between `j` and all earlier rows at `i`, which are also those the other way round.
    fn add(
        &mut self,
        i: usize,
        j: usize,
        wanted: &Vertex<'_>,
        found: &Vertex<'_>,
        weight: f64,
        pairs: &mut Pairs,
    ) {
        let Pairs { values, products, pulls, vertex_products, vertex_distances } = pairs;
        let [values, products, pulls] = [values, products, pulls].map(|all| &mut all[..j]);
        angles_between(wanted.with(j), found.with(j), 2.0 * weight, values, products, pulls);
        self.sum += 2.0 * values.iter().sum::<f64>();
        // cos = (g_jk - g_ij - g_ik + g_ii) / (d_ij d_ik)
        let line = &mut self.product_gradient[j * found.inverses.len()..][..j];
        line.iter_mut().zip(&*products).for_each(|(slope, product)| *slope += product);
        vertex_products.iter_mut().zip(&*products).for_each(|(slope, product)| *slope -= product);
        let (product, pull) = (products.iter().sum::<f64>(), pulls.iter().sum::<f64>());
        vertex_products[j] -= product;
        vertex_products[i] += product;
        let drawn = vertex_distances.iter_mut().zip(&*pulls).zip(&found.inverses);
        drawn.for_each(|((slope, pull), inverse)| *slope -= pull * inverse);
        vertex_distances[j] -= pull * found.inverses[j];
    }

    fn merge(&mut self, part: &Self) {
        self.sum += part.sum;
        let add = |total: &mut [f64], part: &[f64]| total.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        add(&mut self.product_gradient, &part.product_gradient);
        add(&mut self.distance_gradient, &part.distance_gradient);
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

    /// The side of the angles that goes through row `j`.
    fn with(&self, j: usize) -> Side<'_> {
        let rows = self.inverses.len();
        let own = &self.products[self.row * rows..][..rows];
        Side {
            products: &self.products[j * rows..][..rows],
            own,
            inverses: &self.inverses,
            offset: own[self.row] - own[j],
            inverse: self.inverses[j],
        }
    }
}

/// One side of the angles at a vertex, seen against all rows.
#[derive(Clone, Copy)]
struct Side<'a> {
    /// Inner products of the side's row with all.
    products: &'a [f64],
    /// Inner products of the vertex with all.
    own: &'a [f64],
    /// One over the distances of the vertex to all.
    inverses: &'a [f64],
    /// Inner product of the vertex with itself, less that with the side's row.
    offset: f64,
    /// One over the distance of the vertex to the side's row.
    inverse: f64,
}

impl Side<'_> {
    /// Against the first `rows` alone, so that the loop over them need not check.
    #[inline(always)]
    fn first(self, rows: usize) -> Self {
        let [products, own, inverses] = [self.products, self.own, self.inverses].map(|all| &all[..rows]);
        Self { products, own, inverses, ..self }
    }

    #[inline(always)]
    fn cosine(&self, k: usize) -> f64 {
        (self.products[k] - self.own[k] + self.offset) * self.inverse * self.inverses[k]
    }
}

/// Of the angles of a side with the first rows: Huber's function, gradients in the inner products of the two rows, and
/// gradients in the cosine times the cosine.
#[multiversion(targets("x86_64+avx2"))]
fn angles_between(
    wanted: Side<'_>,
    found: Side<'_>,
    weight: f64,
    values: &mut [f64],
    products: &mut [f64],
    pulls: &mut [f64],
) {
    let rows = values.len();
    let (products, pulls) = (&mut products[..rows], &mut pulls[..rows]);
    let (wanted, found) = (wanted.first(rows), found.first(rows));
    for k in 0..rows {
        let cosine = found.cosine(k);
        let (value, slope) = huber(cosine - wanted.cosine(k));
        values[k] = value;
        products[k] = weight * slope * found.inverse * found.inverses[k];
        pulls[k] = weight * slope * cosine;
    }
}

/// Room for the angles of one side, and sums over the sides of a vertex.
struct Pairs {
    values: Vec<f64>,
    products: Vec<f64>,
    pulls: Vec<f64>,
    /// Gradient in the inner products of the vertex with all rows.
    vertex_products: Vec<f64>,
    /// Gradient in the distances of the vertex to all rows.
    vertex_distances: Vec<f64>,
}

impl Pairs {
    fn of(rows: usize) -> Self {
        let zeros = || vec![0.0; rows];
        Self {
            values: zeros(),
            products: zeros(),
            pulls: zeros(),
            vertex_products: zeros(),
            vertex_distances: zeros(),
        }
    }

    /// Moves the sums of vertex `i` to all angles.
    fn take_vertex(&mut self, i: usize, angles: &mut Angles) {
        let rows = self.vertex_products.len();
        let own = i * rows..(i + 1) * rows;
        for (total, sums) in [
            (&mut angles.product_gradient[own.clone()], &mut self.vertex_products),
            (&mut angles.distance_gradient[own], &mut self.vertex_distances),
        ] {
            total.iter_mut().zip(sums.iter()).for_each(|(total, sum)| *total += sum);
            sums.fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{derivative, numbers};

    /// What Huber's function is asked of: differences of distances, and of cosines.
    fn arguments(teacher: &[f64], student: &[f64]) -> Vec<f64> {
        let (teacher, student) = (Points::new(teacher, 3), Points::new(student, 2));
        let (wanted, found) = (teacher.mean_distance(), student.mean_distance());
        let distances = student.distances.iter().zip(&teacher.distances);
        let mut arguments: Vec<f64> = distances.map(|(s, t)| s / found - t / wanted).collect();
        let products = [teacher.products(), student.products()];
        for i in 0..5 {
            let [wanted, found] = [(&teacher, &products[0]), (&student, &products[1])]
                .map(|(points, products)| Vertex::new(i, points, products));
            let sides = (0..5).map(|j| (found.with(j), wanted.with(j)));
            arguments.extend(sides.flat_map(|(s, t)| (0..5).map(move |k| s.cosine(k) - t.cosine(k))));
        }
        arguments
    }

    proptest! {
        #[test]
        fn both_gradients_are_slopes(teacher in numbers(15, 2.0), student in numbers(10, 2.0)) {
            type Loss = fn(&[f64], &[f64], [usize; 2], f64, &mut [f64]) -> f64;
            // Points that nearly meet bend too sharply for a difference over 0.004.
            prop_assume!((0..5).all(|i| (0..i).all(|j| Points::new(&student, 2).distance(i, j) > 0.4)));
            // So does Huber's function where the difference reaches over its bend at 1.
            prop_assume!(arguments(&teacher, &student).iter().all(|x| (x.abs() - 1.0).abs() > 0.02));
            for loss in [distance_distance as Loss, angle_distance as Loss] {
                let mut gradient = vec![0.0; 10];
                loss(&teacher, &student, [3, 2], 1.0, &mut gradient);
                for (place, gradient) in gradient.iter().enumerate() {
                    let at = |s: &[f64]| loss(&teacher, s, [3, 2], 1.0, &mut [0.0; 10]);
                    let difference = derivative(&student, place, &at);
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
