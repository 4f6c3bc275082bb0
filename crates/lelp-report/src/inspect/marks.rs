//! The words and pairs of words that mark a subclass among the members of its class.

use super::log_odds::{Occurrences, weighted_log_odds};
use super::ngrams::Vocabulary;
use super::{InspectSettings, Mark};

/// The n-grams that the subclass's rows hold more often than the class's others, the strongest first.
///
/// Counts are of rows, each in the subclass of its highest score (hard, not by shares: so the deviation is that of
/// counts, and marks do not depend on the sharpness). Of a pair of words and one of them only the stronger is listed.
///
/// The prior is the class's own use of words, as heavy as a subclass of mean size: `a = y / per_class` for an n-gram
/// that `y` rows of the class hold. It grows with the data, so that a word which one subclass alone says can stand out;
/// a prior of fixed size would put the deviation of such words at that of the prior. The deviations are
/// cautious in return: where subclasses mean nothing, they spread less than a standard normal number.
pub(super) fn marks(vocabulary: &Vocabulary, subclass: usize, settings: &InspectSettings) -> Vec<Mark> {
    let mut found = Vec::new();
    for (ngram, counts) in &vocabulary.ngrams {
        let rows = counts[subclass] as usize;
        let score = deviation(vocabulary, counts, subclass);
        if rows >= settings.least_rows && score.is_finite() && score > 0.0 {
            found.push((score, ngram, rows));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let mut listed: Vec<Mark> = Vec::new();
    for (score, ngram, rows) in found {
        if listed.len() >= settings.marks {
            break;
        }
        if !listed.iter().any(|mark| one_in_the_other(&mark.ngram, ngram)) {
            listed.push(Mark { ngram: ngram.clone(), score, rows });
        }
    }
    listed
}

/// Weighted log-odds of an n-gram in a subclass against the rest of the class.
fn deviation(vocabulary: &Vocabulary, counts: &[u32], subclass: usize) -> f64 {
    let all = Occurrences {
        of_word: counts.iter().copied().map(f64::from).sum(),
        of_all: vocabulary.totals.iter().sum::<u64>() as f64,
    };
    let own =
        Occurrences { of_word: f64::from(counts[subclass]), of_all: vocabulary.totals[subclass] as f64 };
    let rest = Occurrences { of_word: all.of_word - own.of_word, of_all: all.of_all - own.of_all };
    let per_class = (counts.len() - 1) as f64;
    let prior = Occurrences { of_word: all.of_word / per_class, of_all: all.of_all / per_class };
    weighted_log_odds(own, rest, prior)
}

/// Whether one is a word of the other, which is a pair.
fn one_in_the_other(a: &str, b: &str) -> bool {
    a.split(' ').any(|word| word == b) || b.split(' ').any(|word| word == a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(ngrams: &[(&str, [u32; 3])]) -> Vocabulary {
        let total = |place: usize| ngrams.iter().map(|(_, rows)| u64::from(rows[place])).sum();
        let ngrams = ngrams.iter().map(|(ngram, rows)| ((*ngram).to_owned(), rows.to_vec())).collect();
        Vocabulary { ngrams, totals: (0..3).map(total).collect() }
    }

    const COUNTS: [(&str, [u32; 3]); 5] = [
        ("lost", [40, 2, 0]),
        ("lost card", [30, 0, 0]),
        ("the", [90, 90, 4]),
        ("my", [400, 390, 8]),
        ("rate", [1, 35, 1]),
    ];

    #[test]
    fn the_word_of_a_subclass_is_its_first_mark_and_common_words_are_none() {
        let vocabulary = vocabulary(&COUNTS);
        let first = marks(&vocabulary, 0, &InspectSettings::default());
        assert_eq!((first[0].ngram.as_str(), first[0].rows), ("lost", 40));
        assert!(first.iter().all(|mark| mark.ngram != "lost card"), "{first:?}");
        let second = marks(&vocabulary, 1, &InspectSettings::default());
        assert_eq!(second[0].ngram, "rate");
        assert!(second[1].score < 0.6 * second[0].score, "{second:?}");
    }

    /// `NumPy`: own 40 of 561, rest 2 of 530, prior 21 of 545.5.
    #[test]
    fn the_prior_is_a_subclass_of_mean_size() {
        let found = deviation(&vocabulary(&COUNTS), &[40, 2, 0], 0);
        assert!((found - 4.013_506_625_489_708).abs() < 1e-12, "{found}");
    }

    #[test]
    fn few_rows_and_a_class_of_one_subclass_have_no_marks() {
        let settings = InspectSettings { least_rows: 41, marks: 9, ..InspectSettings::default() };
        assert!(marks(&vocabulary(&[("lost", [40, 2, 0]), ("a", [1, 40, 0])]), 0, &settings).is_empty());
        let alone = Vocabulary {
            ngrams: vec![("a".into(), vec![9, 0]), ("b".into(), vec![7, 0])],
            totals: vec![16, 0],
        };
        let found = marks(&alone, 0, &InspectSettings::default());
        assert!(found.iter().all(|mark| mark.score < 1e-9), "{found:?}");
        let only = Vocabulary { ngrams: vec![("a".into(), vec![9, 6, 0])], totals: vec![9, 6, 0] };
        assert!(marks(&only, 0, &InspectSettings::default()).is_empty());
    }
}
