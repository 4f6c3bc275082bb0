//! Ward's agglomerative clustering.

use crate::blocks::Workers;
use crate::clustering::points::{Centres, Points};

/// The cluster of each row, numbered by first appearance: the Ward tree cut at `clusters`.
///
/// Exact: squared distances of all pairs (`rows (rows - 1) / 2` values of 8 bytes), merged along chains of
/// nearest neighbours, which finds the same tree as merging the closest pair each time.
///
/// # Source
/// Ward 1963; Lance and Williams 1967 for the distances after a merge; Murtagh 1983 for the chains.
pub(crate) fn ward(points: &Points, clusters: usize, workers: &Workers) -> Vec<usize> {
    let mut merges = Tree::new(points, workers).merges();
    merges.sort_by(|a, b| a.height.total_cmp(&b.height)); // stable: equal heights as they were found
    let mut parent: Vec<usize> = (0..points.rows()).collect();
    for merge in merges.iter().take(points.rows().saturating_sub(clusters)) {
        let (a, b) = (root(&mut parent, merge.rows.0), root(&mut parent, merge.rows.1));
        parent[a.max(b)] = a.min(b);
    }
    let mut numbers = vec![usize::MAX; points.rows()];
    let mut next = 0;
    (0..points.rows())
        .map(|row| {
            let root = root(&mut parent, row);
            if numbers[root] == usize::MAX {
                numbers[root] = next;
                next += 1;
            }
            numbers[root]
        })
        .collect()
}

fn root(parent: &mut [usize], mut row: usize) -> usize {
    while parent[row] != row {
        parent[row] = parent[parent[row]];
        row = parent[row];
    }
    row
}

/// Two clusters that became one.
struct Merge {
    /// A row of each.
    rows: (usize, usize),
    /// Squared Ward distance: twice the rise of the sum of squares.
    height: f64,
}

/// Clusters that are left, each in the slot of one of its rows.
struct Tree {
    /// Rows of the cluster in each slot; 0 where it was merged away.
    sizes: Vec<f64>,
    /// Squared distances, lower triangle, row after row.
    distances: Vec<f64>,
}

/// Place of the pair in the lower triangle.
fn pair(a: usize, b: usize) -> usize {
    let (low, high) = (a.min(b), a.max(b));
    high * (high - 1) / 2 + low
}

impl Tree {
    fn new(points: &Points, workers: &Workers) -> Self {
        let rows = points.rows();
        let all: Vec<f64> = points.values.iter().map(|&x| f64::from(x)).collect();
        let centres = Centres::new(&all, points.width);
        let mut distances = Vec::with_capacity(rows * rows.saturating_sub(1) / 2);
        let block = |block| (points.block(block).start, points.distances(block, &centres));
        workers.in_order(points.blocks(), block, |(first, block)| {
            for (place, row) in block.chunks_exact(rows).enumerate() {
                distances.extend(row[..first + place].iter().map(|&d| f64::from(d)));
            }
        });
        Self { sizes: vec![1.0; rows], distances }
    }

    fn merges(mut self) -> Vec<Merge> {
        let rows = self.sizes.len();
        let mut merges = Vec::with_capacity(rows.saturating_sub(1));
        let mut chain: Vec<usize> = Vec::new();
        let mut first = 0;
        while merges.len() + 1 < rows {
            if chain.is_empty() {
                while self.sizes[first] == 0.0 {
                    first += 1;
                }
                chain.push(first);
            }
            let end = chain[chain.len() - 1];
            let before = chain.len().checked_sub(2).map(|place| chain[place]);
            let (near, height) = self.nearest(end, before);
            if before == Some(near) {
                chain.truncate(chain.len() - 2);
                self.merge(end, near);
                merges.push(Merge { rows: (end, near), height });
            } else {
                chain.push(near);
            }
        }
        merges
    }

    /// The cluster nearest to that in `slot`; among equals `preferred`, then the lowest slot.
    fn nearest(&self, slot: usize, preferred: Option<usize>) -> (usize, f64) {
        let mut best = preferred.map_or((usize::MAX, f64::INFINITY), |p| (p, self.distances[pair(slot, p)]));
        for (other, &size) in self.sizes.iter().enumerate() {
            if size > 0.0 && other != slot {
                let distance = self.distances[pair(slot, other)];
                if distance < best.1 || best.0 == usize::MAX {
                    best = (other, distance);
                }
            }
        }
        best
    }

    /// Merges two clusters into the lower slot.
    fn merge(&mut self, a: usize, b: usize) {
        let (kept, gone) = (a.min(b), a.max(b));
        let (size, more) = (self.sizes[kept], self.sizes[gone]);
        let between = self.distances[pair(kept, gone)];
        self.sizes[gone] = 0.0;
        for (other, &third) in self.sizes.iter().enumerate() {
            if third > 0.0 && other != kept {
                let (own, theirs) = (self.distances[pair(kept, other)], self.distances[pair(gone, other)]);
                let sum = (size + third) * own + (more + third) * theirs - third * between;
                self.distances[pair(kept, other)] = sum / (size + more + third);
            }
        }
        self.sizes[kept] = size + more;
    }
}
