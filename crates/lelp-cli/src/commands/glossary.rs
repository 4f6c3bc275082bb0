//! `lelp glossary`: what the words of help and tables mean.

use crate::failure::Failure;
use crate::printer::Printer;

/// A Markdown table, a word a row: a page of the book too.
const GLOSSARY: &str = include_str!("../../data/glossary.md");

/// Say what a word of help texts, tables and reports means
///
/// Examples:
///   lelp glossary beta
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The word; all of them by default
    word: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    let asked = arguments.word.as_deref().map(str::to_lowercase);
    let found: Vec<(&str, &str)> = entries()
        .filter(|(words, _)| {
            asked.as_ref().is_none_or(|asked| words.to_lowercase().split(", ").any(|word| word == asked))
        })
        .collect();
    if let (true, Some(word)) = (found.is_empty(), &arguments.word) {
        let unknown = Failure::usage(format!("the glossary does not have `{word}`"));
        return Err(unknown.with_hint("`lelp glossary` lists all words"));
    }
    for (words, meaning) in found {
        printer.data(&format!("{words}\n    {meaning}"))?;
    }
    Ok(())
}

/// Words and what they mean, in the order of the alphabet.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = GLOSSARY.lines().skip(2);
    rows.filter_map(|row| row.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_word_with_its_meaning_and_they_are_in_order() {
        let words: Vec<String> = entries().map(|(word, _)| word.to_lowercase()).collect();
        assert_eq!(words.len(), GLOSSARY.lines().count() - 2);
        assert!(words.is_sorted(), "{words:?}");
        assert!(entries().all(|(_, meaning)| !meaning.contains(" | ") && meaning.len() > 10));
    }
}
