//! Rows of other classes, drawn at random.

use lelp::hash::GOLDEN;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::supervision::Supervision;

/// Training rows by class: that of the label, or the teacher's where there is no label.
#[derive(Debug)]
pub(super) struct Negatives {
    seed: u64,
    /// Class of each row.
    classes: Vec<u32>,
    /// Rows in the order of their classes.
    rows: Vec<u32>,
    /// Class `c` has `rows[starts[c]..starts[c + 1]]`.
    starts: Vec<usize>,
}

impl Negatives {
    /// None if all rows are of one class, so that no row has a negative.
    pub(super) fn new(supervision: &Supervision<'_>, logits: &[f32], seed: u64) -> Option<Self> {
        let count = supervision.classes;
        let class = |row: usize| {
            let teacher = || lelp::argmax(&logits[row * count..][..count]);
            supervision.label(row).unwrap_or_else(teacher) as u32
        };
        let classes: Vec<u32> = (0..supervision.rows).map(class).collect();
        let mut rows: Vec<u32> = (0..classes.len() as u32).collect();
        rows.sort_by_key(|&row| classes[row as usize]);
        let start = |class: usize| rows.partition_point(|&row| (classes[row as usize] as usize) < class);
        let starts: Vec<usize> = (0..=count).map(start).collect();
        let alone = starts.windows(2).any(|pair| pair[1] - pair[0] == classes.len());
        (!alone).then_some(Self { seed, classes, rows, starts })
    }

    /// `count` rows of classes other than that of `row`, uniform, with replacement. What is drawn depends on seed,
    /// `step` and `row` alone, not on the order of the batch.
    pub(super) fn draw(&self, step: u64, row: u32, count: usize) -> impl Iterator<Item = u32> + '_ {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed ^ step.wrapping_mul(GOLDEN));
        random.set_stream(u64::from(row));
        let class = self.classes[row as usize] as usize;
        let (first, own) = (self.starts[class], self.starts[class + 1] - self.starts[class]);
        (0..count).map(move |_| {
            let place = random.random_range(0..self.rows.len() - own);
            self.rows[if place < first { place } else { place + own }]
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn all_rows_of_other_classes_are_drawn_and_no_other() {
        let labels = [Some(1), Some(0), None, Some(2), Some(0), None];
        // The two rows without a label are of the teacher's classes 2 and 0.
        let logits: Vec<f32> = [2, 2, 2, 2, 2, 0]
            .iter()
            .flat_map(|&c| (0..3).map(move |k| f32::from(u8::from(k == c))))
            .collect();
        let supervision =
            Supervision { rows: 6, classes: 3, labels: Some(&labels), ..Supervision::default() };
        let negatives = Negatives::new(&supervision, &logits, 7).unwrap();
        let others = [
            vec![1, 2, 3, 4, 5],
            vec![0, 2, 3],
            vec![0, 1, 4, 5],
            vec![0, 1, 4, 5],
            vec![0, 2, 3],
            vec![0, 2, 3],
        ];
        for (row, wanted) in (0..).zip(others) {
            let mut drawn: Vec<u32> = negatives.draw(3, row, 400).collect();
            assert!(drawn == negatives.draw(3, row, 400).collect::<Vec<_>>());
            assert!(drawn != negatives.draw(4, row, 400).collect::<Vec<_>>());
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn, wanted, "row {row}");
        }
    }

    #[test]
    fn rows_of_one_class_have_no_negatives() {
        let labels = [Some(1), Some(1)];
        let supervision =
            Supervision { rows: 2, classes: 3, labels: Some(&labels), ..Supervision::default() };
        assert!(Negatives::new(&supervision, &[0.0; 6], 0).is_none());
    }
}
