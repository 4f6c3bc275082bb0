//! Weighted log-odds: how much more frequent a word is in one group of texts than in another, in standard deviations.

/// Occurrences of a word in a group of texts, and of all words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Occurrences {
    pub(super) of_word: f64,
    pub(super) of_all: f64,
}

impl Occurrences {
    fn and(self, prior: Self) -> Self {
        Self { of_word: self.of_word + prior.of_word, of_all: self.of_all + prior.of_all }
    }

    fn log_odds(self) -> f64 {
        (self.of_word / (self.of_all - self.of_word)).ln()
    }
}

/// The difference of the log-odds of a word in two groups, divided by its standard deviation.
///
/// With `y_i` of `n_i` occurrences in `own`, `y_j` of `n_j` in `other`, and `a` of `a_0` in `prior`:
/// `delta = ln((y_i + a) / (n_i + a_0 - y_i - a)) - ln((y_j + a) / (n_j + a_0 - y_j - a))`,
/// `variance = 1 / (y_i + a) + 1 / (y_j + a)`, and the result is `delta / sqrt(variance)`.
/// The prior keeps the result finite for words that only one group uses, the variance keeps it near 0 for rare ones. Not
/// finite where there is no other word.
///
/// # Source
/// Monroe, Colaresi and Quinn 2008, "Fightin' Words", Political Analysis 16:372-403: equations 15 to 22, with
/// the informative Dirichlet prior of equation 23.
pub(super) fn weighted_log_odds(own: Occurrences, other: Occurrences, prior: Occurrences) -> f64 {
    let (own, other) = (own.and(prior), other.and(prior));
    let variance = 1.0 / own.of_word + 1.0 / other.of_word;
    (own.log_odds() - other.log_odds()) / variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrences(of_word: f64, of_all: f64) -> Occurrences {
        Occurrences { of_word, of_all }
    }

    /// Values of `NumPy` for the three equations.
    #[test]
    fn deviations_are_those_of_the_published_equations() {
        let cases = [
            ((30.0, 400.0), (12.0, 1300.0), (10.5, 425.0), 5.182_206_218_637_722),
            ((0.0, 50.0), (7.0, 90.0), (1.75, 35.0), -1.540_364_510_248_858_6),
            ((5.0, 5000.0), (0.0, 7000.0), (0.5, 1200.0), 1.813_222_172_329_639),
        ];
        for (own, other, prior, expected) in cases {
            let of = |(of_word, of_all)| occurrences(of_word, of_all);
            let found = weighted_log_odds(of(own), of(other), of(prior));
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            let turned = weighted_log_odds(of(other), of(own), of(prior));
            assert!((found + turned).abs() < 1e-12, "the two groups are alike but for the sign");
        }
    }

    #[test]
    fn a_word_as_frequent_in_both_groups_marks_neither() {
        let found =
            weighted_log_odds(occurrences(5.0, 100.0), occurrences(15.0, 300.0), occurrences(2.0, 40.0));
        assert!(found.abs() < 1e-12);
    }
}
