//! Two coordinates for each row by t-SNE. The one file that names `bhtsne`.

use bhtsne::{Neighbor, tSNE};
use serde::{Deserialize, Serialize};

use crate::blocks::Workers;
use crate::clustering::points::{Centres, Points};
use crate::error::FitError;
use crate::hash::gaussian;
use crate::parameter::SettingError;
use crate::parameter::Values;

/// Accuracy of the Barnes-Hut sums, as van der Maaten 2014 has it.
const THETA: f32 = 0.5;
/// Deviation of the first coordinates, as van der Maaten and Hinton 2008 have it.
const START: f32 = 1e-4;
/// Below this many rows there is no neighbourhood to speak of.
pub(crate) const LEAST_ROWS: usize = 8;

/// Effective number of neighbours of each row; finite, 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Perplexity(f64);

impl Perplexity {
    /// Checks a number of neighbours.
    pub fn new(value: f64) -> Result<Self, SettingError> {
        let (name, allowed) = ("perplexity", Values::AtLeastOne);
        if allowed.allow(value) { Ok(Self(value)) } else { Err(SettingError { name, value, allowed }) }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Perplexity {
    /// 30, the usual number.
    fn default() -> Self {
        Self(30.0)
    }
}

impl TryFrom<f64> for Perplexity {
    type Error = SettingError;

    fn try_from(value: f64) -> Result<Self, SettingError> {
        Self::new(value)
    }
}

impl From<Perplexity> for f64 {
    fn from(perplexity: Perplexity) -> Self {
        perplexity.0
    }
}

/// Coordinates `[rows, 2]`; of a `perplexity` above a third of the rows, that is taken.
///
/// The library draws its start and its search tree from an unseeded source, so both are handed to it:
/// first coordinates by hash of `seed` and row, and exact neighbours. It runs in one thread, since its
/// sums depend on how many share them; classes run side by side.
///
/// # Source
/// van der Maaten and Hinton 2008; van der Maaten 2014 (Barnes-Hut).
pub(crate) fn tsne(points: &Points, perplexity: Perplexity, seed: u64) -> Result<Vec<f32>, FitError> {
    let rows = points.rows();
    let perplexity = perplexity.get().min((rows - 1) as f64 / 3.0);
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
