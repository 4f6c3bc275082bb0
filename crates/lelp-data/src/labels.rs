//! From labels as files have them to classes `0..classes`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cells::{Cell, ValueError};
use crate::error::DataError;

/// A label as a file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// A whole number.
    Number(i64),
    /// Anything else.
    Name(String),
}

impl Label {
    /// The label in a cell; see [`Self::of_text`].
    pub(crate) fn of_cell(cell: Cell<'_>) -> Result<Option<Self>, ValueError> {
        match cell {
            Cell::Missing => Ok(None),
            Cell::Untyped(text) | Cell::Text(text) => Ok(Self::of_text(&text)),
            Cell::Boolean(truth) => Ok(Self::of_text(&truth.to_string())),
            Cell::Integer(number) => Ok(Self::of_text(&number.to_string())),
            Cell::Float(number) => Ok(Self::of_text(&number.to_string())),
            other => Err(ValueError::wrong_type(&other, "a string or a number")),
        }
    }

    /// The name that a cell gives to a numbered label.
    pub(crate) fn name_of_cell(cell: Cell<'_>) -> Result<Option<String>, ValueError> {
        match cell {
            Cell::Missing => Ok(None),
            Cell::Untyped(name) if name.is_empty() => Ok(None),
            Cell::Untyped(name) | Cell::Text(name) => Ok(Some(name.into_owned())),
            other => Err(ValueError::wrong_type(&other, "a string")),
        }
    }

    /// Reads a label from text; nothing, `nan` (pandas' missing value) and -1 are no label.
    ///
    /// `2` and `2.0` are the same number: pandas writes whole numbers so when some are missing.
    fn of_text(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("nan") {
            return None;
        }
        let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|byte| byte == b'0'));
        match whole.map_or(text, |(whole, _)| whole).parse() {
            Ok(-1) => None,
            Ok(number) => Some(Self::Number(number)),
            Err(_) => Some(Self::Name(text.to_owned())),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

/// The classes of a data set, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Classes {
    pub(super) names: Vec<String>,
    /// The labels were numbers `0..classes`, so that a class's place is its number, whatever its name.
    pub(super) numbered: bool,
}

/// More classes than this are a wrong column, not a task for distillation with few classes.
const MOST_CLASSES: usize = 10_000;

/// Labels of one file on their way to classes: one entry a row, and the names that numbers are given.
#[derive(Debug, Default)]
pub(super) struct LabelColumn {
    pub(super) labels: Vec<Option<Label>>,
    names: BTreeMap<i64, String>,
}

impl LabelColumn {
    /// Adds a row; `name` is the name that the file gives to a numbered label.
    pub(super) fn push(
        &mut self,
        label: Option<Label>,
        name: Option<String>,
        file: &Path,
    ) -> Result<(), DataError> {
        let row = self.labels.len() as u64;
        if let Some(Label::Number(number)) = label {
            if number < 0 {
                return Err(DataError::LabelNumber { file: file.to_owned(), row, label: number.to_string() });
            }
            if let Some(name) = name {
                let first = self.names.entry(number).or_insert_with(|| name.clone());
                if *first != name {
                    return Err(DataError::LabelNamed {
                        file: file.to_owned(),
                        row,
                        label: number.to_string(),
                        first: first.clone(),
                        second: name,
                    });
                }
            }
        }
        self.labels.push(label);
        Ok(())
    }

    /// The classes and each row's class.
    ///
    /// - All labels whole numbers: classes by increasing number. If they are `0..classes`, they are called
    ///   as the column of names says, where there is one; otherwise (1 to 5 stars) as their number.
    /// - Any label a name: classes by name, in byte order.
    pub(super) fn resolve(self, file: &Path) -> Result<(Classes, Vec<Option<u32>>), DataError> {
        let given = || self.labels.iter().flatten();
        let numbers: Option<BTreeSet<i64>> = given()
            .map(|label| match label {
                Label::Number(number) => Some(*number),
                Label::Name(_) => None,
            })
            .collect();
        let named = || {
            let names: BTreeSet<String> = given().map(Label::text).collect();
            Classes { names: names.into_iter().collect(), numbered: false }
        };
        let classes = numbers.map_or_else(named, |numbers| numbered_classes(&numbers, &self.names));
        if classes.names.len() > MOST_CLASSES {
            return Err(DataError::TooManyClasses {
                file: file.to_owned(),
                classes: classes.names.len(),
                rows: self.labels.len() as u64,
                limit: MOST_CLASSES,
            });
        }
        let of_text: BTreeMap<&str, u32> = classes.names.iter().map(String::as_str).zip(0..).collect();
        let class = |label: &Label| match label {
            Label::Number(number) if classes.numbered => u32::try_from(*number)
                .expect("numbered classes are 0..classes, few enough by the check above"),
            other => of_text[other.text().as_str()],
        };
        let rows = self.labels.iter().map(|label| label.as_ref().map(class)).collect();
        Ok((classes, rows))
    }
}

fn numbered_classes(numbers: &BTreeSet<i64>, named: &BTreeMap<i64, String>) -> Classes {
    let numbered = numbers.iter().zip(0..).all(|(&number, place)| number == place);
    let called = |number: &i64| named.get(number).filter(|_| numbered);
    let names: Vec<String> =
        numbers.iter().map(|number| called(number).cloned().unwrap_or_else(|| number.to_string())).collect();
    // Two numbers with one name would be one class: keep the numbers.
    if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
        return Classes { names: numbers.iter().map(i64::to_string).collect(), numbered };
    }
    Classes { names, numbered }
}

impl Classes {
    /// Place of class `class` of these in the list `known`.
    ///
    /// By name; then by number, so that `1` finds class 1 of `negative, positive`, and a class 1 that is
    /// called `positive` here finds `1` there.
    pub(super) fn place_in(&self, class: usize, known: &[String]) -> Option<u32> {
        let is_number = |name: &String| name.parse::<u64>().is_ok();
        let find = |name: &str| known.iter().position(|other| other == name);
        let name = &self.names[class];
        let by_own_number = || self.numbered.then(|| find(&class.to_string())).flatten();
        let by_place = || {
            let place = name.parse::<usize>().ok()?;
            (place < known.len() && !known.iter().any(is_number)).then_some(place)
        };
        let place = find(name).or_else(by_own_number).or_else(by_place)?;
        u32::try_from(place).ok()
    }
}
