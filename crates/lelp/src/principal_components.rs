//! Rows by their coordinates along their principal components.

use crate::error::{FitError, ShapeError};
use crate::linalg::{add_self_product, product_transposed, signed, symmetric_eigen};

/// Coordinates of rows along their first `components` principal components, less those of their mean: the directions of
/// largest variance first, each with the sign that makes its largest entry positive.
///
/// # Shapes
/// - `rows`: `[n, width]`, finite; taken over and centred
/// - result: `[n, components]`
///
/// # Errors
/// [`FitError::Shape`] if `rows` are no whole rows, or there are more components than columns.
pub fn principal_components(
    mut rows: Vec<f32>,
    width: usize,
    components: usize,
) -> Result<Vec<f32>, FitError> {
    let count = rows.len().checked_div(width).unwrap_or(0);
    ShapeError::check("values of the rows", rows.len(), count * width)?;
    ShapeError::check("components, the width at most", components, components.min(width))?;
    let mut mean = vec![0.0_f64; width];
    for row in rows.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    for row in rows.chunks_exact_mut(width) {
        for (value, sum) in row.iter_mut().zip(&mean) {
            *value = (f64::from(*value) - sum / count as f64) as f32;
        }
    }
    let mut covariance = vec![0.0; width * width];
    let wide: Vec<f64> = rows.iter().map(|&value| f64::from(value)).collect();
    add_self_product(&wide, width, &mut covariance);
    let vectors = symmetric_eigen(&covariance, width)?.vectors;
    let leading = vectors.chunks_exact(width).take(components);
    let directions: Vec<f32> =
        leading.flat_map(|vector| signed(vector.to_vec())).map(|value| value as f32).collect();
    let mut coordinates = vec![0.0; count * components];
    if !coordinates.is_empty() {
        product_transposed(&rows, &directions, width, &mut coordinates);
    }
    Ok(coordinates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    #[test]
    fn the_first_coordinates_have_the_largest_variances_and_all_of_them_keep_every_distance() {
        for (rows, width) in [(2, 1), (9, 17), (40, 7)] {
            let mut values = noise(rows * width, 5);
            values.iter_mut().step_by(width).for_each(|value| *value = 10.0 * *value + 3.0);
            let coordinates = principal_components(values.clone(), width, width).unwrap();
            let variance = |place: usize| -> f64 {
                coordinates.iter().skip(place).step_by(width).map(|&x| f64::from(x).powi(2)).sum()
            };
            assert!((1..width).all(|place| variance(place) <= variance(place - 1) + 1e-6));
            let distance = |values: &[f32], a: usize, b: usize| -> f64 {
                (0..width).map(|i| f64::from(values[a * width + i] - values[b * width + i]).powi(2)).sum()
            };
            for a in 1..rows {
                let (before, after) = (distance(&values, 0, a), distance(&coordinates, 0, a));
                assert!((before - after).abs() < 1e-4 * before.max(1.0), "{before} {after}");
            }
            let fewer = principal_components(values, width, 1).unwrap();
            assert!(fewer.iter().zip(coordinates.iter().step_by(width)).all(|(a, b)| (a - b).abs() < 1e-4));
        }
    }

    #[test]
    fn half_a_row_and_more_components_than_columns_are_refused_and_no_rows_have_no_coordinates() {
        assert!(principal_components(vec![0.0; 7], 2, 1).is_err());
        assert!(principal_components(vec![0.0; 8], 2, 3).is_err());
        assert_eq!(principal_components(Vec::new(), 2, 1).unwrap(), Vec::<f32>::new());
    }
}
