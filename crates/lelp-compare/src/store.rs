//! `results.jsonl` on disk: read, compared with a recipe, appended line by line.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use lelp::{Classified, ErrorKind};
use lelp_data::storage::{self, FileError, OutputFile};
use lelp_data::{BoundedJsonError, JsonLines};
use thiserror::Error;

use crate::record::{
    AutoRecord, FailedRecord, RecipeRecord, Record, StudentRecord, TeacherRecord, TrialRecord,
};

/// Name of the file in a comparison's folder.
pub const RESULTS_FILE: &str = "results.jsonl";

/// Why there are no results.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file cannot be read, or a line is damaged or too long.
    #[error(transparent)]
    Records(#[from] BoundedJsonError),
    /// The file does not say what was compared.
    #[error("`{}` does not start with a recipe; it is no comparison of ours", .0.display())]
    NoRecipe(PathBuf),
    /// It was made by another recipe.
    #[error("`{}` holds results of another recipe ({found}, now {wanted})", path.display())]
    OtherRecipe {
        /// The file.
        path: PathBuf,
        /// Beginning of its recipe's hash.
        found: String,
        /// Beginning of this recipe's hash.
        wanted: String,
    },
}

impl Classified for ResultsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Records(_) | Self::NoRecipe(_) | Self::OtherRecipe { .. } => ErrorKind::Input,
        }
    }
}

/// What a comparison has found, each key once in each setting: two data sets of one content share their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// What is compared.
    pub recipe: RecipeRecord,
    /// Teachers, each on each data set.
    pub teachers: Vec<TeacherRecord>,
    /// What was chosen where the recipe says `auto`.
    pub auto: Vec<AutoRecord>,
    /// Trials.
    pub trials: Vec<TrialRecord>,
    /// Students.
    pub students: Vec<StudentRecord>,
    /// What failed and was not done since.
    pub failed: Vec<FailedRecord>,
}

impl Results {
    /// No results yet.
    #[must_use]
    pub fn new(recipe: RecipeRecord) -> Self {
        Self {
            recipe,
            teachers: Vec::new(),
            auto: Vec::new(),
            trials: Vec::new(),
            students: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// Reads the results in `folder`.
    ///
    /// A last line without its end was cut off while it was written, and counts as not there.
    pub fn read(folder: &Path) -> Result<Self, ResultsError> {
        let path = folder.join(RESULTS_FILE);
        Self::read_lines(&path)?.0.ok_or(ResultsError::NoRecipe(path))
    }

    /// The results of the whole lines, none where there is no line, and the bytes of these lines.
    fn read_lines(path: &Path) -> Result<(Option<Self>, u64), ResultsError> {
        let mut lines = JsonLines::open(path)?;
        let (mut results, mut whole): (Option<Self>, u64) = (None, 0);
        while let Some(line) = lines.next_line()? {
            if !line.is_terminated() {
                break;
            }
            whole += line.bytes().len() as u64;
            match (&mut results, line.parse()?) {
                (Some(results), record) => results.add(record),
                (none, Record::Recipe(recipe)) => *none = Some(Self::new(recipe)),
                (None, _) => return Err(ResultsError::NoRecipe(path.to_owned())),
            }
        }
        Ok((results, whole))
    }

    /// Takes in a record; one with the same key gives way.
    pub fn add(&mut self, record: Record) {
        match record {
            // A later recipe extends the one before.
            Record::Recipe(recipe) => self.recipe = recipe,
            Record::Teacher(new) => {
                self.teachers.retain(|old| (&old.data, &old.teacher) != (&new.data, &new.teacher));
                self.teachers.push(new);
            }
            Record::AutoSearch(new) => {
                self.auto.retain(|old| old.key != new.key || old.setting != new.setting);
                self.auto.push(new);
            }
            Record::EarlierAuto(_) => {}
            Record::Trial(new) => {
                self.failed.retain(|failed| failed.key != new.key);
                self.trials.retain(|old| old.key != new.key || old.setting != new.setting);
                self.trials.push(new);
            }
            Record::Student(new) => {
                // What kept the whole method from running does so no more.
                let whole = FailedRecord::key_of(&new.setting, &new.method);
                self.failed.retain(|failed| failed.key != new.key && failed.key != whole);
                self.students.retain(|old| old.key != new.key || old.setting != new.setting);
                self.students.push(new);
            }
            Record::Failed(new) => {
                self.failed.retain(|old| old.key != new.key);
                self.failed.push(new);
            }
        }
    }
}

/// The results of a comparison that is running.
#[derive(Debug)]
pub struct ResultsStore {
    inner: Mutex<Stored>,
}

/// The results in memory, and their file.
#[derive(Debug)]
struct Stored {
    results: Results,
    file: OutputFile,
    /// Bytes of the whole lines.
    whole: u64,
}

impl ResultsStore {
    /// Opens the results in `folder`, or begins some.
    ///
    /// Results of another recipe are refused, unless they may be `extend`ed: then those cells count that both share.
    pub fn open(folder: &Path, recipe: RecipeRecord, extend: bool) -> Result<Self, ResultsError> {
        let path = folder.join(RESULTS_FILE);
        storage::create_folder(folder)?;
        let (old, whole) = if path.exists() { Results::read_lines(&path)? } else { (None, 0) };
        let new = old.as_ref().is_none_or(|old| old.recipe.hash != recipe.hash);
        if let Some(old) = old.as_ref().filter(|_| new && !extend) {
            let short = |hash: &str| hash.chars().take(12).collect();
            let (found, wanted) = (short(&old.recipe.hash), short(&recipe.hash));
            return Err(ResultsError::OtherRecipe { path, found, wanted });
        }
        let file = OutputFile::append(&path)?;
        // A line that was cut off must not run into the next one.
        file.truncate(whole).map_err(|source| file.error(source))?;
        let mut results = old.unwrap_or_else(|| Results::new(recipe.clone()));
        results.recipe = recipe.clone();
        let store = Self { inner: Mutex::new(Stored { results, file, whole }) };
        if new {
            store.add(Record::Recipe(recipe))?;
        }
        Ok(store)
    }

    /// Adds a record, in memory and on disk.
    pub fn add(&self, record: Record) -> Result<(), ResultsError> {
        let mut stored = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Stored { results, file, whole } = &mut *stored;
        let line = serde_json::to_string(&record).expect("records are numbers, words and lists") + "\n";
        // One write a line: a line is there whole, or cut off at the end of the file.
        if let Err(source) = file.write_all(line.as_bytes()).and_then(|()| file.sync()) {
            // The next line must not run into the half of this one.
            file.truncate(*whole).map_err(|source| file.error(source))?;
            return Err(file.error(source).into());
        }
        *whole += line.len() as u64;
        results.add(record);
        Ok(())
    }

    /// Reads something off the results.
    pub fn read<T>(&self, read: impl FnOnce(&Results) -> T) -> T {
        read(&self.inner.lock().unwrap_or_else(PoisonError::into_inner).results)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use super::*;
    use crate::record::Setting;

    fn recipe(hash: &str) -> RecipeRecord {
        RecipeRecord {
            version: "1".into(),
            hash: hash.into(),
            recipe: serde_json::json!({}),
            baseline: "kd".into(),
            trials: 1,
            search_seeds: 1,
            seeds: vec![0],
            methods: vec!["kd".into()],
        }
    }

    fn failed(key: &str, error: &str) -> Record {
        let setting = Setting { data: "d".into(), teacher: "t".into(), student: "s".into() };
        let (key, method, error) = (key.into(), "kd".into(), error.into());
        Record::Failed(FailedRecord { key, setting, method, error, refused: false })
    }

    #[test]
    fn what_was_added_is_read_again_and_a_key_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = ResultsStore::open(folder.path(), recipe("a"), false).unwrap();
        for (key, error) in [("1", "first"), ("2", "second"), ("1", "third")] {
            store.add(failed(key, error)).unwrap();
        }
        let results = Results::read(folder.path()).unwrap();
        assert_eq!(results, store.read(Results::clone));
        let errors: Vec<&str> = results.failed.iter().map(|failed| failed.error.as_str()).collect();
        assert_eq!(errors, ["second", "third"]);
    }

    #[test]
    fn a_line_that_was_cut_off_is_not_there_and_does_not_spoil_the_next() {
        let folder = tempfile::tempdir().unwrap();
        ResultsStore::open(folder.path(), recipe("a"), false).unwrap().add(failed("1", "first")).unwrap();
        let path = folder.path().join(RESULTS_FILE);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}{{\"record\":\"fai")).unwrap();
        let store = ResultsStore::open(folder.path(), recipe("a"), false).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), whole);
        store.add(failed("2", "second")).unwrap();
        assert_eq!(Results::read(folder.path()).unwrap().failed.len(), 2);
    }

    #[test]
    fn a_damaged_line_is_told_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        ResultsStore::open(folder.path(), recipe("a"), false).unwrap();
        let path = folder.path().join(RESULTS_FILE);
        let whole = fs::read_to_string(&path).unwrap();
        for line in ["no JSON", "{\"record\":\"else\"}", "{\"record\":\"failed\"}", "\u{0}"] {
            fs::write(&path, format!("{whole}{line}\n")).unwrap();
            let text = Results::read(folder.path()).unwrap_err().to_string();
            assert!(text.starts_with("line 2 of"), "{text}");
        }
        fs::write(&path, "").unwrap();
        assert!(matches!(Results::read(folder.path()), Err(ResultsError::NoRecipe(_))));
    }

    #[test]
    fn a_comparison_that_was_cut_off_in_its_first_line_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        ResultsStore::open(folder.path(), recipe("a"), false).unwrap();
        let path = folder.path().join(RESULTS_FILE);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        ResultsStore::open(folder.path(), recipe("b"), false).unwrap();
        assert_eq!(Results::read(folder.path()).unwrap().recipe.hash, "b");
    }

    #[test]
    fn another_recipe_is_refused_unless_it_extends() {
        let folder = tempfile::tempdir().unwrap();
        ResultsStore::open(folder.path(), recipe("a"), false).unwrap().add(failed("1", "first")).unwrap();
        let refused = ResultsStore::open(folder.path(), recipe("b"), false).unwrap_err();
        assert!(matches!(refused, ResultsError::OtherRecipe { .. }), "{refused}");
        drop(ResultsStore::open(folder.path(), recipe("b"), true).unwrap());
        let results = Results::read(folder.path()).unwrap();
        assert_eq!((results.recipe.hash.as_str(), results.failed.len()), ("b", 1));
    }
}
