//! Two coordinates for each row by t-SNE. The one file that names `bhtsne`.

use bhtsne::{Neighbor, tSNE};

use crate::blocks::Workers;
use crate::error::FitError;
use crate::hash::gaussian;
use crate::subclass::points::{Centres, Points};

/// Accuracy of the Barnes-Hut sums, as van der Maaten 2014 has it.
const THETA: f32 = 0.5;
/// Deviation of the first coordinates, as van der Maaten and Hinton 2008 have it.
const START: f32 = 1e-4;
/// Below this many rows there is no neighbourhood to speak of.
pub(crate) const LEAST_ROWS: usize = 8;

/// Coordinates `[rows, 2]`.
///
/// The library draws its start and its search tree from an unseeded source, so both are handed to it:
/// first coordinates by hash of `seed` and row, and exact neighbours. It runs in one thread, since its
/// sums depend on how many share them; classes run side by side.
///
/// # Source
/// van der Maaten and Hinton 2008; van der Maaten 2014 (Barnes-Hut).
pub(crate) fn tsne(points: &Points, perplexity: f64, seed: u64) -> Result<Vec<f32>, FitError> {
    let rows = points.rows();
    let perplexity = perplexity.min((rows - 1) as f64 / 3.0);
    #[allow(clippy::cast_sign_loss, reason = "a perplexity is above 0")]
    let neighbours = neighbours(points, ((3.0 * perplexity) as usize).clamp(1, rows - 1));
    let start: Vec<f32> = (0..2 * rows as u64).map(|place| START * gaussian(seed, place)).collect();
    let embed = || {
        let nothing = vec![(); rows]; // neighbours say all that the library needs to know of the rows
        let mut tsne = tSNE::<f32, (), 2>::new(&nothing);
        tsne.perplexity(perplexity as f32).initial_embedding(start);
        tsne.barnes_hut_with_neighbors(THETA, &neighbours).embedding()
    };
    Workers::alone(embed).ok_or(FitError::NoThread)
}

/// The `count` rows nearest to each row, by increasing distance, the row itself left out.
fn neighbours(points: &Points, count: usize) -> Vec<Vec<Neighbor<f32>>> {
    let all: Vec<f64> = points.values.iter().map(|&x| f64::from(x)).collect();
    let centres = Centres::new(&all, points.width);
    let mut neighbours = Vec::with_capacity(points.rows());
    for block in 0..points.blocks() {
        let distances = points.distances(block, &centres);
        for (row, distances) in points.block(block).zip(distances.chunks_exact(points.rows())) {
            let others = distances.iter().enumerate().filter(|(other, _)| *other != row);
            let mut others: Vec<(f32, usize)> = others.map(|(other, &square)| (square, other)).collect();
            let order = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            others.select_nth_unstable_by(count - 1, order);
            others.truncate(count);
            others.sort_unstable_by(order);
            let near = others.into_iter().map(|(square, index)| Neighbor { index, distance: square.sqrt() });
            neighbours.push(near.collect());
        }
    }
    neighbours
}
