//! The order in which a training goes over its rows.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Batches of a window whose rows are sorted by length: enough to fill batches with rows of like length, few
/// enough to leave the order random.
const WINDOW: usize = 50;

/// Rows of which an epoch takes a share, in turns, as they count for less than the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampledRows {
    /// The first of them; all behind it are such rows.
    pub first: usize,
    /// What part of them an epoch goes over, above 0 and at most 1.
    pub share: f64,
}

/// Rows in the order of the epoch; a function of the seed and the number of epochs begun.
#[derive(Debug)]
pub(super) struct Order {
    rows: Vec<u32>,
    turns: Option<Turns>,
    batch: usize,
    random: ChaCha8Rng,
}

/// Rows of which each epoch takes the next ones.
#[derive(Debug)]
struct Turns {
    /// Rows that every epoch goes over.
    always: Vec<u32>,
    sampled: Vec<u32>,
    /// How many of `sampled` an epoch takes.
    taken: usize,
    /// Where in `sampled` the next epoch begins.
    next: usize,
}

impl Order {
    pub(super) fn new(rows: Vec<u32>, sampled: Option<SampledRows>, batch: usize, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let Some(SampledRows { first, share }) = sampled.filter(|sampled| sampled.share < 1.0) else {
            return Self { rows, turns: None, batch, random };
        };
        let (always, mut sampled): (Vec<u32>, Vec<u32>) =
            rows.into_iter().partition(|&row| (row as usize) < first);
        sampled.shuffle(&mut random);
        #[allow(clippy::cast_sign_loss, reason = "a share is above 0")]
        let taken = (sampled.len() as f64 * share).ceil() as usize;
        let mut turns = Turns { always, sampled, taken, next: 0 };
        Self { rows: turns.next_rows(), turns: Some(Turns { next: 0, ..turns }), batch, random }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The batch that begins after `done` rows.
    pub(super) fn batch(&self, done: usize) -> &[u32] {
        &self.rows[done..self.rows.len().min(done + self.batch)]
    }

    /// Shuffles the rows. Where padding to the longest row of a batch costs something, rows of like `cost` are
    /// put into one batch, and the batches shuffled.
    pub(super) fn next_epoch(&mut self, cost: impl Fn(u32) -> Option<usize>) {
        if let Some(turns) = &mut self.turns {
            self.rows = turns.next_rows();
        }
        self.rows.shuffle(&mut self.random);
        if self.rows.first().is_none_or(|&row| cost(row).is_none()) {
            return;
        }
        for window in self.rows.chunks_mut(WINDOW * self.batch) {
            window.sort_by_key(|&row| cost(row));
        }
        // The last batch may be short: it stays last, so that all others stay whole.
        let whole = self.rows.len() / self.batch * self.batch;
        let mut batches: Vec<Vec<u32>> =
            self.rows[..whole].chunks_exact(self.batch).map(<[u32]>::to_vec).collect();
        batches.shuffle(&mut self.random);
        self.rows.splice(..whole, batches.concat());
    }
}

impl Turns {
    /// The rows of the next epoch, always as many.
    fn next_rows(&mut self) -> Vec<u32> {
        let turn = self.sampled.iter().cycle().skip(self.next).take(self.taken);
        let rows = self.always.iter().chain(turn).copied().collect();
        self.next = (self.next + self.taken) % self.sampled.len().max(1);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucketed_batches_hold_every_row_once_and_like_lengths() {
        let cost = |row: u32| Some(row as usize * 7919 % 101);
        let mut order = Order::new((0..1003).collect(), None, 10, 3);
        order.next_epoch(cost);
        let mut seen = order.rows.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..1003).collect::<Vec<_>>());
        let spread = |batch: &[u32]| {
            let costs = batch.iter().filter_map(|&row| cost(row));
            costs.clone().max().unwrap_or(0) - costs.min().unwrap_or(0)
        };
        let whole: Vec<usize> = (0..1000).step_by(10).map(|done| spread(order.batch(done))).collect();
        let mean = whole.iter().sum::<usize>() as f64 / whole.len() as f64;
        assert!(mean < 5.0, "a random batch of 10 spreads over 80: {mean}");
        assert_eq!(order.batch(1000).len(), 3);
    }

    #[test]
    fn rows_of_a_share_take_turns_and_the_others_come_every_epoch() {
        for (share, taken, epochs) in [(0.3, 12, 4), (0.5, 20, 2), (0.01, 1, 40), (1.0, 40, 1)] {
            let sampled = SampledRows { first: 20, share };
            let mut order = Order::new((0..60).collect(), Some(sampled), 8, 3);
            let mut seen = [0_u32; 60];
            for _ in 0..epochs {
                order.next_epoch(|_| None);
                assert_eq!(order.rows(), 20 + taken);
                order.rows.iter().for_each(|&row| seen[row as usize] += 1);
            }
            assert!(seen[..20].iter().all(|&count| count == epochs), "{share}: {seen:?}");
            let least = (taken * epochs as usize / 40) as u32;
            assert!(
                seen[20..].iter().all(|&count| (least..=least + 1).contains(&count)),
                "{share}: {seen:?}"
            );
        }
    }

    #[test]
    fn epochs_differ_and_come_back_with_the_seed() {
        let epochs = |seed| {
            let mut order = Order::new((0..50).collect(), None, 8, seed);
            let mut next = || {
                order.next_epoch(|_| None);
                order.rows.clone()
            };
            [next(), next()]
        };
        assert_eq!(epochs(1), epochs(1));
        assert_ne!(epochs(1), epochs(2));
        assert_ne!(epochs(1)[0], epochs(1)[1]);
    }
}
