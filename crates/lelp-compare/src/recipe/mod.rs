//! The recipe of a comparison: what is compared, and with how many trials and seeds.

mod data;
mod entry_line;
mod error;
mod method;
mod seeds;
mod student;
mod table;
mod teacher;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use lelp_data::storage::sha256;
use lelp_method::MethodSettings;
use lelp_train::training::TrainSettings;
use serde::Deserialize;
use toml::Table;

use crate::auto::DEFAULT_BUDGET;
use crate::record::RecipeRecord;

pub use self::data::{DataEntry, DataLocation};
pub use self::error::ComparisonRecipeError;
pub use self::method::MethodEntry;
pub use self::seeds::Seeds;
pub use self::student::StudentEntry;
pub use self::teacher::{SignalsEntry, SplitEntry, TeacherEntry, TeacherSource, TeacherTraining, Tune};

/// Data sets x teachers x students x methods x seeds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonRecipe {
    /// Trials of the search for each method's settings.
    #[serde(default = "default_trials")]
    pub trials: usize,
    /// Students of each trial, a seed each, whose mean score counts: one that is lucky wins no search of three.
    #[serde(default = "default_search_seeds")]
    pub search_seeds: u64,
    /// Students that each search of `auto` trains at most.
    #[serde(default = "default_auto_budget")]
    pub auto_budget: NonZeroUsize,
    /// Seeds of the students that are reported: their number, or a list.
    #[serde(default)]
    pub seeds: Seeds,
    /// The method that the others are compared with.
    #[serde(default = "default_baseline")]
    pub baseline: String,
    /// Data sets.
    pub data: Vec<DataEntry>,
    /// Teachers.
    pub teachers: Vec<TeacherEntry>,
    /// Students.
    pub students: Vec<StudentEntry>,
    /// Methods; all of them where none is named.
    #[serde(default)]
    pub methods: Vec<MethodEntry>,
}

/// No more trials or seeds: what is meant would not end, and is a slip.
const LARGEST: usize = 10_000;

fn default_trials() -> usize {
    12
}

fn default_search_seeds() -> u64 {
    1
}

fn default_auto_budget() -> NonZeroUsize {
    DEFAULT_BUDGET
}

fn default_baseline() -> String {
    "kd".to_owned()
}

impl ComparisonRecipe {
    /// Reads and checks a recipe; beside it what `results.jsonl` says of it.
    pub fn open(path: &Path) -> Result<(Self, RecipeRecord), ComparisonRecipeError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ComparisonRecipeError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<(Self, RecipeRecord), ComparisonRecipeError> {
        let wrong = |problem: toml::de::Error| match entry_line::of(text, &problem) {
            Some((line, problem)) => ComparisonRecipeError::Entry { path: path.to_owned(), line, problem },
            None => ComparisonRecipeError::Syntax { path: path.to_owned(), problem: Box::new(problem) },
        };
        let table: Table = text.parse().map_err(wrong)?;
        let mut recipe: Self = toml::from_str(text).map_err(wrong)?;
        if recipe.methods.is_empty() {
            recipe.methods = MethodSettings::all().into_iter().map(MethodEntry::from).collect();
        }
        recipe.check()?;
        let as_json = serde_json::to_value(&table).expect("a table of TOML is JSON");
        let record = RecipeRecord {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            // Of the values: comments and the order of keys make no other recipe.
            hash: sha256(as_json.to_string().as_bytes()),
            recipe: as_json,
            baseline: recipe.baseline.clone(),
            trials: recipe.trials,
            search_seeds: recipe.search_seeds,
            seeds: recipe.seeds.list(),
            methods: recipe.methods.iter().map(|entry| entry.name.clone()).collect(),
        };
        Ok((recipe, record))
    }

    fn check(&self) -> Result<(), ComparisonRecipeError> {
        if self.trials == 0 {
            return Err(ComparisonRecipeError::Zero { what: "trials" });
        }
        for (what, found) in [
            ("trials", self.trials),
            ("search_seeds", usize::try_from(self.search_seeds).unwrap_or(usize::MAX)),
            ("seeds", self.seeds.count()),
        ] {
            if found > LARGEST {
                return Err(ComparisonRecipeError::TooMany { what, found, largest: LARGEST });
            }
        }
        if self.search_seeds == 0 {
            return Err(ComparisonRecipeError::Zero { what: "search_seeds" });
        }
        if self.seeds.list().is_empty() {
            return Err(ComparisonRecipeError::Zero { what: "seeds" });
        }
        distinct("data", self.data.iter().map(|entry| &entry.name))?;
        distinct("teachers", self.teachers.iter().map(|entry| &entry.name))?;
        distinct("students", self.students.iter().map(|entry| &entry.name))?;
        distinct("methods", self.methods.iter().map(|entry| &entry.name))?;
        let methods: Vec<String> = self.methods.iter().map(|entry| entry.name.clone()).collect();
        if !methods.contains(&self.baseline) {
            return Err(ComparisonRecipeError::NoBaseline { baseline: self.baseline.clone(), methods });
        }
        let training = |who, name: &String, settings: &TrainSettings| {
            settings.check().map_err(|source| ComparisonRecipeError::Training {
                who,
                name: name.clone(),
                source,
            })
        };
        for TeacherEntry { name, source, .. } in &self.teachers {
            if let TeacherSource::Trained(teaching) = source {
                training("teacher", name, &teaching.train)?;
            }
        }
        for student in &self.students {
            training("student", &student.name, &student.train)?;
            for method in &self.methods {
                method.trials(&student.train, self.trials, usize::MAX)?;
            }
        }
        Ok(())
    }
}

/// Characters of a name: those of a data set and of its teacher are in the name of a folder, which has room for 255 bytes.
const LONGEST_NAME: usize = 100;

/// Refuses an empty list, names that are too long, and names that are there twice.
fn distinct<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), ComparisonRecipeError> {
    let mut seen = BTreeSet::new();
    for name in names {
        let found = name.chars().count();
        if found > LONGEST_NAME {
            return Err(ComparisonRecipeError::LongName { what, found, most: LONGEST_NAME });
        }
        if !seen.insert(name) {
            return Err(ComparisonRecipeError::Twice { what, name: name.clone() });
        }
    }
    if seen.is_empty() { Err(ComparisonRecipeError::Empty { what }) } else { Ok(()) }
}
