//! A recipe: settings as a TOML file, over which single values can be set by flags.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use toml::{Table, Value};

/// Settings by name, from a file and from flags; checked when they become a settings type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SettingsTable {
    table: Table,
    path: Option<PathBuf>,
}

/// Why a recipe is no settings.
#[derive(Debug, Error)]
pub enum SettingsTableError {
    /// The file cannot be read.
    #[error("cannot read recipe `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("recipe `{}` is not TOML: {}", path.display(), problem.to_string().trim_end())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        problem: Box<toml::de::Error>,
    },
    /// A name or value is wrong.
    #[error("{}: {}", .path.as_ref().map_or_else(|| "settings".to_owned(), |path| format!("recipe `{}`", path.display())), .problem.to_string().trim_end().replace('\n', " "))]
    Settings {
        /// The file, where there is one.
        path: Option<PathBuf>,
        /// Which key, and why.
        problem: Box<toml::de::Error>,
    },
    /// A number that no setting takes.
    #[error("`{name}` is larger than any number that is understood; use a smaller one")]
    TooLarge {
        /// The setting.
        name: String,
    },
    /// A path that no recipe can hold.
    #[error("the path `{}` of `{name}` is not UTF-8; rename it, or name it through a link", path.display())]
    NotUtf8 {
        /// The setting.
        name: String,
        /// The path.
        path: PathBuf,
    },
    /// A flag sets a value inside something that is no table.
    #[error("`{name}` cannot be set: `{parent}` is a value in the recipe, not a table")]
    NotATable {
        /// The name to set.
        name: String,
        /// The part of it that is a value.
        parent: String,
    },
}

/// Settings that are paths.
const PATHS: [&str; 5] = ["data", "teacher", "signals", "split_signals", "unlabelled"];
/// Settings, and settings of a student, that are folders or names of models.
const MODELS: [&str; 1] = ["split_encoder"];
const STUDENT_MODELS: [&str; 2] = ["from", "encoder"];

impl SettingsTable {
    /// Reads a recipe file. Paths in it start from the folder that it is in.
    pub fn open(path: &Path) -> Result<Self, SettingsTableError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsTableError::Read { path: path.to_owned(), source })?;
        let mut table: Table = text.parse().map_err(|problem| SettingsTableError::Syntax {
            path: path.to_owned(),
            problem: Box::new(problem),
        })?;
        start_paths_at(&mut table, path.parent().unwrap_or(Path::new("")));
        Ok(Self { table, path: Some(path.to_owned()) })
    }

    /// Sets `name` (with dots between tables, as `train.epochs`) where there is a value; else leaves what is there.
    pub fn set<T: Serialize>(&mut self, name: &str, value: Option<T>) -> Result<(), SettingsTableError> {
        let Some(value) = value else { return Ok(()) };
        // TOML has no whole numbers beyond 2^63; everything else that a flag can be is in it.
        let value =
            Value::try_from(value).map_err(|_| SettingsTableError::TooLarge { name: name.to_owned() })?;
        let mut table = &mut self.table;
        let (parents, key) = match name.rsplit_once('.') {
            Some((parents, key)) => (parents.split('.').collect(), key),
            None => (Vec::new(), name),
        };
        for parent in parents {
            let entry = table.entry(parent).or_insert_with(|| Value::Table(Table::new()));
            table = entry.as_table_mut().ok_or_else(|| SettingsTableError::NotATable {
                name: name.to_owned(),
                parent: parent.to_owned(),
            })?;
        }
        table.insert(key.to_owned(), value);
        Ok(())
    }

    /// Sets `name` to a path, as [`set`](Self::set) does.
    ///
    /// # Errors
    /// [`SettingsTableError::NotUtf8`] for one that TOML has no string for.
    pub fn set_path(&mut self, name: &str, path: Option<&PathBuf>) -> Result<(), SettingsTableError> {
        check_utf8(name, path)?;
        self.set(name, path)
    }

    /// Sets `name` to several paths, as [`set_path`](Self::set_path) does; none leave what is there.
    pub fn set_paths(&mut self, name: &str, paths: &[PathBuf]) -> Result<(), SettingsTableError> {
        check_utf8(name, paths)?;
        self.set(name, Some(paths).filter(|paths| !paths.is_empty()))
    }

    /// Sets what `defaults`, a table, has and the table `name` (no dots) has not.
    pub fn fill(&mut self, name: &str, defaults: &impl Serialize) {
        let defaults = Table::try_from(defaults).expect("settings are tables of numbers and words");
        let entry = self.table.entry(name).or_insert_with(|| Value::Table(Table::new()));
        // A value in place of a table is refused by `settings`, with the file's name.
        if let Some(table) = entry.as_table_mut() {
            for (key, value) in defaults {
                table.entry(key).or_insert(value);
            }
        }
    }

    /// The settings of the table `name` (no dots), where there is one.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, SettingsTableError> {
        let section = self.table.get(name).cloned().map(Value::try_into);
        section.transpose().map_err(|problem| self.wrong(problem))
    }

    /// The table `name` (no dots), where it is one.
    #[must_use]
    pub fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.table.get_mut(name)?.as_table_mut()
    }

    /// True where `name` (no dots) is set.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// The settings; an unknown name or a wrong value is an error that names it.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, SettingsTableError> {
        Value::Table(self.table.clone()).try_into().map_err(|problem| self.wrong(problem))
    }

    fn wrong(&self, problem: toml::de::Error) -> SettingsTableError {
        SettingsTableError::Settings { path: self.path.clone(), problem: Box::new(problem) }
    }
}

fn check_utf8<'a>(
    name: &str,
    paths: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), SettingsTableError> {
    match paths.into_iter().find(|path| path.to_str().is_none()) {
        Some(path) => Err(SettingsTableError::NotUtf8 { name: name.to_owned(), path: path.clone() }),
        None => Ok(()),
    }
}

/// Puts `folder` before every relative path; a model is a path where there is such a folder.
fn start_paths_at(table: &mut Table, folder: &Path) {
    let start = |value: &mut Value| {
        if let Value::String(path) = value {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    };
    for name in PATHS {
        match table.get_mut(name) {
            Some(Value::Array(paths)) => paths.iter_mut().for_each(start),
            Some(path) => start(path),
            None => {}
        }
    }
    let start_model = |table: &mut Table, name: &str| {
        let found = table.get_mut(name);
        let found = found.filter(|value| value.as_str().is_some_and(|path| folder.join(path).is_dir()));
        found.into_iter().for_each(start);
    };
    for name in MODELS {
        start_model(table, name);
    }
    if let Some(student) = table.get_mut("model").and_then(Value::as_table_mut) {
        for name in STUDENT_MODELS {
            start_model(student, name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        data: PathBuf,
        train: Train,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Train {
        epochs: usize,
        seed: u64,
    }

    fn recipe(text: &str) -> SettingsTable {
        SettingsTable { table: text.parse().unwrap(), path: Some(PathBuf::from("r.toml")) }
    }

    #[test]
    fn a_flag_wins_over_the_file_and_leaves_the_rest() {
        let mut recipe = recipe("data = \"d\"\n[train]\nepochs = 3\nseed = 7");
        recipe.set("train.epochs", Some(5)).unwrap();
        recipe.set("train.seed", None::<u64>).unwrap();
        let settings: Settings = recipe.settings().unwrap();
        assert_eq!(settings, Settings { data: "d".into(), train: Train { epochs: 5, seed: 7 } });
    }

    #[test]
    fn paths_start_from_the_folder_of_the_recipe_and_names_of_models_stay() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("small")).unwrap();
        let mut table: Table =
            "data = \"d\"\nsplit_encoder = \"small\"\nteacher = \"/t\"\nunlabelled = [\"a\", \"/b\"]\n\
             [model]\nfrom = \"small\"\nencoder = \"org/name\""
                .parse()
                .unwrap();
        start_paths_at(&mut table, folder.path());
        let at = |name: &str| Value::from(folder.path().join(name).to_string_lossy().into_owned());
        assert_eq!((&table["data"], &table["teacher"]), (&at("d"), &Value::from("/t")));
        assert_eq!(table["unlabelled"], Value::Array(vec![at("a"), Value::from("/b")]));
        assert_eq!((&table["model"]["from"], &table["split_encoder"]), (&at("small"), &at("small")));
        assert_eq!(table["model"]["encoder"], Value::from("org/name"));
    }

    #[test]
    fn an_unknown_key_is_named_with_the_keys_there_are() {
        let failed =
            recipe("data = \"d\"\n[train]\nepochs = 3\nsead = 7").settings::<Settings>().unwrap_err();
        let text = failed.to_string();
        assert!(text.contains("r.toml") && text.contains("`sead`") && text.contains("`seed`"), "{text}");
    }

    #[test]
    fn a_value_is_no_table() {
        let failed = recipe("train = 3").set("train.epochs", Some(5)).unwrap_err();
        assert_eq!(
            failed.to_string(),
            "`train.epochs` cannot be set: `train` is a value in the recipe, not a table"
        );
    }
}
