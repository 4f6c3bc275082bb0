//! Every parser of files from elsewhere on files with mistakes: bits that flip, bytes that go or come, numbers that grow.
//! The answer is a value or an error; never a panic, and never room for more than the file can hold.
//!
//! The test that always runs tries a few hundred files a parser; many more by hand:
//! `MUTATIONS=100000 cargo nextest run -p lelp-cli --run-ignored only many_mutations --no-capture`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lelp::FittedSplit;
use lelp::artifact::Targets;
use lelp_compare::recipe::ComparisonRecipe;
use lelp_compare::store::Results;
use lelp_data::import::{ImportOptions, import};
use lelp_data::{Columns, Dataset, SignalsFolder};

use crate::support::{Workspace, classifier, encoder};
use crate::writing::named;

/// The largest block that was asked for since it was set to nothing.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// The system's, which notes how much is asked for at once.
struct Watched;

// SAFETY: every call goes to the system's allocator as it came.
#[allow(unsafe_code, reason = "an allocator is unsafe by its trait")]
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// No seed is larger than 200 kB; buffers of readers and thread pools are below this.
const MOST: usize = 64 << 20;
/// No answer takes so long.
const SLOW: Duration = Duration::from_secs(10);

/// A parser, and a folder with one file that is spoilt.
struct Parser {
    name: String,
    folder: PathBuf,
    file: String,
    parse: fn(&Path, &str),
}

/// Small numbers of a well-known series (Knuth's `MMIX`), so that a failure can be had again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// `seed` with one to four mistakes. Half of them are near the beginning, where headers are.
fn spoilt(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const EDGES: [u64; 6] = [0, u64::MAX, 1 << 31, 1 << 40, i64::MAX as u64, 0xFFFF_FFFF];
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let reach = if numbers.below(2) == 0 { bytes.len().min(512) } else { bytes.len() };
        let place = numbers.below(reach);
        let until = (place + 1 + numbers.below(16)).min(bytes.len());
        match numbers.below(9) {
            _ if bytes.is_empty() => bytes.push(0),
            0 => bytes[place] ^= 1 << numbers.below(8),
            1 => bytes[place] = [0, 0xFF, 0x80, 0x7F, b'"', b'\n', b'{', b','][numbers.below(8)],
            2 => drop(bytes.drain(place..until)),
            3 => bytes.insert(place, numbers.below(256) as u8),
            4 => {
                let again = bytes[place..until].to_vec();
                bytes.splice(place..place, again);
            }
            5 => {
                let edge = EDGES[numbers.below(6)].to_le_bytes();
                bytes[place..until].iter_mut().zip(edge).for_each(|(byte, edge)| *byte = edge);
            }
            6 => bytes.truncate(place),
            _ => grow_number(&mut bytes, place, EDGES[numbers.below(6)]),
        }
    }
    bytes
}

/// Puts `number` in the place of the first digits behind `place`.
fn grow_number(bytes: &mut Vec<u8>, place: usize, number: u64) {
    let Some(first) = bytes[place..].iter().position(u8::is_ascii_digit) else { return };
    let first = place + first;
    let digits = bytes[first..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.splice(first..first + digits, number.to_string().into_bytes());
}

fn open_data(folder: &Path, file: &str) {
    let _ = Dataset::open(&folder.join(file), &Columns::default());
}

fn import_arrays(folder: &Path, file: &str) {
    let out = folder.join("imported");
    let _ = import(&[folder.join(file)], &out, &ImportOptions::default(), &mut |_| {});
    let _ = fs::remove_dir_all(out);
}

fn open_signals(folder: &Path, _file: &str) {
    let _ = SignalsFolder::open(folder).and_then(|signals| signals.read().map(|_| ()));
}

fn open_artifact(folder: &Path, file: &str) {
    let bytes = fs::read(folder.join(file)).unwrap();
    if let Ok(fit) = FittedSplit::from_bytes(&bytes) {
        assert_eq!(FittedSplit::from_bytes(&fit.to_bytes()).expect("own bytes read back"), fit);
    }
    if let Ok(targets) = Targets::from_bytes(&bytes) {
        assert_eq!(Targets::from_bytes(&targets.to_bytes()).expect("own bytes read back"), targets);
    }
}

fn load_model(folder: &Path, _file: &str) {
    if let Ok(model) = lelp_model::load_model(folder, NonZeroUsize::MIN) {
        let texts = ["where is my card", "", "\u{0}\u{1F600} \u{65E5}\u{672C} fee"];
        let _ = model.logits_of_texts(&texts.map(|text| lelp_data::Text { text, pair: None }));
    }
}

fn load_encoder(folder: &Path, _file: &str) {
    let options = lelp_model::encoder::EncoderLoadOptions::new(NonZeroUsize::MIN);
    let _ = lelp_model::encoder::Encoder::load(folder, &options);
}

fn open_recipe(folder: &Path, file: &str) {
    let _ = ComparisonRecipe::open(&folder.join(file));
}

fn read_results(folder: &Path, _file: &str) {
    let _ = Results::read(folder);
}

/// Writes seeds of every parser into `work`.
fn parsers(work: &Workspace) -> Vec<Parser> {
    let mut parsers = Vec::new();
    let mut add = |name: &str, folder: PathBuf, parse: fn(&Path, &str), files: &[&str]| {
        for file in files {
            let (name, folder) = (format!("{name} {file}"), folder.clone());
            parsers.push(Parser { name, folder, file: (*file).to_owned(), parse });
        }
    };
    let rows = "text,text_pair,label\n\"a, \"\"b\"\"\",c,x\nd,,y\ne,f,\n";
    work.write("data/rows.csv", rows);
    work.write("data/rows.tsv", rows.replace(',', "\t"));
    work.write(
        "data/rows.jsonl",
        "{\"text\": \"a\\u00e9\", \"label\": 1}\n{\"text\": \"b\", \"label\": 0}\n",
    );
    work.write("data/rows.json", "[{\"text\": \"a\", \"label\": \"x\"}, {\"text\": \"b\", \"label\": null}]");
    work.write("data/rows.txt", "__label__x where is it\n__label__y,z how\n");
    let parquet = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lelp-data/tests/data_files/fixtures");
    let data = work.path("data");
    let mut tables: Vec<String> =
        ["rows.csv", "rows.tsv", "rows.jsonl", "rows.json", "rows.txt"].map(str::to_owned).into();
    for (name, path) in lelp_data::files_below(&parquet, |_| true).unwrap() {
        if fs::metadata(&path).unwrap().len() < 200_000 {
            let plain = name.replace('/', "-");
            work.write(&format!("data/{plain}"), fs::read(path).unwrap());
            tables.push(plain);
        }
    }
    add("data", data, open_data, &tables.iter().map(String::as_str).collect::<Vec<_>>());

    work.write("arrays/arrays.safetensors", small_arrays());
    work.write("arrays/arrays.npz", npz());
    add("import", work.path("arrays"), import_arrays, &["arrays.safetensors", "arrays.npz"]);

    for line in [
        "teach --encoder ENCODER --data queries --hidden 4 --epochs 9 --learning-rate 0.05 --out teacher",
        "signals --teacher teacher --data queries/train.csv --out signals",
        "fit --signals signals --subclasses 2 --out artifacts/fit.safetensors",
        "targets --signals signals --fit artifacts/fit.safetensors --out artifacts/targets.safetensors",
        "distill --data queries --method ce --buckets 64 --width 4 --epochs 1 --out ngram",
        "distill --data queries --method ce --student tfidf --out tfidf",
        "distill --data queries --method ce --student mlp --encoder ENCODER --epochs 1 --out mlp",
        "compare --recipe recipe.toml --jobs 1 --out run",
    ] {
        fs::create_dir_all(work.path("artifacts")).unwrap();
        work.run(&line.replace("ENCODER", &encoder().display().to_string()));
    }
    forget_hashes(&work.path("signals/signals.json"));
    forget_hashes(&work.path("teacher/teacher.json"));
    for model in ["ngram", "tfidf", "mlp"] {
        fs::remove_file(work.path(model).join("run.json")).unwrap();
    }
    add(
        "signals",
        work.path("signals"),
        open_signals,
        &["signals.json", "part-00000.safetensors", "head.safetensors"],
    );
    add("artifact", work.path("artifacts"), open_artifact, &["fit.safetensors", "targets.safetensors"]);
    for model in ["ngram", "tfidf", "mlp"] {
        add(model, work.path(model), load_model, &["config.json", "model.safetensors"]);
    }
    add(
        "teacher",
        work.path("teacher"),
        load_model,
        &["teacher.json", "head.safetensors", "tokenizer.json", "config.json"],
    );
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        work.write(&format!("classifier/{file}"), fs::read(classifier().join(file)).unwrap());
        work.write(&format!("encoder/{file}"), fs::read(encoder().join(file)).unwrap());
    }
    work.write("encoder/modules.json", MODULES);
    work.write(
        "encoder/1_Pooling/config.json",
        "{\"word_embedding_dimension\": 32, \"pooling_mode_mean_tokens\": true}",
    );
    work.write("encoder/tokenizer_config.json", "{\"model_max_length\": 64, \"do_lower_case\": true}");
    let weights = ["config.json", "model.safetensors", "tokenizer.json"];
    add("classifier", work.path("classifier"), load_model, &weights);
    add("encoder", work.path("encoder"), load_encoder, &weights);
    add(
        "encoder",
        work.path("encoder"),
        load_encoder,
        &["modules.json", "1_Pooling/config.json", "tokenizer_config.json"],
    );
    add("recipe", work.path(""), open_recipe, &["recipe.toml"]);
    add("results", work.path("run"), read_results, &["results.jsonl"]);
    parsers
}

const MODULES: &str = r#"[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#;

/// Embeddings and logits of four rows.
fn small_arrays() -> Vec<u8> {
    let bytes: Vec<u8> = (0..12).flat_map(|place| (place as f32 * 0.5 - 1.0).to_le_bytes()).collect();
    let view = |width: usize| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![4, width], &bytes[..16 * width])
            .unwrap()
    };
    safetensors::serialize([("embeddings", view(3)), ("logits", view(2))], None).unwrap()
}

/// The same as `NumPy` writes them.
fn npz() -> Vec<u8> {
    use std::io::Write as _;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, width) in [("embeddings", 3), ("logits", 2)] {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(format!("{name}.npy"), options).unwrap();
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (4, {width}), }}");
        let header = format!("{header:<117}\n");
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        archive.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        archive.write_all(header.as_bytes()).unwrap();
        archive
            .write_all(&(0..4 * width).flat_map(|place| (place as f32).to_le_bytes()).collect::<Vec<u8>>())
            .unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Files that belong together are told before they are parsed; here the parser is meant.
fn forget_hashes(path: &Path) {
    let mut all: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    all.as_object_mut().unwrap().remove("files").unwrap();
    fs::write(path, all.to_string()).unwrap();
}

/// Tries `count` spoilt files, and says what went wrong.
fn failures(parser: &Parser, count: usize, first: u64) -> Vec<String> {
    let path = parser.folder.join(&parser.file);
    let seed = fs::read(&path).unwrap();
    let mut failed = Vec::new();
    for number in 0..count as u64 {
        let bytes = spoilt(&seed, &mut Numbers(first + number));
        // In the place of the old one, never into it: that may be mapped.
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bytes).unwrap();
        LARGEST.store(0, Ordering::Relaxed);
        let (begun, parse) = (Instant::now(), parser.parse);
        let panicked = catch_unwind(AssertUnwindSafe(|| parse(&parser.folder, &parser.file))).is_err();
        let (took, most) = (begun.elapsed(), LARGEST.load(Ordering::Relaxed));
        if panicked || took > SLOW || most > MOST {
            failed.push(format!(
                "{} {}: panic {panicked}, {took:?}, {most} bytes",
                parser.name,
                first + number
            ));
        }
    }
    fs::remove_file(&path).unwrap();
    fs::write(&path, seed).unwrap();
    failed
}

/// All parsers, each on so many files.
fn run(count: usize, first: u64) -> BTreeMap<String, Vec<String>> {
    let work = named("compare").prepare();
    let parsers = parsers(&work);
    assert!(parsers.len() > 30, "{}", parsers.len());
    // Panics that a library of ours turns into errors are printed before.
    std::panic::set_hook(Box::new(|_| {}));
    let results =
        parsers.iter().map(|parser| (parser.name.clone(), failures(parser, count, first))).collect();
    drop(std::panic::take_hook());
    results
}

#[test]
fn spoilt_files_are_refused_or_read_and_never_end_the_program() {
    let failed: Vec<String> = run(100, 0).into_values().flatten().collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
#[allow(clippy::print_stdout, reason = "figures of a run by hand")]
#[ignore = "as long as one likes: MUTATIONS files of every parser, from FIRST on"]
fn many_mutations() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let count = number("MUTATIONS").unwrap_or(1000);
    let results = run(count, number("FIRST").unwrap_or(1_000_000) as u64);
    for (name, failed) in &results {
        println!("{name}: {count} tried, {} failed", failed.len());
    }
    let failed: Vec<&String> = results.values().flatten().collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
