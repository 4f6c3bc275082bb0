//! Texts made up of training texts, for a teacher to answer where there are no others.

mod word_model;

use std::collections::HashSet;

use lelp_data::{Table, text_identity};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use self::word_model::WordModel;

/// Draws without a new text after which no more are tried, a text.
const TRIES: usize = 50;

/// How texts are made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AugmentMethod {
    /// Each word is drawn from those that follow the words before it in training texts.
    Ngram,
    /// The beginning of one training text, and the end of another.
    Splice,
    /// One in turn with the other.
    Both,
}

/// Settings of made-up texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AugmentSettings {
    /// How they are made up.
    pub method: AugmentMethod,
    /// How many.
    pub count: usize,
    /// Words that [`AugmentMethod::Ngram`] looks at: one and those before it; at least 2.
    pub order: usize,
    /// Probability with which it looks at one less, for each of them.
    pub back_off: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for AugmentSettings {
    fn default() -> Self {
        Self { method: AugmentMethod::Both, count: 0, order: 3, back_off: 0.3, seed: 0 }
    }
}

/// Why no texts can be made up.
#[derive(Debug, Error)]
pub enum AugmentError {
    /// The rows have no text, or more than one.
    #[error("texts are made up of single texts, but the rows have {0}")]
    Columns(&'static str),
    /// A setting out of its range.
    #[error("`{setting}` cannot be {value}: use {range}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What it can be.
        range: &'static str,
    },
}

impl lelp::Classified for AugmentError {
    fn kind(&self) -> lelp::ErrorKind {
        lelp::ErrorKind::Input
    }
}

/// Texts made up of those of `table`, in the order they are drawn; no two are the same, and none is one of the table's, case
/// and punctuation apart. There are fewer than asked for where the texts give no more.
///
/// # Errors
/// [`AugmentError`] if the rows are not single texts or a setting is out of its range.
pub fn augment(
    table: &Table,
    settings: AugmentSettings,
) -> Result<impl Iterator<Item = String> + '_, AugmentError> {
    check(table, settings)?;
    let texts: Vec<&str> = (0..table.rows()).filter_map(|row| Some(table.text(row)?.text)).collect();
    let mut seen: HashSet<u64> = texts.iter().map(|&text| text_identity(text.into())).collect();
    let most = 2 * texts.iter().map(|text| text.split_whitespace().count()).max().unwrap_or(0);
    let model = (settings.method != AugmentMethod::Splice)
        .then(|| WordModel::of(texts.iter().copied(), settings.order, settings.back_off));
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut draw = move |turn: usize| match &model {
        Some(model) if settings.method == AugmentMethod::Ngram || turn.is_multiple_of(2) => {
            model.draw(most, &mut random)
        }
        _ => Some(splice(&texts, &mut random)),
    };
    let fresh = move |turn: usize| {
        (0..TRIES).find_map(|_| {
            draw(turn).filter(|text| !text.is_empty() && seen.insert(text_identity(text.as_str().into())))
        })
    };
    Ok((0..settings.count).map_while(fresh))
}

fn check(table: &Table, settings: AugmentSettings) -> Result<(), AugmentError> {
    if table.schema().text().is_none() {
        return Err(AugmentError::Columns("none"));
    }
    if table.schema().pair().is_some() {
        return Err(AugmentError::Columns("pairs of them"));
    }
    if table.schema().fields().len() > 1 {
        return Err(AugmentError::Columns("other columns beside"));
    }
    let wrong = |setting, value: String, range| Err(AugmentError::Setting { setting, value, range });
    if settings.order < 2 {
        return wrong("order", settings.order.to_string(), "2 or more");
    }
    if !(0.0..=1.0).contains(&settings.back_off) {
        return wrong("back_off", settings.back_off.to_string(), "0 to 1");
    }
    Ok(())
}

/// The beginning of one text and the end of another.
fn splice(texts: &[&str], random: &mut impl Rng) -> String {
    let mut words =
        || -> Vec<&str> { texts[random.random_range(0..texts.len())].split_whitespace().collect() };
    let (first, second) = (words(), words());
    let cut = random.random_range(0..=first.len());
    // At about the same place of both, so that lengths stay what they are.
    let place = second.len() * cut / first.len().max(1);
    [&first[..cut], &second[place..]].concat().join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use lelp_data::Text;

    use super::*;

    fn table(texts: &[&str]) -> Table {
        Table::from_texts(&texts.iter().map(|&text| text.into()).collect::<Vec<Text<'_>>>()).unwrap()
    }

    fn made_up(texts: &[&str], method: AugmentMethod, count: usize, seed: u64) -> Vec<String> {
        let settings = AugmentSettings { method, count, seed, ..AugmentSettings::default() };
        augment(&table(texts), settings).unwrap().collect()
    }

    const TEXTS: [&str; 4] = [
        "where is my new card",
        "where can i get a new pin",
        "how do i get a refund for my card",
        "is my card lost",
    ];

    #[test]
    fn texts_are_new_different_and_of_words_that_stood_side_by_side() {
        let pairs: HashSet<(&str, &str)> = TEXTS
            .iter()
            .flat_map(|text| {
                let words: Vec<&str> = text.split_whitespace().collect();
                words.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
            })
            .collect();
        let texts = made_up(&TEXTS, AugmentMethod::Ngram, 12, 0);
        assert_eq!(texts.len(), 12);
        assert_eq!(texts.iter().collect::<HashSet<_>>().len(), 12);
        for text in &texts {
            assert!(!TEXTS.contains(&text.as_str()), "{text}");
            let words: Vec<&str> = text.split_whitespace().collect();
            assert!(words.windows(2).all(|pair| pairs.contains(&(pair[0], pair[1]))), "{text}");
            assert!(TEXTS.iter().any(|one| one.split_whitespace().next() == Some(words[0])), "{text}");
        }
    }

    #[test]
    fn a_splice_is_the_beginning_of_one_text_and_the_end_of_another() {
        for text in made_up(&TEXTS, AugmentMethod::Splice, 15, 1) {
            let words: Vec<&str> = text.split_whitespace().collect();
            let of_two = (0..=words.len()).any(|cut| {
                let (start, end) = (words[..cut].join(" "), words[cut..].join(" "));
                TEXTS.iter().any(|one| one.starts_with(&start)) && TEXTS.iter().any(|one| one.ends_with(&end))
            });
            assert!(of_two, "{text}");
        }
    }

    #[test]
    fn a_seed_gives_its_texts_again_and_few_texts_give_few() {
        for method in [AugmentMethod::Ngram, AugmentMethod::Splice, AugmentMethod::Both] {
            assert_eq!(made_up(&TEXTS, method, 9, 3), made_up(&TEXTS, method, 9, 3));
            assert_ne!(made_up(&TEXTS, method, 9, 3), made_up(&TEXTS, method, 9, 4));
            assert_eq!(made_up(&["a", " "], method, 100, 0), [""; 0]);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let pair = Table::from_texts(&[Text { text: "a", pair: Some("b") }]).unwrap();
        assert!(augment(&pair, AugmentSettings::default()).is_err());
        let order = AugmentSettings { order: 1, ..AugmentSettings::default() };
        assert!(augment(&table(&["a"]), order).is_err());
    }
}
