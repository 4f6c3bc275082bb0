//! Every change of the disk goes through `lelp_data::storage`, where it is made whole, and where tests make it fail.

use std::fs;
use std::path::{Path, PathBuf};

/// What changes the disk.
const CHANGES: [&str; 15] = [
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::write",
    "fs::rename",
    "fs::copy",
    "fs::hard_link",
    "fs::create_dir",
    "fs::remove_file",
    "fs::remove_dir",
    "unix::fs::symlink",
    "tempfile::tempdir",
    "tempfile::Builder",
    "NamedTempFile",
    "env::temp_dir",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The code before its tests, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().take_while(|(_, line)| !line.contains("#[cfg(test)]"));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether `text` has `name` as a name of its own, not as the end of a longer one.
fn names(text: &str, name: &str) -> bool {
    text.match_indices(name)
        .any(|(place, _)| !text[..place].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

#[test]
fn nothing_but_the_storage_room_changes_the_disk() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for entry in fs::read_dir(crates).unwrap() {
        let source = entry.unwrap().path().join("src");
        if source.is_dir() {
            sources(&source, &mut files);
        }
    }
    assert!(files.len() > 100, "{}", files.len());
    let storage = crates.join("lelp-data/src/storage");
    let only_tests = |path: &Path| {
        path.file_stem().is_some_and(|name| name == "tests" || name == "laws" || name == "testing")
    };
    let mut found = Vec::new();
    for path in files.iter().filter(|path| !path.starts_with(&storage) && !only_tests(path)) {
        for (line, text) in code(&fs::read_to_string(path).unwrap()) {
            if CHANGES.iter().any(|change| names(text, change)) {
                found.push(format!("{}:{}: {}", path.display(), line + 1, text.trim()));
            }
        }
    }
    assert!(found.is_empty(), "changes of the disk outside lelp-data/src/storage: {found:#?}");
}
