//! Two-dimensional projection of embeddings, for plotting.

use crate::clustering::{LEAST_ROWS, Perplexity, Points, tsne};
use crate::error::{FitError, ShapeError};

/// Coordinates of embeddings in the plane by t-SNE; none where there are fewer than 8 rows.
///
/// Near rows stay near; distances between groups mean little. The same rows and seed give the same coordinates.
///
/// # Shapes
/// - `embeddings`: `[rows, width]`, finite; all distances are taken, so use some thousand rows
/// - result: `[rows, 2]`
///
/// # Errors
/// [`FitError::Shape`] if `embeddings` are no whole rows.
///
/// # Source
/// van der Maaten and Hinton 2008; van der Maaten 2014 (Barnes-Hut). `perplexity` is that of the first, and a third
/// of the rows at most.
pub fn project_to_plane(
    embeddings: Vec<f32>,
    width: usize,
    perplexity: Perplexity,
    seed: u64,
) -> Result<Option<Vec<f32>>, FitError> {
    let rows = embeddings.len().checked_div(width).unwrap_or(0);
    ShapeError::check("values of the embeddings", embeddings.len(), rows * width)?;
    if rows < LEAST_ROWS {
        return Ok(None);
    }
    tsne(&Points::raw(embeddings, width), perplexity, seed).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    fn neighbours() -> Perplexity {
        Perplexity::new(10.0).unwrap()
    }

    #[test]
    fn two_far_groups_stay_apart_and_the_map_is_the_same_twice() {
        let mut rows = noise(40 * 6, 3);
        rows[..20 * 6].iter_mut().for_each(|value| *value += 30.0);
        let map = project_to_plane(rows.clone(), 6, neighbours(), 1).unwrap().unwrap();
        assert_eq!(Some(&map), project_to_plane(rows, 6, neighbours(), 1).unwrap().as_ref());
        let nearest = |row: usize| {
            let square = |other: usize| {
                (0..2).map(|axis| (map[row * 2 + axis] - map[other * 2 + axis]).powi(2)).sum::<f32>()
            };
            let others = (0..40).filter(|&other| other != row);
            others.min_by(|&a, &b| square(a).total_cmp(&square(b))).unwrap()
        };
        assert!((0..40).all(|row| (row < 20) == (nearest(row) < 20)));
    }

    #[test]
    fn a_handful_of_rows_has_no_map_and_half_a_row_is_refused() {
        assert_eq!(project_to_plane(vec![0.0; 7 * 2], 2, Perplexity::default(), 0).unwrap(), None);
        assert!(project_to_plane(vec![0.0; 7], 2, Perplexity::default(), 0).is_err());
        assert!(project_to_plane(vec![0.0; 7], 0, Perplexity::default(), 0).is_err());
    }
}
