//! Every command that writes, on data small enough to run it some hundred times; what it leaves is compared without what
//! depends on the clock.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use Kind::{Comparison, File, Model, Signals};

use crate::support::{Workspace, encoder};

/// A command that writes.
pub(crate) struct Writing {
    /// What is run before, once.
    before: &'static [&'static str],
    /// The command; `ENCODER` is the folder of a small one.
    line: &'static str,
    /// What it writes.
    pub(crate) out: &'static str,
    pub(crate) kind: Kind,
}

/// What is written: when does it count as there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file: whole, or not there.
    File,
    /// A folder that counts with its first marker, and then has to be whole.
    Model,
    /// The same beside files of others, which keep a folder from being replaced in one step.
    ModelBeside,
    /// Signals, which count once they say that they are complete.
    Signals,
    /// A comparison, whose lines are there one by one.
    Comparison,
}

const TEACH: &str =
    "teach --encoder ENCODER --data queries --hidden 8 --epochs 30 --learning-rate 0.05 --out teacher";
const SIGNALS: &str = "signals --teacher teacher --data queries/train.csv --out signals";
const FIT: &str = "fit --signals signals --subclasses 2 --out fit.safetensors";
const NGRAM: &str = "distill --data queries --signals signals --method lelp --subclasses 2 --buckets 256 --width 4 --epochs 2 --out student";
const SMALL: &str =
    "distill --data queries --method ce --seed 7 --buckets 128 --width 4 --epochs 1 --out student";
const COMPARE: &str = "compare --recipe recipe.toml --jobs 1 --out run";

/// All commands that write, by name.
const ALL: &[(&str, Writing)] = &[
    ("teach", writing(&[], TEACH, "teacher", Model)),
    (
        "teach_overwrite",
        writing(
            &["teach --encoder ENCODER --data queries --hidden 4 --epochs 1 --seed 7 --out teacher"],
            "teach --encoder ENCODER --data queries --hidden 8 --epochs 1 --overwrite --out teacher",
            "teacher",
            Model,
        ),
    ),
    (
        "teach_all",
        writing(
            &[],
            "teach --encoder ENCODER --data queries --tune all --epochs 2 --checkpoint-minutes 0 --out tuned",
            "tuned",
            Model,
        ),
    ),
    (
        "teach_columns",
        writing(
            &[],
            "teach --data queries --number-columns price --epochs 1 --out columns",
            "columns",
            Model,
        ),
    ),
    ("signals", writing(&[TEACH], SIGNALS, "signals", Signals)),
    (
        "signals_overwrite",
        writing(
            &[TEACH, "signals --teacher teacher --data queries/test.csv --out signals"],
            "signals --teacher teacher --data queries/train.csv --overwrite --out signals",
            "signals",
            Signals,
        ),
    ),
    (
        "import",
        writing(&[], "signals import --safetensors arrays.safetensors --out signals", "signals", Signals),
    ),
    ("fit", writing(&[TEACH, SIGNALS], FIT, "fit.safetensors", File)),
    (
        "targets",
        writing(
            &[TEACH, SIGNALS, FIT],
            "targets --signals signals --fit fit.safetensors --out targets.safetensors",
            "targets.safetensors",
            File,
        ),
    ),
    ("distill_ngram", writing(&[TEACH, SIGNALS], NGRAM, "student", Model)),
    (
        "distill_overwrite",
        writing(
            &[TEACH, SIGNALS, "distill --data queries --method ce --seed 7 --buckets 128 --out student"],
            "distill --data queries --signals signals --method kd --buckets 256 --epochs 2 --overwrite --out student",
            "student",
            Model,
        ),
    ),
    (
        "distill_beside",
        writing(
            &[
                "distill --data queries --method ce --seed 7 --buckets 128 --out student",
                "augment --data queries --times 1 --out student/notes.txt",
            ],
            "distill --data queries --method ce --buckets 256 --epochs 2 --overwrite --out student",
            "student",
            Kind::ModelBeside,
        ),
    ),
    (
        "distill_teacher",
        writing(
            &[TEACH],
            "distill --data queries --teacher teacher --method kd --buckets 256 --width 4 --epochs 2 --out student",
            "student",
            Model,
        ),
    ),
    (
        "distill_split_encoder",
        writing(
            &[TEACH, SIGNALS],
            "distill --data queries --signals signals --split-encoder ENCODER --method lelp --subclasses 2 --buckets 256 --epochs 1 --out student",
            "student",
            Model,
        ),
    ),
    (
        "distill_mlp",
        writing(
            &[TEACH, SIGNALS],
            "distill --data queries --signals signals --method kd --student mlp --encoder ENCODER --epochs 1 --out student",
            "student",
            Model,
        ),
    ),
    (
        "distill_linear",
        writing(
            &[TEACH, SIGNALS],
            "distill --data queries --signals signals --method kd --student linear --encoder ENCODER --epochs 1 --out student",
            "student",
            Model,
        ),
    ),
    (
        "distill_tfidf",
        writing(&[], "distill --data queries --method ce --student tfidf --out student", "student", Model),
    ),
    (
        "distill_encoder",
        writing(
            &[TEACH, SIGNALS],
            "distill --data queries --signals signals --method kd --student encoder --from ENCODER --epochs 2 --checkpoint-minutes 0 --out student",
            "student",
            Model,
        ),
    ),
    (
        "export",
        writing(
            &["distill --data queries --method ce --student encoder --from ENCODER --epochs 1 --out student"],
            "export --model student --out model.onnx",
            "model.onnx",
            File,
        ),
    ),
    (
        "signals_encoder",
        writing(
            &[],
            "signals --encoder ENCODER --data answered.csv --probability-columns no,yes --out signals",
            "signals",
            Signals,
        ),
    ),
    (
        "distill_tensorboard",
        writing(
            &[TEACH, SIGNALS],
            "distill --data queries --signals signals --method kd --buckets 256 --width 4 --epochs 2 --tensorboard board --out student",
            "student",
            Model,
        ),
    ),
    (
        "cascade",
        writing(
            &[TEACH, SMALL],
            "cascade --model student --teacher teacher --data queries/test.csv --agreement 0.5",
            "student/cascade.json",
            File,
        ),
    ),
    (
        "calibrate",
        writing(
            &[SMALL],
            "calibrate --model student --data queries/test.csv --force",
            "student/calibration.json",
            File,
        ),
    ),
    (
        "shrink",
        writing(
            &[SMALL],
            "shrink --model student --data queries --max-size 20kB --epochs 1 --out small",
            "small",
            Model,
        ),
    ),
    ("augment", writing(&[], "augment --data queries --times 1 --out more.txt", "more.txt", File)),
    ("compare", writing(&[], COMPARE, "run", Comparison)),
    ("report", writing(&[COMPARE], "report --run run --out report.html", "report.html", File)),
];

/// Commands that take too long to be run at every place of the suite: by hand.
const LONG: &[(&str, Writing)] = &[(
    "quickstart",
    writing(&[], "quickstart --data queries --encoder ENCODER --seeds 1 --out quick", "quick", Comparison),
)];

const fn writing(
    before: &'static [&'static str],
    line: &'static str,
    out: &'static str,
    kind: Kind,
) -> Writing {
    Writing { before, line, out, kind }
}

/// All commands that write, those that take long among them.
pub(crate) fn long_too() -> impl Iterator<Item = (&'static str, &'static Writing)> {
    all().chain(LONG.iter().map(|(name, writing)| (*name, writing)))
}

/// The command of this name.
pub(crate) fn named(name: &str) -> &'static Writing {
    let (_, writing) = ALL.iter().find(|(own, _)| *own == name).unwrap();
    writing
}

/// All commands that write, by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static Writing)> {
    ALL.iter().map(|(name, writing)| (*name, writing))
}

impl Writing {
    /// A folder where all is ready for the command.
    pub(crate) fn prepare(&self) -> Workspace {
        let work = Workspace::new();
        for (split, first, rows) in [("train", 0, 48), ("validation", 1001, 16), ("test", 2002, 16)] {
            work.write(&format!("queries/{split}.csv"), rows_of(first, rows));
        }
        work.write("recipe.toml", recipe());
        work.write("arrays.safetensors", arrays());
        work.write("answered.csv", answered());
        for line in self.before {
            work.run(&with_encoder(line));
        }
        work
    }

    /// The command.
    pub(crate) fn line(&self) -> String {
        with_encoder(self.line)
    }
}

fn with_encoder(line: &str) -> String {
    line.replace("ENCODER", &encoder().display().to_string())
}

fn rows_of(first: usize, rows: usize) -> String {
    let queries = crate::support::queries(first, rows);
    let (_, rows) = queries.split_once('\n').unwrap();
    let priced = rows.lines().enumerate().map(|(row, line)| format!("{line},{}\n", (row * 5 + row % 2) % 7));
    "text,label,price\n".to_owned() + &priced.collect::<String>()
}

fn recipe() -> String {
    format!(
        "trials = 1\nseeds = 1\n[[data]]\nname = \"small\"\npath = \"queries\"\n\
         [[teachers]]\nname = \"head\"\nencoder = {:?}\nhidden = 8\n\
         [[students]]\nname = \"n\"\nstudent = \"ngram\"\nbuckets = 256\nwidth = 4\ntrain = {{ epochs = 1 }}\n\
         [[methods]]\nmethod = \"kd\"\n",
        encoder().display().to_string()
    )
}

/// Texts with a service's probabilities.
fn answered() -> String {
    let rows = rows_of(0, 48);
    let answers = rows.lines().skip(1).enumerate().map(|(row, line)| {
        let yes = 0.1 + (row * 7 % 9) as f64 / 10.0;
        format!("{},{:.2},{yes:.2}\n", line.split(',').next().unwrap(), 1.0 - yes)
    });
    "text,no,yes\n".to_owned() + &answers.collect::<String>()
}

/// Embeddings and logits of 5000 rows: three parts.
fn arrays() -> Vec<u8> {
    let rows = 5000_usize;
    let value = |place: usize| ((place * 37 % 101) as f32) / 50.0 - 1.0;
    let bytes = |count: usize| (0..count).flat_map(|place| value(place).to_le_bytes()).collect::<Vec<u8>>();
    let (embeddings, logits) = (bytes(rows * 3), bytes(rows * 2));
    let view = |bytes, width| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![rows, width], bytes).unwrap()
    };
    safetensors::serialize([("embeddings", view(&embeddings, 3)), ("logits", view(&logits, 2))], None)
        .unwrap()
}

/// Names and contents of all files of `out`, without what depends on the clock or on where the folder is; hidden files are
/// left out.
pub(crate) fn content(work: &Workspace, out: &str) -> BTreeMap<String, Vec<u8>> {
    let path = work.path(out);
    if path.is_file() {
        return BTreeMap::from([(out.to_owned(), timeless(work, &path))]);
    }
    if !path.is_dir() {
        return BTreeMap::new();
    }
    let files = lelp_data::files_below(&path, |name| !name.starts_with('.')).unwrap();
    files.into_iter().map(|(name, path)| (name, timeless(work, &path))).collect()
}

fn timeless(work: &Workspace, path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending {
        "json" | "jsonl" => {
            let text = String::from_utf8(bytes).unwrap().replace(work.folder().to_str().unwrap(), "WORK");
            // A line may be cut off, and what failed once is noted.
            let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>().map_while(Result::ok);
            let values = values.filter(|value| value["record"] != "failed");
            values.map(|value| without_time(value).to_string() + "\n").collect::<String>().into_bytes()
        }
        "toml" => {
            String::from_utf8(bytes).unwrap().replace(work.folder().to_str().unwrap(), "WORK").into_bytes()
        }
        // Tables that show times.
        "md" => Vec::new(),
        _ => bytes,
    }
}

fn without_time(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let of_the_run =
                |name: &str| name.contains("second") || name == "metrics.jsonl" || name == "threads";
            let kept = fields.into_iter().filter(|(name, _)| !of_the_run(name));
            Value::Object(kept.map(|(name, value)| (name, without_time(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_time).collect()),
        other => other,
    }
}
