//! Which files a path stands for: one file, a folder of parts, or the shards of a split.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::formats::Format;
use crate::notices::{NoticeKind, NoticeLog};
use crate::saved_dataset;

/// A file with its format.
#[derive(Debug, Clone)]
pub(crate) struct DataFile {
    pub(crate) path: PathBuf,
    pub(crate) format: &'static Format,
}

/// The splits by the names that files have for them.
const SPLITS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("validation", &["validation", "valid", "val", "dev"]),
    ("test", &["test", "testing"]),
];

/// The files of one data set, in the order of their names.
///
/// A path is a file; a folder of parts, as Spark writes it (`train.parquet/part-00000-...`); or, where there is neither,
/// what files beside it begin with: `data/train` for `data/train-00000-of-00002.parquet`.
pub(crate) fn files_of(path: &Path, notices: &NoticeLog) -> Result<Vec<DataFile>, DataError> {
    if path.is_dir() {
        return parts(path);
    }
    if !path.exists() && path.extension().is_none() {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        if let Some(entry) = path.file_name().and_then(|name| name.to_str()).filter(|_| folder.is_dir()) {
            let mut shards = Vec::new();
            for name in entries(folder)?.into_iter().filter(|name| !is_hidden(name)) {
                let part = SplitName::of(&name).filter(|found| found.word.eq_ignore_ascii_case(entry));
                shards.extend(part.map(|part| (name, part)));
            }
            if !shards.is_empty() {
                return shards_of(folder, shards);
            }
        }
    }
    // What is not there has no format to be wrong.
    let missing = |error| match fs::metadata(path) {
        Err(source) => DataError::Read { file: path.to_owned(), source },
        Ok(_) => error,
    };
    let format = Format::of(path).map_err(missing)?;
    let name = path.file_name().and_then(|name| name.to_str()).and_then(SplitName::of);
    if name.is_some_and(|name| name.shards.is_some_and(|shards| shards > 1)) {
        notices.add(path, NoticeKind::OneShard, None);
    }
    Ok(vec![DataFile { path: path.to_owned(), format }])
}

/// Names in a folder, in order.
fn entries(folder: &Path) -> Result<Vec<String>, DataError> {
    let read = |source| DataError::Read { file: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        // A name that is no text is no data file of ours.
        names.extend(entry.map_err(read)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Markers, checksums, drafts and locks, as Spark, Hadoop, editors and Office leave them.
fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '_'])
        || name.starts_with("~$")
        || name.ends_with('~')
        || name.to_lowercase().ends_with(".crc")
}

/// What describes a data set and is none.
fn is_description(name: &str) -> bool {
    let name = name.to_lowercase();
    ["readme", "license", "licence", "dataset_info", "dataset_infos", "dataset_dict", "state", "notes"]
        .contains(&name.split('.').next().unwrap_or_default())
}

/// The files of a folder whose files are parts of one data set.
fn parts(folder: &Path) -> Result<Vec<DataFile>, DataError> {
    if let Some(names) = saved_dataset::files(folder)? {
        let file = |name: String| {
            let path = folder.join(name);
            Ok(DataFile { format: Format::of(&path)?, path })
        };
        return names.into_iter().map(file).collect();
    }
    let present = entries(folder)?;
    // Files that a table no longer holds stay in its folder; its log says which.
    if present.iter().any(|name| name == "_delta_log") {
        let what = "a Delta table, whose log says which files count: write its rows as plain Parquet";
        return Err(DataError::Foreign { file: folder.to_owned(), what });
    }
    let names = present.iter().filter(|name| !is_hidden(name) && !is_description(name));
    let (folders, names): (Vec<_>, Vec<_>) = names.partition(|name| folder.join(name).is_dir());
    let splits: Vec<SplitName> = names.iter().filter_map(|name| SplitName::of(name)).collect();
    if splits.iter().any(|split| split.split != splits[0].split) {
        let files = names.into_iter().cloned().collect();
        return Err(DataError::FolderOfSplits { folder: folder.to_owned(), files });
    }
    check_partitions(folder, folders)?;
    // Spark's parts need not have an ending: that of the folder counts.
    let of_folder = Format::of(folder).ok();
    let part = |name: &&String| {
        let path = folder.join(name.as_str());
        let format = Format::of(&path).ok().or(of_folder.filter(|_| name.starts_with("part")))?;
        Some(DataFile { path, format })
    };
    let files: Vec<DataFile> = names.iter().filter_map(part).collect();
    let Some(first) = files.first() else {
        return Err(DataError::NoParts { folder: folder.to_owned(), present });
    };
    check_one_format(first, &files)?;
    check_numbered(folder, &files)?;
    Ok(files)
}

/// Refuses parts that are numbered as shards (`data-00000-of-00002.arrow`), of which one is missing.
fn check_numbered(folder: &Path, files: &[DataFile]) -> Result<(), DataError> {
    let mut found: BTreeMap<(String, u64), BTreeSet<u64>> = BTreeMap::new();
    for file in files {
        let name = file.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let Some((word, numbers)) = name.split_once('-') else { continue };
        let numbers = numbers.split(['-', '.']).collect::<Vec<_>>();
        if let [shard, "of", shards, ..] = numbers[..]
            && let (Ok(shard), Ok(shards)) = (shard.parse(), shards.parse())
        {
            found.entry((word.to_owned(), shards)).or_default().insert(shard);
        }
    }
    for ((word, shards), there) in found {
        // No folder has more shards than files: the first gap is among the first numbers.
        if let Some(missing) = (0..shards).find(|shard| !there.contains(shard)) {
            let folder = folder.to_owned();
            return Err(DataError::MissingShard { folder, split: word, missing, shards });
        }
    }
    Ok(())
}

/// Refuses folders such as `label=good`, whose files lack the column.
fn check_partitions<'a>(
    folder: &Path,
    folders: impl IntoIterator<Item = &'a String>,
) -> Result<(), DataError> {
    match folders.into_iter().find(|name| name.contains('=')) {
        Some(part) => Err(DataError::Partitioned { folder: folder.to_owned(), part: part.clone() }),
        None => Ok(()),
    }
}

/// Files that are read as one table have one format.
fn check_one_format(first: &DataFile, files: &[DataFile]) -> Result<(), DataError> {
    match files.iter().find(|file| file.format.name() != first.format.name()) {
        Some(other) => Err(DataError::TwoFormats { first: first.path.clone(), second: other.path.clone() }),
        None => Ok(()),
    }
}

/// What the name of a file or folder of a data set says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SplitName {
    /// The split, by its first name in [`SPLITS`].
    split: &'static str,
    /// The word that stands for it.
    word: String,
    /// Number of the shard, where there are several.
    shard: Option<u64>,
    /// Number of all shards, where the name has it.
    shards: Option<u64>,
}

impl SplitName {
    /// Reads `train.csv`, `Val.TSV`, `test.jsonl.gz`, `train-00000-of-00002.parquet`, `train_1.csv`, `train`.
    fn of(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        let (stem, endings) = lower.split_once('.').unwrap_or((&lower, ""));
        // `train.ft.txt` is fastText's; anything else between the name and its ending is another file's name.
        let is_known = |ending: &str| {
            let path = PathBuf::from(format!("x.{ending}"));
            Format::is_packing(ending) || Format::of(&path).is_ok() || ["ft", "snappy"].contains(&ending)
        };
        if !endings.is_empty() && !endings.split('.').all(is_known) {
            return None;
        }
        let mut names =
            SPLITS.iter().flat_map(|(split, words)| words.iter().map(move |word| (*split, *word)));
        names.find_map(|(split, word)| Self::of_stem(stem, split, word))
    }

    fn of_stem(stem: &str, split: &'static str, word: &str) -> Option<Self> {
        let rest = stem.strip_prefix(word)?;
        let found = |shard, shards| Some(Self { split, word: word.to_owned(), shard, shards });
        if rest.is_empty() {
            return found(None, None);
        }
        let parts: Vec<&str> = rest.strip_prefix(['-', '_'])?.split(['-', '_']).collect();
        let parts = parts.strip_prefix(&["part"]).unwrap_or(&parts);
        let number =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
        match parts {
            [shard] => found(Some(number(shard)?), None),
            // The hub once put a hash behind the numbers.
            [shard, "of", shards] | [shard, "of", shards, _] => {
                found(Some(number(shard)?), Some(number(shards)?))
            }
            _ => None,
        }
    }
}

/// Files of a folder that are shards of one split, of which none may be missing.
fn shards_of(folder: &Path, mut shards: Vec<(String, SplitName)>) -> Result<Vec<DataFile>, DataError> {
    // By number: `train_10` comes behind `train_9`.
    shards.sort_by_key(|(name, part)| (part.shard, name.clone()));
    let (first, split) = &shards[0];
    for ((one, part), (other, next)) in shards.iter().zip(&shards[1..]) {
        if part.shard.is_none() || part.shard == next.shard || part.shards != next.shards {
            let (first, second) = (folder.join(one), folder.join(other));
            return Err(DataError::TwoFiles { split: split.split, first, second });
        }
    }
    let is_there = |place: u64| {
        let shard = usize::try_from(place).ok().and_then(|place| shards.get(place));
        shard.is_some_and(|(_, part)| part.shard == Some(place))
    };
    if let Some(all) = split.shards
        && let Some(missing) = (0..all).find(|place| !is_there(*place))
    {
        let (folder, split) = (folder.to_owned(), split.word.clone());
        return Err(DataError::MissingShard { folder, split, missing, shards: all });
    }
    if shards.len() == 1 && folder.join(first).is_dir() {
        return parts(&folder.join(first));
    }
    let file = |(name, _): &(String, SplitName)| {
        let path = folder.join(name);
        Ok(DataFile { format: Format::of(&path)?, path })
    };
    let files = shards.iter().map(file).collect::<Result<Vec<_>, DataError>>()?;
    check_one_format(&files[0], &files)?;
    Ok(files)
}

/// Where the splits of a data set are: each a file, a folder of parts, or what the names of its shards begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SplitPaths {
    pub(crate) train: PathBuf,
    pub(crate) validation: Option<PathBuf>,
    pub(crate) test: Option<PathBuf>,
}

impl SplitPaths {
    /// The splits of a folder, or the training file alone.
    ///
    /// There is a notice for files of the folder that look like data and are no split.
    pub(crate) fn find(path: &Path, notices: &NoticeLog) -> Result<Self, DataError> {
        let alone = || Ok(Self { train: path.to_owned(), validation: None, test: None });
        if !path.is_dir() {
            return alone();
        }
        let present = entries(path)?;
        let mut found: Vec<(String, SplitName)> = Vec::new();
        let mut others = Vec::new();
        for name in present.iter().filter(|name| !is_hidden(name) && !is_description(name)) {
            let file = path.join(name);
            match SplitName::of(name) {
                Some(split) if file.is_dir() || Format::of(&file).is_ok() => {
                    found.push((name.clone(), split));
                }
                _ if file.is_file() && Format::of(&file).is_ok() => others.push(file),
                _ => {}
            }
        }
        if found.is_empty() && is_one_table(path, &present, &others) {
            return alone();
        }
        let of = |split: &'static str| Self::of_split(path, split, &found);
        let Some(train) = of("train")? else { return Err(no_train(path, present, others)) };
        for file in others {
            notices.add(&file, NoticeKind::PassedOver, None);
        }
        Ok(Self { train, validation: of("validation")?, test: of("test")? })
    }

    fn of_split(
        folder: &Path,
        split: &'static str,
        found: &[(String, SplitName)],
    ) -> Result<Option<PathBuf>, DataError> {
        let mine: Vec<_> = found.iter().filter(|(_, name)| name.split == split).collect();
        match mine.as_slice() {
            [] => Ok(None),
            [(name, SplitName { shards: None | Some(1), .. })] => Ok(Some(folder.join(name))),
            [(first, one), rest @ ..] => {
                let other = rest.iter().find(|(_, other)| other.word != one.word || one.shard.is_none());
                match other {
                    Some((second, _)) => {
                        let (first, second) = (folder.join(first), folder.join(second));
                        Err(DataError::TwoFiles { split, first, second })
                    }
                    None => Ok(Some(folder.join(&one.word))),
                }
            }
        }
    }
}

/// Whether a folder without splits is one data set: of Spark, Dask, Delta or `datasets`.
fn is_one_table(folder: &Path, present: &[String], files: &[PathBuf]) -> bool {
    let is_part = |file: &PathBuf| {
        let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        name.starts_with("part-") || name.starts_with("part.")
    };
    let is_there = |name: &str| present.iter().any(|other| other == name);
    Format::of(folder).is_ok()
        || (!files.is_empty() && files.iter().all(is_part))
        || is_there("_delta_log")
        || (is_there("state.json") && is_there("dataset_info.json"))
}

/// The error for a folder without a training file, with what may be meant.
fn no_train(folder: &Path, present: Vec<String>, files: Vec<PathBuf>) -> DataError {
    let folders: Vec<&String> = present.iter().filter(|name| folder.join(name).is_dir()).collect();
    if let Err(error) = check_partitions(folder, folders.iter().copied()) {
        return error;
    }
    let has_train = |path: &PathBuf| {
        let names = entries(path).unwrap_or_default();
        names.iter().filter_map(|name| SplitName::of(name)).any(|name| name.split == "train")
    };
    let inside = folders.into_iter().map(|name| folder.join(name)).filter(has_train);
    let meant = inside.chain(files).collect();
    let known = Format::all_endings().collect();
    DataError::NoTrain { folder: folder.to_owned(), known, present, meant }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_of_splits_and_shards() {
        let name = |name: &str| SplitName::of(name).map(|found| (found.split, found.shard, found.shards));
        for (file, split) in [
            ("train.csv", "train"),
            ("Training.CSV", "train"),
            ("val.tsv", "validation"),
            ("valid.jsonl", "validation"),
            ("dev.txt", "validation"),
            ("VALIDATION.parquet", "validation"),
            ("test.jsonl.gz", "test"),
            ("train.snappy.parquet", "train"),
            ("train.ft.txt", "train"),
            ("train", "train"),
        ] {
            assert_eq!(name(file), Some((split, None, None)), "{file}");
        }
        assert_eq!(name("train-00001-of-00002.parquet"), Some(("train", Some(1), Some(2))));
        assert_eq!(name("train-00000-of-00001-b42a775f407cee45.parquet"), Some(("train", Some(0), Some(1))));
        assert_eq!(name("test_7.csv"), Some(("test", Some(7), None)));
        assert_eq!(name("train_part_3.csv"), Some(("train", Some(3), None)));
        for other in
            ["train_old.csv", "trainer.csv", "mytrain.csv", "train.bak.csv", "train2.csv", "tests.md"]
        {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
