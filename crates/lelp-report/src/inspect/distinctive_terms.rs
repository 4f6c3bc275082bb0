//! The terms that are more frequent in a subclass than in the rest of its class.

use super::vocabulary::Vocabulary;
use super::weighted_log_odds::{Occurrences, weighted_log_odds};
use super::{DistinctiveTerm, InspectSettings};

/// The terms that rows of the subclass contain more often than the other rows of the class, the strongest first.
///
/// Each vocabulary has the terms of one source: the texts, or a column of categories. Counts are of rows, each in the
/// subclass of its highest score (hard, not by shares: so the standard deviation is that of counts, and the terms do not
/// depend on the sharpness). Of a pair of words and one of them only the stronger is listed.
///
/// The prior is the class's own use of terms, as heavy as a subclass of mean size: `a = y / per_class` for a term that
/// `y` rows of the class contain. It grows with the data, so that a term which only one subclass uses can stand out;
/// with a prior of fixed size the standard deviation of such terms would be that of the prior. The scores are
/// cautious in return: where subclasses mean nothing, they spread less than a standard normal variable.
pub(super) fn distinctive_terms(
    vocabularies: &[Vocabulary],
    subclass: usize,
    settings: &InspectSettings,
) -> Vec<DistinctiveTerm> {
    let mut found = Vec::new();
    for (source, vocabulary) in vocabularies.iter().enumerate() {
        for (term, counts) in &vocabulary.terms {
            let rows = counts[subclass] as usize;
            let score = score(vocabulary, counts, subclass);
            if rows >= settings.least_rows && score.is_finite() && score > 0.0 {
                found.push((source, DistinctiveTerm { term: term.clone(), score, rows }));
            }
        }
    }
    found.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score).then_with(|| a.term.cmp(&b.term)));
    let mut listed: Vec<(usize, DistinctiveTerm)> = Vec::new();
    for (source, term) in found {
        if listed.len() >= settings.distinctive_terms {
            break;
        }
        let overlaps = |(of, known): &(usize, DistinctiveTerm)| {
            *of == source && one_in_the_other(&known.term, &term.term)
        };
        if !listed.iter().any(overlaps) {
            listed.push((source, term));
        }
    }
    listed.into_iter().map(|(_, term)| term).collect()
}

/// Weighted log-odds of a term in a subclass against the rest of the class.
fn score(vocabulary: &Vocabulary, counts: &[u32], subclass: usize) -> f64 {
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

    fn vocabulary(terms: &[(&str, [u32; 3])]) -> Vocabulary {
        let total = |place: usize| terms.iter().map(|(_, rows)| u64::from(rows[place])).sum();
        let terms = terms.iter().map(|(term, rows)| ((*term).to_owned(), rows.to_vec())).collect();
        Vocabulary { terms, totals: (0..3).map(total).collect() }
    }

    const COUNTS: [(&str, [u32; 3]); 5] = [
        ("lost", [40, 2, 0]),
        ("lost card", [30, 0, 0]),
        ("the", [90, 90, 4]),
        ("my", [400, 390, 8]),
        ("rate", [1, 35, 1]),
    ];

    #[test]
    fn the_word_of_a_subclass_is_its_first_term_and_common_words_are_none() {
        let vocabularies = [vocabulary(&COUNTS)];
        let first = distinctive_terms(&vocabularies, 0, &InspectSettings::default());
        assert_eq!((first[0].term.as_str(), first[0].rows), ("lost", 40));
        assert!(first.iter().all(|found| found.term != "lost card"), "{first:?}");
        let second = distinctive_terms(&vocabularies, 1, &InspectSettings::default());
        assert_eq!(second[0].term, "rate");
        assert!(second[1].score < 0.6 * second[0].score, "{second:?}");
    }

    /// `NumPy`: own 40 of 561, rest 2 of 530, prior 21 of 545.5.
    #[test]
    fn the_prior_is_a_subclass_of_mean_size() {
        let found = score(&vocabulary(&COUNTS), &[40, 2, 0], 0);
        assert!((found - 4.013_506_625_489_708).abs() < 1e-12, "{found}");
    }

    #[test]
    fn few_rows_and_a_class_of_one_subclass_have_no_terms() {
        let settings = InspectSettings { least_rows: 41, distinctive_terms: 9, ..InspectSettings::default() };
        assert!(
            distinctive_terms(&[vocabulary(&[("lost", [40, 2, 0]), ("a", [1, 40, 0])])], 0, &settings)
                .is_empty()
        );
        let alone = Vocabulary {
            terms: vec![("a".into(), vec![9, 0]), ("b".into(), vec![7, 0])],
            totals: vec![16, 0],
        };
        let found = distinctive_terms(&[alone], 0, &InspectSettings::default());
        assert!(found.iter().all(|term| term.score < 1e-9), "{found:?}");
        let only = Vocabulary { terms: vec![("a".into(), vec![9, 6, 0])], totals: vec![9, 6, 0] };
        assert!(distinctive_terms(&[only], 0, &InspectSettings::default()).is_empty());
    }

    #[test]
    fn values_of_a_category_stand_beside_words_by_their_scores() {
        let values = vocabulary(&[("country=fr", [80, 10, 0]), ("country=de", [20, 90, 2])]);
        let both = [vocabulary(&COUNTS), values.clone()];
        let found = distinctive_terms(&both, 0, &InspectSettings::default());
        let alone = distinctive_terms(&[values], 0, &InspectSettings::default());
        assert_eq!((found[0].term.as_str(), found[0].rows), ("country=fr", 80));
        assert_eq!(found[0], alone[0], "the words of a text do not change the odds of a value");
        assert!(found.iter().any(|term| term.term == "lost"));
    }
}
