//! From labels as files have them to classes `0..classes`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use crate::cells::{Cell, ValueError};
use crate::error::{ClassNamesError, DataError};

/// The label in a cell: without blanks around it, and composed (Unicode NFC); nothing if it is empty.
pub(crate) fn of_cell(cell: Cell<'_>) -> Result<Option<String>, ValueError> {
    let text = match cell {
        Cell::Missing => return Ok(None),
        Cell::Untyped(text) | Cell::Text(text) => canonical(&text),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        other => return Err(ValueError::wrong_type(&other, "a string or a number")),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// The name that a cell gives to a numbered label.
pub(crate) fn name_of_cell(cell: Cell<'_>) -> Result<Option<String>, ValueError> {
    match cell {
        Cell::Missing => Ok(None),
        Cell::Untyped(name) if name.is_empty() => Ok(None),
        Cell::Untyped(name) | Cell::Text(name) => Ok(Some(canonical(&name))),
        other => Err(ValueError::wrong_type(&other, "a string")),
    }
}

/// A name as it is compared: without blanks and characters of no width around it, and composed, so that `é` is one
/// whatever it is made of.
fn canonical(name: &str) -> String {
    let is_invisible = |character: char| {
        character.is_whitespace() || matches!(character, '\u{200b}' | '\u{feff}' | '\u{2060}')
    };
    let name = name.trim_matches(is_invisible);
    if name.is_ascii() { name.to_owned() } else { name.nfc().collect() }
}

/// Names of classes as files and models have them: without blanks around them, and composed.
///
/// # Errors
/// [`DataError::ClassNames`] if one is empty, or two are the same.
pub fn class_names(names: &[String]) -> Result<Vec<String>, DataError> {
    let canonical: Vec<String> = names.iter().map(|name| canonical(name)).collect();
    let wrong = |problem| Err(DataError::ClassNames { names: names.to_vec(), problem });
    for (place, name) in canonical.iter().enumerate() {
        if name.is_empty() {
            return wrong(ClassNamesError::Empty);
        }
        if let Some(first) = canonical[..place].iter().position(|other| other == name) {
            return wrong(ClassNamesError::Twice { first: first + 1, second: place + 1 });
        }
    }
    Ok(canonical)
}

/// The whole number that a label is: without leading zeros or a plus. `2` and `2.0` are the same number: pandas writes
/// whole numbers so when some are missing.
fn whole_number(label: &str) -> Option<i64> {
    let whole = label.split_once('.').filter(|(_, rest)| rest.bytes().all(|byte| byte == b'0'));
    let whole = whole.map_or(label, |(whole, _)| whole);
    let number: i64 = whole.parse().ok()?;
    (number.to_string() == whole).then_some(number)
}

/// The truth value that a label is, in any case.
fn truth(label: &str) -> Option<bool> {
    let is = |word: &str| label.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
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
pub(super) struct LabelColumn {
    /// Each row's place among the different labels.
    rows: Vec<Option<u32>>,
    /// The different labels as they come.
    labels: Vec<String>,
    places: HashMap<String, u32>,
    /// Labels that count as none, and how many rows have them.
    marks: BTreeMap<String, u64>,
    names: BTreeMap<i64, String>,
}

impl LabelColumn {
    /// Labels of which those in `unlabelled` count as none.
    pub(super) fn new(unlabelled: &[String]) -> Self {
        let marks = unlabelled.iter().map(|mark| (canonical(mark), 0)).collect();
        Self { rows: Vec::new(), labels: Vec::new(), places: HashMap::new(), marks, names: BTreeMap::new() }
    }

    /// Adds a row; `name` is the name that the file gives to a numbered label.
    pub(super) fn push(
        &mut self,
        label: Option<String>,
        name: Option<String>,
        file: &Path,
    ) -> Result<(), DataError> {
        let row = self.rows.len() as u64;
        let place = match label {
            Some(label) if !self.is_mark(&label) => {
                if let Some(number) = whole_number(&label) {
                    self.check_number(number, name, row, file)?;
                }
                Some(self.place(label))
            }
            _ => None,
        };
        self.rows.push(place);
        Ok(())
    }

    /// Whether a label counts as none; counts it.
    fn is_mark(&mut self, label: &str) -> bool {
        let number = || whole_number(label).map(|number| number.to_string());
        let mark = if self.marks.contains_key(label) { Some(label.to_owned()) } else { number() };
        match mark.and_then(|mark| self.marks.get_mut(&mark)) {
            Some(rows) => {
                *rows += 1;
                true
            }
            None => false,
        }
    }

    fn place(&mut self, label: String) -> u32 {
        if let Some(&place) = self.places.get(&label) {
            return place;
        }
        let place = u32::try_from(self.labels.len()).expect("rows of a table in memory are fewer");
        self.labels.push(label.clone());
        self.places.insert(label, place);
        place
    }

    fn check_number(
        &mut self,
        number: i64,
        name: Option<String>,
        row: u64,
        file: &Path,
    ) -> Result<(), DataError> {
        let (file, label) = (file.to_owned(), number.to_string());
        if number < 0 && self.marks.contains_key("-1") {
            return Err(DataError::LabelNumber { file, row, label });
        }
        let Some(second) = name else { return Ok(()) };
        let first = self.names.entry(number).or_insert_with(|| second.clone());
        if *first == second {
            return Ok(());
        }
        Err(DataError::LabelNamed { file, row, label, first: first.clone(), second })
    }

    /// Labels that counted as none, with their rows.
    pub(super) fn unlabelled(&self) -> Vec<(String, u64)> {
        let met = self.marks.iter().filter(|(_, rows)| **rows > 0);
        met.map(|(mark, rows)| (mark.clone(), *rows)).collect()
    }

    /// The classes and each row's class; `names` are those that the file has for numbers.
    ///
    /// - All labels whole numbers: classes by increasing number. If they are `0..classes`, they are called
    ///   as the file says, where it does; otherwise (1 to 5 stars) as their number.
    /// - All labels truth values, in whatever case: `false`, `true`.
    /// - Otherwise: classes by name, in byte order.
    pub(super) fn resolve(
        self,
        names: Option<&[String]>,
        file: &Path,
    ) -> Result<(Classes, Vec<Option<u32>>), DataError> {
        let numbers: Option<Vec<i64>> = self.labels.iter().map(|label| whole_number(label)).collect();
        let truths: Option<Vec<bool>> = self.labels.iter().map(|label| truth(label)).collect();
        let (classes, of_labels) = match (numbers, truths) {
            (Some(numbers), _) if !numbers.is_empty() => of_numbers(&numbers, &self.names, names),
            (_, Some(truths)) => of_names(&truths.iter().map(bool::to_string).collect::<Vec<_>>()),
            _ => of_names(&self.labels),
        };
        if classes.names.len() > MOST_CLASSES {
            return Err(DataError::TooManyClasses {
                file: file.to_owned(),
                classes: classes.names.len(),
                rows: self.rows.len() as u64,
                limit: MOST_CLASSES,
            });
        }
        let rows = self.rows.iter().map(|label| label.map(|label| of_labels[label as usize])).collect();
        Ok((classes, rows))
    }
}

/// The first two of `names` that differ in their case alone.
pub(super) fn same_but_for_case(names: &[String]) -> Option<(&String, &String)> {
    let mut lower: HashMap<String, &String> = HashMap::new();
    names.iter().find_map(|name| Some((lower.insert(name.to_lowercase(), name)?, name)))
}

/// Classes in order, and the class of each of the labels.
fn ranked<T: Ord>(labels: &[T]) -> (Vec<&T>, Vec<u32>) {
    let classes: Vec<&T> = labels.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let of = |label: &T| classes.binary_search(&label).expect("it is one of them") as u32;
    let of_labels = labels.iter().map(of).collect();
    (classes, of_labels)
}

fn of_names(labels: &[String]) -> (Classes, Vec<u32>) {
    let (names, of_labels) = ranked(labels);
    (Classes { names: names.into_iter().cloned().collect(), numbered: false }, of_labels)
}

fn of_numbers(
    labels: &[i64],
    column: &BTreeMap<i64, String>,
    of_file: Option<&[String]>,
) -> (Classes, Vec<u32>) {
    if let Some(names) = of_file.filter(|names| labels.iter().all(|&label| is_place(label, names.len()))) {
        let of_labels = labels.iter().map(|label| label.unsigned_abs() as u32).collect();
        return (Classes { names: names.to_vec(), numbered: true }, of_labels);
    }
    let (numbers, of_labels) = ranked(labels);
    let numbered = numbers.iter().zip(0..).all(|(&&number, place)| number == place);
    let called = |number: &i64| column.get(number).filter(|_| numbered);
    let names: Vec<String> =
        numbers.iter().map(|number| called(number).cloned().unwrap_or_else(|| number.to_string())).collect();
    // Two numbers with one name would be one class: keep the numbers.
    let different = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    let names = if different { names } else { numbers.iter().map(ToString::to_string).collect() };
    (Classes { names, numbered }, of_labels)
}

fn is_place(label: i64, classes: usize) -> bool {
    usize::try_from(label).is_ok_and(|label| label < classes)
}

impl Classes {
    /// Place of class `class` of these in the list `known`, whose names are canonical.
    ///
    /// By name; then by number, so that `1` finds class 1 of `negative, positive`, and a class 1 that is
    /// called `positive` here finds `1` there. Where every known name holds a number of its own (`LABEL_1`, `1 star`), a
    /// number finds the name that holds it, whatever its place.
    pub(super) fn place_in(&self, class: usize, known: &[String]) -> Option<u32> {
        let find = |name: &str| known.iter().position(|other| other == name);
        let name = &self.names[class];
        let by_own_number = || self.numbered.then(|| find(&class.to_string())).flatten();
        let by_truth = || {
            let wanted = truth(name)?;
            known.iter().position(|other| truth(other) == Some(wanted))
        };
        let number = whole_number(name).and_then(|number| usize::try_from(number).ok());
        let by_number = || {
            let number = number?;
            match numbers_in(known) {
                Some(numbers) => numbers.iter().position(|&other| other == number),
                None => (number < known.len() && !known.iter().any(|name| whole_number(name).is_some()))
                    .then_some(number),
            }
        };
        let place = find(name).or_else(by_own_number).or_else(by_truth).or_else(by_number)?;
        u32::try_from(place).ok()
    }
}

/// The number in each of the names, if each has one and they differ.
fn numbers_in(names: &[String]) -> Option<Vec<usize>> {
    let number = |name: &String| {
        let mut runs =
            name.split(|character: char| !character.is_ascii_digit()).filter(|run| !run.is_empty());
        let number = runs.next()?.parse().ok()?;
        runs.next().is_none().then_some(number)
    };
    let numbers: Vec<usize> = names.iter().map(number).collect::<Option<_>>()?;
    let different = numbers.iter().collect::<BTreeSet<_>>().len() == numbers.len();
    different.then_some(numbers)
}
