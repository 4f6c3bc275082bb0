//! The recipe of a comparison: what is compared, and with how many trials and seeds.

mod teacher;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lelp_data::storage::sha256;
use lelp_method::{MethodError, MethodSettings, Objective};
use lelp_train::distill::{ColumnSettings, StudentSettings};
use lelp_train::training::{TrainSettings, TrainSettingsError};
use serde::Deserialize;
use thiserror::Error;
use toml::{Table, Value};

use crate::auto::{AUTO, AutoSpec};
use crate::record::RecipeRecord;
use crate::space::{Dimension, SearchSpace, SpaceError, Trial, default_space, trials};

pub use teacher::{SignalsEntry, TeacherEntry, TeacherSource, TeacherTraining, Tune};

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
    /// Seeds of the students that are reported: their number, or a list.
    #[serde(default)]
    pub seeds: Seeds,
    /// The method that others are held against.
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

/// A number of seeds, from 0, or a list of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Seeds {
    /// That many, from 0.
    Count(u64),
    /// These.
    List(Vec<u64>),
}

/// A data set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataEntry {
    /// Its name in tables.
    pub name: String,
    /// Folder with train, validation and test files, below the folder of the data; `bundled` for the queries that come
    /// with lelp.
    pub path: PathBuf,
    /// Training rows whose labels are kept, by hash of the text; the others count as unlabelled.
    pub labelled: Option<usize>,
    /// Names of the columns.
    #[serde(default)]
    pub columns: ColumnSettings,
}

/// A student.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Table")]
pub struct StudentEntry {
    /// Its name in tables.
    pub name: String,
    /// What it is. `{teacher}` in the folder that an encoder takes its layers from stands for the teacher's.
    pub model: StudentSettings,
    /// How it is trained.
    pub train: TrainSettings,
}

/// A method, and what its search goes over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Table")]
pub struct MethodEntry {
    /// Its name in tables.
    pub name: String,
    /// Its settings where the search does not change them.
    pub method: Objective,
    /// Settings that were given, and are not searched.
    pub given: BTreeSet<String>,
    /// What is searched otherwise than by default.
    pub search: SearchSpace,
    /// Whether it runs although it means nothing on the data.
    pub force: bool,
    /// What of its settings is chosen for each data set by a probe, in place of the search.
    pub auto: Option<AutoSpec>,
}

/// Why a recipe cannot be used.
#[derive(Debug, Error)]
pub enum ComparisonRecipeError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is not TOML, or has a key or value that nobody knows.
    #[error("recipe `{}`: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        problem: String,
    },
    /// A list without entries.
    #[error("recipe: `{what}` is empty, but a comparison needs one or more")]
    Empty {
        /// Name of the list.
        what: &'static str,
    },
    /// A count of 0.
    #[error("recipe: `{what}` is 0: use 1 or more")]
    Zero {
        /// Name of the count.
        what: &'static str,
    },
    /// Two entries that a table could not tell apart.
    #[error("recipe: two of `{what}` are called `{name}`; give one another `name`")]
    Twice {
        /// Name of the list.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Nobody to compare with.
    #[error("recipe: the baseline `{baseline}` is not among the methods: {}", methods.join(", "))]
    NoBaseline {
        /// The baseline.
        baseline: String,
        /// The methods.
        methods: Vec<String>,
    },
    /// A method out of its range.
    #[error("recipe: method `{name}`")]
    Method {
        /// Its name.
        name: String,
        /// The setting and its range.
        source: MethodError,
    },
    /// A search that leads nowhere.
    #[error("recipe: method `{name}`")]
    SearchSpace {
        /// The method.
        name: String,
        /// The setting.
        source: SpaceError,
    },
    /// A training out of its range.
    #[error("recipe: {who} `{name}`")]
    Training {
        /// Whether it is a teacher's or a student's.
        who: &'static str,
        /// Its name.
        name: String,
        /// The setting and its range.
        source: TrainSettingsError,
    },
}

fn default_trials() -> usize {
    12
}

fn default_search_seeds() -> u64 {
    1
}

fn default_baseline() -> String {
    "kd".to_owned()
}

impl Default for Seeds {
    fn default() -> Self {
        Self::Count(5)
    }
}

impl Seeds {
    /// The seeds, each once.
    #[must_use]
    pub fn list(&self) -> Vec<u64> {
        match self {
            Self::Count(count) => (0..*count).collect(),
            Self::List(seeds) => seeds.iter().copied().collect::<BTreeSet<u64>>().into_iter().collect(),
        }
    }
}

impl ComparisonRecipe {
    /// Reads and checks a recipe; beside it what `results.jsonl` says of it.
    pub fn open(path: &Path) -> Result<(Self, RecipeRecord), ComparisonRecipeError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ComparisonRecipeError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<(Self, RecipeRecord), ComparisonRecipeError> {
        let wrong = |problem: toml::de::Error| ComparisonRecipeError::Syntax {
            path: path.to_owned(),
            problem: problem.to_string().trim_end().to_owned(),
        };
        let table: Table = text.parse().map_err(wrong)?;
        let mut recipe: Self = toml::from_str(text).map_err(wrong)?;
        if recipe.methods.is_empty() {
            recipe.methods = MethodSettings::all().map(MethodEntry::from).into();
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
        for TeacherEntry { name, source } in &self.teachers {
            if let TeacherSource::Trained(teaching) = source {
                training("teacher", name, &teaching.train)?;
            }
        }
        for student in &self.students {
            training("student", &student.name, &student.train)?;
            for method in &self.methods {
                method.trials(&student.train, self.trials)?;
            }
        }
        Ok(())
    }
}

/// Refuses an empty list, and names that are there twice.
fn distinct<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), ComparisonRecipeError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ComparisonRecipeError::Twice { what, name: name.clone() });
        }
    }
    if seen.is_empty() { Err(ComparisonRecipeError::Empty { what }) } else { Ok(()) }
}

impl From<MethodSettings> for MethodEntry {
    fn from(method: MethodSettings) -> Self {
        Self {
            name: method.name().to_owned(),
            method: method.into(),
            given: BTreeSet::new(),
            search: SearchSpace::new(),
            force: false,
            auto: None,
        }
    }
}

impl MethodEntry {
    /// The entry with what `auto` chose, which its search leaves as it is.
    #[must_use]
    pub fn with_auto_result(&self, method: Objective) -> Self {
        let chosen = ["subclasses", "beta"].map(str::to_owned);
        let given = self.given.iter().cloned().chain(chosen).collect();
        Self { method, given, auto: None, ..self.clone() }
    }

    /// The trials of its search for a student that is trained by `train`.
    pub fn trials(&self, train: &TrainSettings, count: usize) -> Result<Vec<Trial>, ComparisonRecipeError> {
        let name = || self.name.clone();
        self.method.check().map_err(|source| ComparisonRecipeError::Method { name: name(), source })?;
        let mut space = default_space(&self.method.base, train);
        space.retain(|setting, _| !self.given.contains(setting));
        space.extend(self.search.clone());
        let first = Trial { method: self.method.clone(), train: *train };
        trials(&first, &space, count)
            .map_err(|source| ComparisonRecipeError::SearchSpace { name: name(), source })
    }
}

impl TryFrom<Table> for MethodEntry {
    type Error = toml::de::Error;

    fn try_from(mut table: Table) -> Result<Self, Self::Error> {
        let name: Option<String> = take(&mut table, "name")?;
        let search: Option<BTreeMap<String, Dimension>> = take(&mut table, "search")?;
        let force: Option<bool> = take(&mut table, "force")?;
        let auto = AutoSpec::take(&mut table);
        let given = table.keys().filter(|key| !["method", "add"].contains(&key.as_str())).cloned().collect();
        let method: Objective = Value::Table(table).try_into()?;
        let called = if auto.is_some_and(|auto| auto.method) { AUTO.to_owned() } else { method.name() };
        Ok(Self {
            name: name.unwrap_or(called),
            method,
            given,
            search: search.unwrap_or_default(),
            force: force.unwrap_or_default(),
            auto,
        })
    }
}

impl TryFrom<Table> for StudentEntry {
    type Error = toml::de::Error;

    fn try_from(mut table: Table) -> Result<Self, Self::Error> {
        let name: Option<String> = take(&mut table, "name")?;
        let train: Option<Table> = take(&mut table, "train")?;
        let model: StudentSettings = Value::Table(table).try_into()?;
        let train = completed(train, model.training()).try_into()?;
        Ok(Self { name: name.unwrap_or_else(|| model.name().to_owned()), model, train })
    }
}

/// What is given of a training, and `defaults` for the rest.
fn completed(given: Option<Table>, defaults: TrainSettings) -> Value {
    let mut training = Table::try_from(defaults).expect("settings are numbers and words");
    training.extend(given.unwrap_or_default());
    Value::Table(training)
}

/// Takes `key` out of the table, where it is there.
fn take<T: for<'a> Deserialize<'a>>(table: &mut Table, key: &str) -> Result<Option<T>, toml::de::Error> {
    table.remove(key).map(Value::try_into).transpose()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        trials = 3
        seeds = 2

        [[data]]
        name = "queries"
        path = "bundled"

        [[teachers]]
        name = "head"
        encoder = "MiniLM"

        [[students]]
        student = "ngram"
        width = 16
        train = { epochs = 4 }

        [[methods]]
        method = "kd"

        [[methods]]
        name = "lelp S 8"
        method = "lelp"
        subclasses = 8
        search = { beta = [0.1, 0.2] }
    "#;

    fn parse(text: &str) -> Result<(ComparisonRecipe, RecipeRecord), ComparisonRecipeError> {
        ComparisonRecipe::parse(text, Path::new("r.toml"))
    }

    fn told(text: &str) -> String {
        let failed = parse(text).unwrap_err();
        let mut told = failed.to_string();
        let mut source = std::error::Error::source(&failed);
        while let Some(cause) = source {
            told.extend([": ", &cause.to_string()]);
            source = cause.source();
        }
        told
    }

    #[test]
    fn what_is_given_is_not_searched_and_the_rest_has_defaults() {
        let (recipe, record) = parse(SMALL).unwrap();
        let student = &recipe.students[0];
        assert_eq!((student.name.as_str(), student.train.epochs, student.train.batch), ("ngram", 4, 128));
        let trials = recipe.methods[1].trials(&student.train, 5).unwrap();
        assert!(trials.iter().all(|trial| trial.method.base.subclasses() == 8));
        assert!(
            trials[1..]
                .iter()
                .any(|trial| trial.train.learning_rate.to_bits() != trials[0].train.learning_rate.to_bits())
        );
        assert_eq!(record.seeds, [0, 1]);
    }

    #[test]
    fn a_teacher_is_trained_by_the_defaults_of_what_is_trained() {
        let training = |keys: &str| {
            let keys = format!("encoder = \"MiniLM\"\n{keys}");
            match &parse(&SMALL.replace("encoder = \"MiniLM\"", &keys)).unwrap().0.teachers[0].source {
                TeacherSource::Trained(teaching) => teaching.train,
                source => panic!("{source:?}"),
            }
        };
        assert_eq!(training(""), TrainSettings::head());
        let two = TrainSettings { epochs: 2, ..TrainSettings::encoder() };
        assert_eq!(training("tune = \"all\"\ntrain = { epochs = 2 }"), two);
    }

    #[test]
    fn comments_make_no_other_recipe_and_values_do() {
        let hash = |text: &str| parse(text).unwrap().1.hash;
        assert_eq!(hash(SMALL), hash(&format!("# a comment\n{SMALL}")));
        assert_ne!(hash(SMALL), hash(&SMALL.replace("epochs = 4", "epochs = 5")));
    }

    #[test]
    fn without_methods_all_are_compared() {
        let start = SMALL.find("[[methods]]").unwrap();
        assert_eq!(parse(&SMALL[..start]).unwrap().0.methods.len(), MethodSettings::all().len());
    }

    #[test]
    fn wrong_recipes_are_told_with_what_to_change() {
        assert_eq!(told(&SMALL.replace("seeds = 2", "seeds = 0")), "recipe: `seeds` is 0: use 1 or more");
        assert_eq!(told(&SMALL.replace("trials = 3", "trials = 0")), "recipe: `trials` is 0: use 1 or more");
        assert_eq!(told(&format!("search_seeds = 0{SMALL}")), "recipe: `search_seeds` is 0: use 1 or more");
        assert!(told(&SMALL.replace("trials", "trails")).contains("unknown field `trails`"));
        assert!(told(&SMALL.replace("width", "breadth")).contains("unknown field `breadth`"));
        assert!(told(&SMALL.replace("subclasses = 8", "subclass = 8")).contains("unknown field `subclass`"));
        assert_eq!(
            told(&SMALL.replace("lelp S 8", "kd")),
            "recipe: two of `methods` are called `kd`; give one another `name`"
        );
        assert_eq!(
            told(&SMALL.replace("method = \"kd\"", "method = \"ce\"")),
            "recipe: the baseline `kd` is not among the methods: ce, lelp S 8"
        );
        let teacher = |keys: &str| told(&SMALL.replace("encoder = \"MiniLM\"", keys));
        assert!(teacher("").contains("teacher `head`: needs one of encoder, folder, signals, but has 0"));
        assert!(teacher("folder = \"t\"\nhidden = 8").contains("teacher `head`: unknown field `hidden`"));
        let all = "encoder = \"MiniLM\"\ntune = \"all\"\n";
        assert!(teacher(&format!("{all}hidden = 8")).contains("`hidden` is for `tune = \"head\"`"));
        assert!(teacher("encoder = \"MiniLM\"\nnetwork = {}").contains("`network` is for `tune = \"all\"`"));
        assert_eq!(
            teacher(&format!("{all}train = {{ epochs = 0 }}")),
            "recipe: teacher `head`: epochs is 0: use 1 or more"
        );
        assert_eq!(
            told(&SMALL.replace("beta = [0.1, 0.2]", "beta = []")),
            "recipe: method `lelp S 8`: `search.beta` is an empty list: give one value or more, or leave it out"
        );
        assert!(told("trials = ").contains("r.toml"));
    }
}
