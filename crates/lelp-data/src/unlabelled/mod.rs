//! Rows without labels from files of their own: read in parts, held against the rows that a student is judged on.

mod near_duplicates;
mod normal;
mod vocabulary;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::column_settings::ColumnSettings;
use crate::columns::{ColumnRequest, Columns};
use crate::dataset::Rows;
use crate::error::DataError;
use crate::examples::Examples;
use crate::table::Table;

pub use near_duplicates::NearDuplicates;
pub use normal::text_identity;
use vocabulary::Vocabulary;

/// Rows that are read at once.
const PART: usize = 8192;
/// Examples of texts unlike those of the training set that are kept.
const EXAMPLES: usize = 3;

/// What unlabelled rows are held against.
#[derive(Debug)]
pub struct Screen {
    held_out: NearDuplicates,
    training: Vocabulary,
    /// Share of the held-out texts that are unlike the training set.
    foreign: f64,
}

/// What was found in a file of unlabelled rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnlabelledReport {
    /// The file.
    pub file: PathBuf,
    /// Its rows.
    pub rows: usize,
    /// Rows left out as near-duplicates of held-out ones.
    pub near_duplicates: usize,
    /// Rows left out because nothing is in their text.
    pub empty: usize,
    /// Rows most of whose words the training set does not have.
    pub foreign: usize,
    /// Share of the held-out texts of which the same is true.
    pub foreign_held_out: f64,
    /// Some of those rows.
    pub foreign_examples: Vec<String>,
}

impl UnlabelledReport {
    /// Rows that are left.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.rows - self.near_duplicates - self.empty
    }
}

impl Screen {
    /// Holds rows against the texts of `training`, and against `held_out`, such as validation and test rows.
    #[must_use]
    pub fn new(training: &Table, held_out: &[&Table]) -> Self {
        let training = Vocabulary::of(training);
        let mut duplicates = NearDuplicates::default();
        let (mut rows, mut foreign) = (0, 0);
        for table in held_out {
            duplicates.add(table);
            rows += table.rows();
            foreign += (0..table.rows()).filter(|&row| training.is_foreign(table, row)).count();
        }
        Self { held_out: duplicates, training, foreign: foreign as f64 / rows.max(1) as f64 }
    }

    /// Reads the rows of `file` that pass, a part at a time; labels are not read.
    ///
    /// # Errors
    /// [`DataError::NothingLeft`] if no row passes.
    pub fn read(
        &self,
        file: &Path,
        columns: &ColumnSettings,
    ) -> Result<(Table, UnlabelledReport), DataError> {
        let columns =
            Columns { label: ColumnRequest::No, label_name: ColumnRequest::No, ..columns.columns() };
        let mut examples = Examples::open(file, &columns)?;
        let mut report = UnlabelledReport {
            file: file.to_owned(),
            rows: 0,
            near_duplicates: 0,
            empty: 0,
            foreign: 0,
            foreign_held_out: self.foreign,
            foreign_examples: Vec::new(),
        };
        let mut parts: Vec<Table> = Vec::new();
        while let Some(part) = examples.next_table(PART)? {
            let kept = self.pass(&part, &mut report);
            if !kept.is_empty() {
                parts.push(part.select(&kept));
            }
        }
        let Some((first, rest)) = parts.split_first() else {
            let UnlabelledReport { rows, near_duplicates, empty, .. } = report;
            return Err(DataError::NothingLeft { file: file.to_owned(), rows, near_duplicates, empty });
        };
        let table = first.with_rows_of(rest).expect("parts of one file have its columns");
        Ok((table, report))
    }

    /// The rows of a part that pass.
    fn pass(&self, part: &Table, report: &mut UnlabelledReport) -> Rows {
        let mut kept = Rows::new();
        report.rows += part.rows();
        for row in 0..part.rows() {
            let text = part.text(row);
            if text.is_some_and(|text| text.text.trim().is_empty()) {
                report.empty += 1;
            } else if self.held_out.contains(part, row) {
                report.near_duplicates += 1;
            } else {
                kept.push(row);
                if self.training.is_foreign(part, row) {
                    report.foreign += 1;
                    if report.foreign_examples.len() < EXAMPLES {
                        report.foreign_examples.extend(text.map(|text| text.text.to_owned()));
                    }
                }
            }
        }
        kept
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::Text;

    fn table(texts: &[&str]) -> Table {
        Table::from_texts(&texts.iter().map(|&text| text.into()).collect::<Vec<Text<'_>>>()).unwrap()
    }

    #[test]
    fn held_out_texts_are_left_out_and_foreign_ones_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("more.csv");
        std::fs::write(
            &file,
            "text,label\nwhere is my card,a\nWhere is my PIN?,b\n  ,a\nquarterly gene sequencing,a\n",
        )
        .unwrap();
        let screen = Screen::new(&table(&["where is my card", "a pin"]), &[&table(&["where is my pin"])]);
        let (kept, report) = screen.read(&file, &ColumnSettings::default()).unwrap();
        let texts: Vec<&str> = kept.texts().unwrap().map(|text| text.text).collect();
        assert_eq!(texts, ["where is my card", "quarterly gene sequencing"]);
        assert_eq!((report.rows, report.near_duplicates, report.empty, report.kept()), (4, 1, 1, 2));
        assert_eq!((report.foreign, report.foreign_held_out), (1, 0.0));
        assert_eq!(report.foreign_examples, ["quarterly gene sequencing"]);
    }

    #[test]
    fn parts_of_a_long_file_come_one_behind_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let text = |row: usize| format!("{:016x}", lelp::hash::mix(row as u64 + 1));
        let screen = Screen::new(&table(&["a"]), &[&table(&[&text(PART)])]);
        for rows in [PART - 1, PART, PART + 1, 2 * PART + 3] {
            let file = folder.path().join("more.txt");
            std::fs::write(&file, (0..rows).map(|row| text(row) + "\n").collect::<String>()).unwrap();
            let (kept, report) = screen.read(&file, &ColumnSettings::default()).unwrap();
            let expected: Vec<String> = (0..rows).filter(|&row| row != PART).map(text).collect();
            assert_eq!(
                kept.texts().unwrap().map(|text| text.text).collect::<Vec<_>>(),
                expected,
                "{rows} rows"
            );
            assert_eq!((report.rows, report.kept()), (rows, expected.len()));
        }
    }

    #[test]
    fn a_file_of_which_nothing_is_left_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("more.txt");
        std::fs::write(&file, "where is my card\n\n").unwrap();
        let screen = Screen::new(&table(&["a"]), &[&table(&["Where is my card?"])]);
        let refused = screen.read(&file, &ColumnSettings::default()).unwrap_err();
        let said = refused.to_string();
        assert!(
            said.ends_with("more.txt` 1 are nearly the same as held-out rows and 1 are empty: none is left"),
            "{said}"
        );
    }
}
