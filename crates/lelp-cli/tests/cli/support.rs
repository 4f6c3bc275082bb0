//! Small data that the tests make, and the program itself.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder of its own for each test.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With the queries, a teacher of them, and its signals on the training rows.
    pub(crate) fn taught(flags: &str) -> Self {
        let work = Self::new();
        work.queries();
        work.run(&format!("teach --encoder {} --data queries --out teacher {flags}", encoder().display()));
        work.run("signals --teacher teacher --data queries/train.csv --out signals");
        work
    }

    /// Another folder with the same files.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        for (name, path) in lelp_data::files_below(self.folder(), |_| true).unwrap() {
            copy.write(&name, fs::read(path).unwrap());
        }
        copy
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `lelp` with its working folder here, and a home where nothing is.
    pub(crate) fn lelp(&self, line: &str) -> Command {
        let mut command = Command::cargo_bin("lelp").unwrap();
        command.current_dir(self.folder.path()).env("LELP_CACHE", self.path("cache"));
        command.env_remove("COLUMNS"); // help is as wide as this says
        command.args(line.split_whitespace());
        command
    }

    /// Runs `lelp` and gives its standard output.
    pub(crate) fn run(&self, line: &str) -> String {
        let output = self.lelp(line).assert().success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    }

    /// Runs `lelp`, which must fail with exit code `code`, and gives what it says.
    pub(crate) fn fails(&self, line: &str, code: i32) -> String {
        let output = self.lelp(line).assert().failure().code(code);
        String::from_utf8(output.get_output().stderr.clone()).unwrap()
    }

    /// `queries/{train,validation,test}.csv`: two classes, each of four topics with words of their own.
    pub(crate) fn queries(&self) {
        for (split, first, rows) in [("train", 0, 320), ("validation", 1000, 80), ("test", 2000, 80)] {
            self.write(&format!("queries/{split}.csv"), queries(first, rows));
        }
    }
}

/// The encoder of 2 layers and random weights that its own crate tests with.
pub(crate) fn encoder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lelp-model/tests/goldens/encoder_bert")
}

/// A Hugging Face sequence classifier with classes `bad` and `good`, and random weights.
pub(crate) fn classifier() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lelp-model/tests/goldens/roberta")
}

const TOPICS: [[&str; 2]; 4] = [["card", "transfer"], ["pin", "money"], ["lost", "bank"], ["new", "fee"]];
const FILLERS: [&str; 6] = ["where", "is", "my", "the", "please", "how"];

pub(crate) fn queries(first: usize, rows: usize) -> String {
    let mut file = String::from("text,label\n");
    for row in first..first + rows {
        let class = row % 2;
        let topic = TOPICS[row / 2 % 4][class];
        let filler = |k: usize| FILLERS[(row * 7 + k * 5 + row / 11) % FILLERS.len()];
        let name = ["card", "other"][class];
        writeln!(file, "{} {topic} {} {topic} {},{name}", filler(0), filler(1), filler(2)).unwrap();
    }
    file
}
