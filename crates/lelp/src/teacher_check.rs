//! A teacher's answers held against labels before anything is learned from them.

use crate::moments::argmax;

/// Fewer labelled rows than this say nothing.
const LEAST_ROWS: u64 = 10;
/// More classes than this are not tried under other names: the search takes the cube of their number.
const MOST_RENAMED: usize = 256;
/// Standard deviations above chance from which an agreement is no accident.
const DEVIATIONS: f64 = 2.0;
/// Share of rows that other names must win to be worth a word.
const LEAST_GAIN: f64 = 0.1;

/// How often a teacher's answers are the labels, and how often by other means.
#[derive(Debug, Clone, PartialEq)]
pub struct TeacherCheck {
    /// Rows that have a label.
    pub labelled: u64,
    /// Those of them that the teacher answers as they are labelled.
    pub agreeing: u64,
    /// How many that would be if answers and labels, each as frequent as they are, had nothing to do with each other.
    pub by_chance: f64,
    /// The most frequent label.
    pub largest_class: usize,
    /// Rows that have it.
    pub largest: u64,
    /// For each class of the teacher the label that it would have to be called by, where that agrees far more often on
    /// rows that it was not chosen on.
    pub renamed: Option<Vec<usize>>,
}

/// What is wrong with a teacher's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeacherFinding<'a> {
    /// Its classes have other names, by class: the place of the label that each stands for.
    OtherNames(&'a [usize]),
    /// Its answers have nothing to do with the labels.
    Chance,
    /// It is right no more often than who always answers this class.
    Majority(usize),
}

impl TeacherCheck {
    /// Holds `logits` `[rows, classes]` against `labels` `[rows]`, -1 for none; none where no row has a label.
    #[must_use]
    pub fn new(logits: &[f32], classes: usize, labels: &[i32]) -> Option<Self> {
        // Every second labelled row chooses other names, and the rest judge them.
        let mut halves = [vec![0_u64; classes * classes], vec![0_u64; classes * classes]];
        let labelled = logits.chunks_exact(classes).zip(labels);
        let labelled = labelled.filter_map(|(row, &label)| Some((argmax(row), usize::try_from(label).ok()?)));
        for (place, (answer, label)) in labelled.enumerate() {
            halves[place % 2][answer * classes + label] += 1;
        }
        let [choosing, judging] = halves;
        let all: Vec<u64> = choosing.iter().zip(&judging).map(|(left, right)| left + right).collect();
        let rows: u64 = all.iter().sum();
        if rows == 0 {
            return None;
        }
        let answered: Vec<u64> = all.chunks_exact(classes).map(|row| row.iter().sum()).collect();
        let given: Vec<u64> =
            (0..classes).map(|label| all.iter().skip(label).step_by(classes).sum()).collect();
        let products = answered.iter().zip(&given).map(|(&left, &right)| left as f64 * right as f64);
        let own: Vec<usize> = (0..classes).collect();
        let largest_class = (0..classes).rev().max_by_key(|&class| given[class]).unwrap_or_default();
        Some(Self {
            labelled: rows,
            agreeing: matching(&all, &own),
            by_chance: products.sum::<f64>() / rows as f64,
            largest_class,
            largest: given[largest_class],
            renamed: (classes <= MOST_RENAMED).then(|| renamed(&choosing, &judging, &own)).flatten(),
        })
    }

    /// What is wrong; none where nothing is, or where too few rows have a label.
    #[must_use]
    pub fn finding(&self) -> Option<TeacherFinding<'_>> {
        if self.labelled < LEAST_ROWS {
            return None;
        }
        if let Some(names) = &self.renamed {
            return Some(TeacherFinding::OtherNames(names));
        }
        let deviation = (self.by_chance * (1.0 - self.by_chance / self.labelled as f64)).sqrt();
        if self.agreeing as f64 <= self.by_chance + DEVIATIONS * deviation {
            return Some(TeacherFinding::Chance);
        }
        (self.agreeing <= self.largest).then_some(TeacherFinding::Majority(self.largest_class))
    }
}

/// Rows that agree where class `c` of the teacher is the label `names[c]`.
fn matching(counts: &[u64], names: &[usize]) -> u64 {
    names.iter().enumerate().map(|(class, &name)| counts[class * names.len() + name]).sum()
}

/// The names that agree most often on one half of the rows, where they are far better than `own` on the other half.
fn renamed(choosing: &[u64], judging: &[u64], own: &[usize]) -> Option<Vec<usize>> {
    let best = best_assignment(choosing, own.len());
    let rows = judging.iter().sum::<u64>() as f64;
    let gain = matching(judging, &best) as f64 - matching(judging, own) as f64;
    (gain > LEAST_GAIN * rows && gain > DEVIATIONS * rows.sqrt()).then_some(best)
}

/// The assignment of columns to the rows of `counts` `[size, size]`, each once, of the largest sum.
///
/// # Source
/// Kuhn 1955, the Hungarian method; in the form of Jonker and Volgenant 1987 with potentials, `O(size^3)`.
fn best_assignment(counts: &[u64], size: usize) -> Vec<usize> {
    let cost = |row: usize, column: usize| -(counts[row * size + column] as f64);
    let free = size; // a column that stands for "none"
    let (mut row_potential, mut column_potential) = (vec![0.0; size], vec![0.0; size + 1]);
    let mut row_of = vec![usize::MAX; size + 1];
    for new in 0..size {
        let (mut nearest, mut before) = (vec![f64::INFINITY; size], vec![free; size]);
        let mut seen = vec![false; size + 1];
        row_of[free] = new;
        let mut column = free;
        while row_of[column] != usize::MAX {
            seen[column] = true;
            let row = row_of[column];
            for next in (0..size).filter(|&next| !seen[next]) {
                let reduced = cost(row, next) - row_potential[row] - column_potential[next];
                if reduced < nearest[next] {
                    (nearest[next], before[next]) = (reduced, column);
                }
            }
            let unseen = (0..size).filter(|&next| !seen[next]);
            let next = unseen.min_by(|&left, &right| nearest[left].total_cmp(&nearest[right]));
            let next = next.expect("as many columns as rows, of which this one is not assigned yet");
            let step = nearest[next];
            for other in 0..=size {
                if seen[other] {
                    row_potential[row_of[other]] += step;
                    column_potential[other] -= step;
                } else {
                    nearest[other] -= step;
                }
            }
            column = next;
        }
        while column != free {
            let previous = before[column];
            row_of[column] = row_of[previous];
            column = previous;
        }
    }
    let mut names = vec![0; size];
    for (column, &row) in row_of[..size].iter().enumerate() {
        names[row] = column;
    }
    names
}

/// Whether every row of `logits` `[rows, classes]` is what probabilities look like: not negative, and of the sum 1 or, in
/// percent, 100. Of a single logit, read as `[0, z]`, every `z` is then from 0 to 1.
#[must_use]
pub fn look_like_probabilities(logits: &[f32], classes: usize) -> bool {
    const LEAST: usize = 8; // rows of a real teacher that could all look so by accident
    let rows = || logits.chunks_exact(classes);
    let sums_to =
        |total: f32| rows().all(|row| row.iter().all(|&value| value >= 0.0) && near(row.iter().sum(), total));
    let one_logit = || classes == 2 && rows().all(|row| row[0] == 0.0 && (0.0..=1.0).contains(&row[1]));
    rows().len() >= LEAST && (sums_to(1.0) || sums_to(100.0) || one_logit())
}

fn near(sum: f32, total: f32) -> bool {
    (sum - total).abs() <= 0.01 * total
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Logits that answer `answers`.
    fn logits(answers: &[usize], classes: usize) -> Vec<f32> {
        answers
            .iter()
            .flat_map(|&answer| (0..classes).map(move |class| f32::from(u8::from(class == answer))))
            .collect()
    }

    fn signed(label: usize) -> i32 {
        i32::try_from(label).unwrap()
    }

    fn check(answers: &[usize], labels: &[i32], classes: usize) -> TeacherCheck {
        TeacherCheck::new(&logits(answers, classes), classes, labels).unwrap()
    }

    #[test]
    fn a_good_teacher_is_passed_over_at_any_number_of_rows_and_classes() {
        for classes in [2, 3, 7, 77] {
            for rows in [1, 9, 10, 11, 154, 1001] {
                let labels: Vec<usize> = (0..rows).map(|row| row * 31 % classes).collect();
                let answers: Vec<usize> = labels
                    .iter()
                    .enumerate()
                    .map(|(row, &label)| if row % 10 == 3 { (label + 1) % classes } else { label })
                    .collect();
                let labels: Vec<i32> = labels.iter().map(|&label| signed(label)).collect();
                let check = check(&answers, &labels, classes);
                assert_eq!(check.finding(), None, "{classes} classes, {rows} rows: {check:?}");
            }
        }
    }

    #[test]
    fn classes_in_another_order_are_found_with_their_names() {
        for names in [vec![1, 0], vec![2, 0, 1], vec![0, 2, 1, 4, 3]] {
            let classes = names.len();
            let answers: Vec<usize> = (0..40 * classes).map(|row| row * 7 % classes).collect();
            let labels: Vec<i32> = answers.iter().map(|&answer| signed(names[answer])).collect();
            let check = check(&answers, &labels, classes);
            assert_eq!(check.finding(), Some(TeacherFinding::OtherNames(&names)), "{check:?}");
        }
    }

    #[test]
    fn rows_in_another_order_agree_by_chance() {
        for classes in [2, 5, 20] {
            let mix = |row: u64, salt: u64| (row.wrapping_mul(salt) >> 33) as usize % classes;
            let answers: Vec<usize> = (0..500).map(|row| mix(row, 0x9E37_79B9_7F4A_7C15)).collect();
            let labels: Vec<i32> = (0..500).map(|row| signed(mix(row, 0xD1B5_4A32_D192_ED03))).collect();
            let check = check(&answers, &labels, classes);
            assert_eq!(check.finding(), Some(TeacherFinding::Chance), "{check:?}");
            assert!((check.by_chance - 500.0 / classes as f64).abs() < 25.0, "{check:?}");
        }
    }

    #[test]
    fn one_answer_for_all_and_one_no_better_are_told_apart() {
        let labels: Vec<i32> = (0..100).map(|row| i32::from(row % 4 == 0)).collect();
        assert_eq!(check(&[0; 100], &labels, 2).finding(), Some(TeacherFinding::Chance));
        // Right on 15 of the 25 of the small class, and on 60 of the 75 of the large one: it knows something.
        let answers: Vec<usize> =
            (0..100).map(|row| usize::from(if row % 4 == 0 { row < 60 } else { row < 20 })).collect();
        let check = check(&answers, &labels, 2);
        assert_eq!((check.agreeing, check.largest), (75, 75), "{check:?}");
        assert_eq!(check.finding(), Some(TeacherFinding::Majority(0)));
    }

    #[test]
    fn rows_without_a_label_do_not_count() {
        assert_eq!(TeacherCheck::new(&logits(&[0, 1], 2), 2, &[-1, -1]), None);
        let check = check(&[0, 1, 1], &[0, -1, 0], 2);
        assert_eq!((check.labelled, check.agreeing), (2, 1));
    }

    #[test]
    fn probabilities_percents_and_sigmoids_are_told_from_logits() {
        let row = |pair: [f32; 2]| pair.repeat(8);
        assert!(look_like_probabilities(&row([0.25, 0.75]), 2));
        assert!(look_like_probabilities(&row([25.0, 75.0]), 2));
        assert!(look_like_probabilities(&row([0.0, 0.9]), 2));
        assert!(!look_like_probabilities(&row([0.0, 1.5]), 2));
        assert!(!look_like_probabilities(&row([-0.5, 1.5]), 2));
        assert!(!look_like_probabilities(&[0.25, 0.75], 2), "one row says nothing");
    }

    proptest! {
        #[test]
        fn no_other_assignment_sums_to_more(counts in proptest::collection::vec(0_u64..50, 16)) {
            let best = best_assignment(&counts, 4);
            let mut sorted = best.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, vec![0, 1, 2, 3]);
            let mut most = 0;
            for first in 0..4 {
                for second in (0..4).filter(|&other| other != first) {
                    for third in (0..4).filter(|&other| other != first && other != second) {
                        most = most.max(matching(&counts, &[first, second, third, 6 - first - second - third]));
                    }
                }
            }
            prop_assert_eq!(matching(&counts, &best), most);
        }
    }
}
