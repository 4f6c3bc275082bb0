//! A model of words by the words before them, counted on texts, that new texts are drawn from.

use std::collections::HashMap;

use rand::{Rng, RngExt};

/// Where a text ends.
const END: u32 = u32::MAX;

/// Texts as numbers of their words, and where each context of words occurs.
#[derive(Debug)]
pub(super) struct WordModel<'a> {
    words: Vec<&'a str>,
    /// Words that came next, once for each time, by the `order - 1` words before them; fewer at the start of a text.
    next: HashMap<Vec<u32>, Vec<u32>>,
    order: usize,
    /// Probability of looking at one word less.
    back_off: f64,
}

impl<'a> WordModel<'a> {
    /// Counts the words of `texts` by at most `order - 1` words before them.
    pub(super) fn of(texts: impl Iterator<Item = &'a str>, order: usize, back_off: f64) -> Self {
        let (mut words, mut numbers) = (Vec::new(), HashMap::new());
        let mut next: HashMap<Vec<u32>, Vec<u32>> = HashMap::new();
        for text in texts {
            let mut before: Vec<u32> = Vec::new();
            for word in text.split_whitespace() {
                let number = *numbers.entry(word).or_insert_with(|| {
                    words.push(word);
                    words.len() as u32 - 1
                });
                count(&mut next, &before, order, number);
                before.push(number);
            }
            count(&mut next, &before, order, END);
        }
        Self { words, next, order, back_off }
    }

    /// A text of at most `most` words; nothing where none ends so soon.
    pub(super) fn draw(&self, most: usize, random: &mut impl Rng) -> Option<String> {
        let mut drawn: Vec<u32> = Vec::new();
        loop {
            let next = self.next_word(&drawn, random)?;
            if next == END {
                let words: Vec<&str> = drawn.iter().map(|&word| self.words[word as usize]).collect();
                return Some(words.join(" "));
            }
            if drawn.len() == most {
                return None;
            }
            drawn.push(next);
        }
    }

    fn next_word(&self, drawn: &[u32], random: &mut impl Rng) -> Option<u32> {
        let mut length = drawn.len().min(self.order - 1);
        while length > 1 && random.random_bool(self.back_off) {
            length -= 1;
        }
        // A shorter context than there is stands for the start of a text, unless a longer one was counted with it.
        let known = |length: usize| self.next.get(&context(drawn, length));
        let words = (0..=length).rev().find_map(known)?;
        Some(words[random.random_range(0..words.len())])
    }
}

/// Counts `word` behind the last words of `before`, by every number of them.
fn count(next: &mut HashMap<Vec<u32>, Vec<u32>>, before: &[u32], order: usize, word: u32) {
    let longest = before.len().min(order - 1);
    let shortest = usize::from(!before.is_empty());
    for length in shortest..=longest {
        next.entry(context(before, length)).or_default().push(word);
    }
}

fn context(before: &[u32], length: usize) -> Vec<u32> {
    before[before.len() - length..].to_vec()
}
