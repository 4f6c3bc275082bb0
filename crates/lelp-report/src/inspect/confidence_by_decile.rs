//! The teacher's confidence as a function of a subclass's score.

/// Groups of members, of equal size, by score.
const GROUPS: usize = 10;

/// Mean of `confidence` in each decile of `scores`, lowest first; with fewer than ten values, one group a value.
///
/// Values of equal score share their mean, so that the order of rows makes no difference.
///
/// # Shapes
/// `scores` and `confidence`: `[members]`.
pub(super) fn confidence_by_decile(scores: &[f32], confidence: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut sorted = Vec::with_capacity(order.len());
    for tied in order.chunk_by(|&a, &b| scores[a].total_cmp(&scores[b]).is_eq()) {
        let mean = mean(tied.iter().map(|&member| f64::from(confidence[member])));
        sorted.resize(sorted.len() + tied.len(), mean);
    }
    let groups = GROUPS.min(sorted.len());
    let bound = |group: usize| group * sorted.len() / groups;
    (0..groups).map(|group| mean(sorted[bound(group)..bound(group + 1)].iter().copied())).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    values.sum::<f64>() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_that_is_the_score_rises_by_tenths() {
        let values: Vec<f32> = (0..100_u16).map(|place| f32::from(place * 37 % 101) / 100.0).collect();
        let found = confidence_by_decile(&values, &values);
        assert_eq!(found.len(), 10);
        let mut sorted: Vec<f64> = values.iter().copied().map(f64::from).collect();
        sorted.sort_by(f64::total_cmp);
        for (found, tenth) in found.iter().zip(sorted.chunks(10)) {
            assert!((found - tenth.iter().sum::<f64>() / 10.0).abs() < 1e-12);
        }
    }

    #[test]
    fn members_of_one_score_are_not_told_apart() {
        let rising: Vec<f32> = (0..50_u8).map(|place| f32::from(place) / 50.0).collect();
        let found = confidence_by_decile(&[0.0; 50], &rising);
        assert!(found.iter().all(|value| (value - found[0]).abs() < 1e-12), "{found:?}");
        // The mean of all members is that of the groups, of one size.
        assert!((found[0] - 0.49).abs() < 1e-6);
    }

    #[test]
    fn few_members_are_a_group_each_and_none_are_no_group() {
        assert_eq!(confidence_by_decile(&[2.0, 1.0, 3.0], &[0.75, 0.5, 1.0]), [0.5, 0.75, 1.0]);
        assert!(confidence_by_decile(&[], &[]).is_empty());
        assert_eq!(confidence_by_decile(&[0.0; 23], &[1.0; 23]).len(), 10);
    }
}
