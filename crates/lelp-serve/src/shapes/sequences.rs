//! Inputs that may be a string, a list of strings, or a list of lists: read by hand for the sake of speed and of the error.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::owned_text::OwnedText;
use crate::refusal::Refusal;

/// A string, or a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Inputs {
    Text(String),
    List(Vec<Item>),
}

/// What is in a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Text(String),
    Sequence(Vec<String>),
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Inputs;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string, a list of strings, or a list of lists of one or two strings")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Inputs, E> {
                Ok(Inputs::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Inputs, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = sequence.next_element()? {
                    items.push(item);
                }
                Ok(Inputs::List(items))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Item;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string, or a list of one or two strings")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
                Ok(Item::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Item, A::Error> {
                let mut texts = Vec::with_capacity(2);
                while let Some(text) = sequence.next_element()? {
                    if texts.len() == 2 {
                        return Err(A::Error::invalid_length(3, &self));
                    }
                    texts.push(text);
                }
                if texts.is_empty() {
                    Err(A::Error::invalid_length(0, &self))
                } else {
                    Ok(Item::Sequence(texts))
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// One text, or a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    One(OwnedText),
    Many(Vec<OwnedText>),
}

impl Inputs {
    /// The texts: to a model that reads pairs, a list of two strings is a pair, and to one that does not, a list of
    /// strings is a batch.
    pub(crate) fn batch(self, reads_pairs: bool) -> Result<Batch, Refusal> {
        let items = match self {
            Self::Text(text) => return Ok(Batch::One(OwnedText::single(text))),
            Self::List(items) => items,
        };
        let strings = items.iter().filter(|item| matches!(item, Item::Text(_))).count();
        if strings > 0 && strings < items.len() {
            return Err(Refusal::shape(
                "`inputs` mixes strings and lists; write each text as a list of its own",
            ));
        }
        let mut texts = items.into_iter().map(|item| match item {
            Item::Text(text) => OwnedText::single(text),
            Item::Sequence(mut texts) => {
                let pair = (texts.len() == 2).then(|| texts.pop()).flatten();
                OwnedText { text: texts.pop().unwrap_or_default(), pair }
            }
        });
        if strings == 0 || !reads_pairs {
            return Ok(Batch::Many(texts.collect()));
        }
        match (texts.next(), texts.next(), strings) {
            (Some(text), None, _) => Ok(Batch::One(text)),
            (Some(first), Some(second), 2) => {
                Ok(Batch::One(OwnedText { text: first.text, pair: Some(second.text) }))
            }
            _ => Err(Refusal::shape(format!(
                "`inputs` has {strings} strings, but the model reads pairs; write a batch as [[text, second text], ..]"
            ))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn read(json: &str, reads_pairs: bool) -> Result<Batch, Refusal> {
        serde_json::from_str::<Inputs>(json)?.batch(reads_pairs)
    }

    fn text(text: &str, pair: Option<&str>) -> OwnedText {
        OwnedText { text: text.to_owned(), pair: pair.map(str::to_owned) }
    }

    #[test]
    fn two_strings_are_a_pair_to_a_model_of_pairs_and_a_batch_to_others() {
        let two = r#"["a", "b"]"#;
        assert_eq!(read(two, true).unwrap(), Batch::One(text("a", Some("b"))));
        assert_eq!(read(two, false).unwrap(), Batch::Many(vec![text("a", None), text("b", None)]));
        assert_eq!(read(r#"["a"]"#, true).unwrap(), Batch::One(text("a", None)));
        assert_eq!(read(r#""a""#, false).unwrap(), Batch::One(text("a", None)));
        let mixed = r#"[["a"], ["b", "c"]]"#;
        for reads_pairs in [true, false] {
            assert_eq!(
                read(mixed, reads_pairs).unwrap(),
                Batch::Many(vec![text("a", None), text("b", Some("c"))])
            );
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for bad in [
            r#"["a", ["b"]]"#,
            r#"["a", "b", "c"]"#,
            "[[]]",
            r#"[["a", "b", "c"]]"#,
            "[1]",
            "null",
            "{}",
            "[[1]]",
        ] {
            assert!(read(bad, true).is_err(), "{bad}");
        }
    }
}
