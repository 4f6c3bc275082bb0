//! The rows with the largest shares in a subclass.

use std::cmp::Ordering;

use lelp_data::{Dataset, Table, Text};
use lelp_model::ngram::Tokens;

use super::class_members::Members;
use super::{RowContent, TypicalRow};

/// The members with the largest shares in a subclass. Members without a share in it are left out, and so are those whose
/// words are part of a listed row's or contain them: data sets of phrases repeat each sentence many times. Of rows without
/// texts, those with the values of a listed row are left out.
///
/// A sharp split gives many members a share of exactly 1: among equal shares, the larger margin of the score over the
/// class's other subclasses comes first, then the earlier row.
pub(super) fn typical_rows(
    members: &Members,
    subclass: usize,
    per_class: usize,
    data: &Dataset,
    most: usize,
) -> Vec<TypicalRow> {
    let share = |member: usize| members.shares[member * per_class + subclass];
    let margin = |member: usize| margin(&members.scores[member * per_class..][..per_class], subclass);
    let mut ranked: Vec<(usize, f32)> = (0..members.len())
        .filter(|&member| share(member) > 0.0)
        .map(|member| (member, margin(member)))
        .collect();
    ranked.sort_by(|a, b| match share(b.0).total_cmp(&share(a.0)) {
        Ordering::Equal => b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)),
        unequal => unequal,
    });
    let mut listed = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for (member, _) in ranked {
        if listed.len() >= most {
            break;
        }
        let row = typical_row(data, members.rows[member], share(member), members.confidence[member]);
        let (own, repeats) = if let Some(text) = data.text(row.row) {
            let own = words(text);
            let repeats = known.iter().any(|known| known.contains(&own) || own.contains(known));
            (own, repeats)
        } else {
            let own = values(data.table(), row.row);
            let repeats = known.contains(&own);
            (own, repeats)
        };
        if !repeats {
            known.push(own);
            listed.push(row);
        }
    }
    listed
}

/// The words in lower case with a space around each, so that a sequence of words is a substring.
fn words(text: Text<'_>) -> String {
    let tokens = std::iter::once(text.text).chain(text.pair).flat_map(Tokens::new);
    tokens.fold(" ".to_owned(), |words, token| words + &token.to_lowercase() + " ")
}

/// All values of a row without texts; what is shown of a row has only the first numbers of its vectors.
fn values(table: &Table, row: usize) -> String {
    let columns = 0..table.schema().fields().len();
    columns.map(|column| table.value(row, column).to_string()).collect::<Vec<_>>().join(" ")
}

/// Score of `subclass` minus the highest of the others; the score itself where it is the only one.
fn margin(scores: &[f32], subclass: usize) -> f32 {
    let others = scores.iter().enumerate().filter(|(place, _)| *place != subclass);
    let best = others.map(|(_, score)| *score).max_by(f32::total_cmp);
    scores[subclass] - best.unwrap_or_default()
}

fn typical_row(data: &Dataset, row: usize, share: f32, confidence: f32) -> TypicalRow {
    let label = data.labels().and_then(|labels| labels[row]);
    TypicalRow {
        row,
        content: RowContent::of(data.table(), row),
        label: label.map(|label| data.label_names()[label as usize].clone()),
        share: f64::from(share),
        confidence: f64::from(confidence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_words_is_found_and_a_part_of_a_word_is_not() {
        let of = |text| words(Text { text, pair: None });
        assert!(of("A gorgeous, witty film").contains(&of("witty  FILM")));
        assert!(!of("the dogma").contains(&of("dog")));
        assert_ne!(words(Text { text: "a", pair: Some("b") }), of("a"));
    }

    #[test]
    fn rows_whose_vectors_differ_behind_their_first_numbers_are_no_repeats() {
        let vectors =
            lelp_data::ColumnValues::Vector { width: 3, values: vec![0.0, 1.0, 2.0, 0.0, 1.0, 3.0] };
        let table = Table::new(vec![("v".to_owned(), vectors)]).unwrap();
        assert_ne!(values(&table, 0), values(&table, 1));
        assert_eq!(RowContent::of(&table, 0), RowContent::of(&table, 1));
    }

    #[test]
    fn the_margin_is_over_the_best_of_the_others() {
        for (scores, subclass, expected) in
            [(&[1.0, 4.0, 2.5][..], 1, 1.5), (&[1.0, 4.0], 0, -3.0), (&[3.0], 0, 3.0)]
        {
            assert!((margin(scores, subclass) - expected).abs() < 1e-6);
        }
    }
}
