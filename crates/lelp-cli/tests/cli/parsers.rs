//! Everything that reads what comes from elsewhere, each with a file that it takes.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

use lelp::FittedSplit;
use lelp::artifact::Targets;
use lelp_compare::recipe::ComparisonRecipe;
use lelp_compare::store::Results;
use lelp_data::import::{ImportOptions, import};
use lelp_data::{ColumnSettings, Columns, Dataset, SignalsFolder};
use lelp_model::CascadeChoice;
use lelp_model::ngram::{NgramModel, TablePrecision};
use lelp_report::read::ReadContext;

use crate::requests;
use crate::support::{Workspace, classifier, encoder};

/// Reads a file of a folder.
pub(crate) type Parse = Rc<dyn Fn(&Path, &str)>;

/// A parser, and a folder with one file that is spoilt.
pub(crate) struct Parser {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) file: String,
    pub(crate) parse: Parse,
}

/// Parsers of the files of a workspace.
struct Parsers<'a> {
    work: &'a Workspace,
    all: Vec<Parser>,
}

impl Parsers<'_> {
    /// The same parser on each of these files of `folder`.
    fn add(&mut self, name: &str, folder: &str, parse: impl Fn(&Path, &str) + 'static, files: &[&str]) {
        let parse: Parse = Rc::new(parse);
        for file in files {
            let (name, folder) = (format!("{name} {file}"), self.work.path(folder));
            self.all.push(Parser { name, folder, file: (*file).to_owned(), parse: Rc::clone(&parse) });
        }
    }
}

fn open_data(folder: &Path, file: &str) {
    let _ = Dataset::open(&folder.join(file), &Columns::default());
}

/// A table whose vectors stand in an array beside it.
fn open_beside(folder: &Path, _file: &str) {
    let columns = ColumnSettings { vectors: vec!["vector.npy".to_owned()], ..ColumnSettings::default() };
    let _ = Dataset::open(&folder.join("rows.csv"), &columns.columns());
}

fn import_of(folder: &Path, paths: &[PathBuf]) {
    let out = folder.join("imported");
    let _ = import(paths, &out, &ImportOptions::default(), &mut |_| {});
    let _ = fs::remove_dir_all(out);
}

fn import_arrays(folder: &Path, file: &str) {
    import_of(folder, &[folder.join(file)]);
}

fn import_bare(folder: &Path, _file: &str) {
    import_of(folder, &["embeddings.npy", "logits.npy"].map(|name| folder.join(name)));
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

fn read_cascade(folder: &Path, _file: &str) {
    let _ = CascadeChoice::of(folder);
}

fn read_columns(folder: &Path, _file: &str) {
    let _ = ColumnSettings::remembered(folder).map(|columns| columns.columns());
}

/// What a page is made of; a run whose data are elsewhere is read without them.
fn read_report(folder: &Path, _file: &str) {
    let cancelled = AtomicBool::new(false);
    let mut context =
        ReadContext { threads: NonZeroUsize::MIN, progress: &mut |_| {}, cancelled: &cancelled };
    if let Ok(run) = lelp_report::read::read(folder, &mut context) {
        let _ = lelp_report::page::page(&run, "a page");
    }
}

/// Every parser, with what it reads in `work`.
pub(crate) fn parsers(work: &Workspace) -> Vec<Parser> {
    let mut parsers = Parsers { work, all: Vec::new() };
    add_data(&mut parsers);
    add_arrays(&mut parsers);
    for line in [
        "teach --encoder ENCODER --data queries --hidden 4 --epochs 9 --learning-rate 0.05 --out teacher",
        "signals --teacher teacher --data queries/train.csv --out signals",
        "fit --signals signals --subclasses 2 --out artifacts/fit.safetensors",
        "targets --signals signals --fit artifacts/fit.safetensors --out artifacts/targets.safetensors",
        "distill --data queries --method ce --buckets 64 --width 4 --epochs 1 --out ngram",
        "cascade --model ngram --teacher teacher --data queries/test.csv --agreement 0.5",
        "calibrate --model ngram --data queries/test.csv --force",
        "distill --data queries --method ce --student tfidf --out tfidf",
        "distill --data queries --method ce --student static --encoder ENCODER --static-width 4 --epochs 1 --out static",
        "distill --data queries --method ce --student mlp --encoder ENCODER --epochs 1 --out mlp",
        "compare --recipe recipe.toml --jobs 1 --out run",
    ] {
        fs::create_dir_all(work.path("artifacts")).unwrap();
        work.run(&line.replace("ENCODER", &encoder().display().to_string()));
    }
    add_signals_and_artifacts(&mut parsers);
    add_students(&mut parsers);
    add_checkpoints(&mut parsers);
    parsers.add("recipe", "", open_recipe, &["recipe.toml"]);
    parsers.add("results", "run", read_results, &["results.jsonl"]);
    for (name, parse) in requests::parsers(work) {
        parsers.add("request", "requests", parse, &[name]);
    }
    parsers.all
}

fn add_data(parsers: &mut Parsers<'_>) {
    let work = parsers.work;
    let rows = "text,text_pair,label\n\"a, \"\"b\"\"\",c,x\nd,,y\ne,f,\n";
    work.write("data/rows.csv", rows);
    work.write("data/rows.tsv", rows.replace(',', "\t"));
    work.write(
        "data/rows.jsonl",
        "{\"text\": \"a\\u00e9\", \"label\": 1}\n{\"text\": \"b\", \"label\": 0}\n",
    );
    work.write("data/rows.json", "[{\"text\": \"a\", \"label\": \"x\"}, {\"text\": \"b\", \"label\": null}]");
    work.write("data/rows.txt", "__label__x where is it\n__label__y,z how\n");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lelp-data/tests/data_files/fixtures");
    let mut tables: Vec<String> =
        ["rows.csv", "rows.tsv", "rows.jsonl", "rows.json", "rows.txt"].map(str::to_owned).into();
    for (name, path) in lelp_data::files_below(&fixtures, |_| true).unwrap() {
        if fs::metadata(&path).unwrap().len() < 200_000 {
            let plain = name.replace('/', "-");
            work.write(&format!("data/{plain}"), fs::read(path).unwrap());
            tables.push(plain);
        }
    }
    parsers.add("data", "data", open_data, &tables.iter().map(String::as_str).collect::<Vec<_>>());
}

fn add_arrays(parsers: &mut Parsers<'_>) {
    let work = parsers.work;
    work.write("arrays/arrays.safetensors", small_arrays());
    work.write("arrays/arrays.npz", npz());
    parsers.add("import", "arrays", import_arrays, &["arrays.safetensors", "arrays.npz"]);
    work.write("bare/embeddings.npy", npy(3));
    work.write("bare/logits.npy", npy(2));
    parsers.add("import", "bare", import_bare, &["embeddings.npy", "logits.npy"]);
    work.write("beside/rows.csv", "label\nx\ny\nx\ny\n");
    work.write("beside/vector.npy", npy(3));
    parsers.add("data beside", "beside", open_beside, &["vector.npy"]);
}

fn add_signals_and_artifacts(parsers: &mut Parsers<'_>) {
    let work = parsers.work;
    forget_hashes(&work.path("signals/signals.json"));
    forget_hashes(&work.path("teacher/teacher.json"));
    let files = ["signals.json", "part-00000.safetensors", "head.safetensors"];
    parsers.add("signals", "signals", open_signals, &files);
    parsers.add("artifact", "artifacts", open_artifact, &["fit.safetensors", "targets.safetensors"]);
    let files = ["teacher.json", "head.safetensors", "tokenizer.json", "config.json"];
    parsers.add("teacher", "teacher", load_model, &files);
}

fn add_students(parsers: &mut Parsers<'_>) {
    let work = parsers.work;
    // A student's run, whose data are not there: its own files are what is read.
    for file in ["run.json", "metrics.jsonl", "cascade.json", "config.json", "model.safetensors"] {
        work.write(&format!("page/{file}"), fs::read(work.path("ngram").join(file)).unwrap());
    }
    let moved = fs::read_to_string(work.path("page/run.json")).unwrap().replace("queries", "elsewhere");
    work.write("page/run.json", moved);
    forget_hashes(&work.path("page/run.json"));
    parsers.add("report", "page", read_report, &["run.json", "metrics.jsonl", "cascade.json"]);
    parsers.add("report of a comparison", "run", read_report, &["results.jsonl"]);
    parsers.add("cascade", "ngram", read_cascade, &["cascade.json"]);
    work.write(
        "columns/columns.json",
        "{\"text\": \"query\", \"numbers\": [\"clicks\"], \"labels\": [\"a\", \"b\"]}",
    );
    parsers.add("columns", "columns", read_columns, &["columns.json"]);
    for model in ["ngram", "tfidf", "static", "mlp"] {
        fs::remove_file(work.path(model).join("run.json")).unwrap();
        parsers.add(model, model, load_model, &["config.json", "model.safetensors"]);
    }
    parsers.add("calibration", "ngram", load_model, &["calibration.json"]);
    let whole = NgramModel::load(&work.path("ngram")).unwrap();
    let kept: Vec<u32> = (0..64).step_by(3).collect();
    whole.quantized().save(&work.path("int8")).unwrap();
    parsers.add("int8", "int8", load_model, &["config.json", "model.safetensors"]);
    for (name, precision) in
        [("pruned int8", TablePrecision::PrunedInt8), ("pruned int4", TablePrecision::PrunedInt4)]
    {
        whole.pruned(&kept, &[0.5; 4], precision).unwrap().save(&work.path(name)).unwrap();
        parsers.add(name, name, load_model, &["config.json", "model.safetensors"]);
    }
}

fn add_checkpoints(parsers: &mut Parsers<'_>) {
    let work = parsers.work;
    let weights = ["config.json", "model.safetensors", "tokenizer.json"];
    for file in weights {
        work.write(&format!("classifier/{file}"), fs::read(classifier().join(file)).unwrap());
        work.write(&format!("encoder/{file}"), fs::read(encoder().join(file)).unwrap());
    }
    work.write("encoder/modules.json", MODULES);
    work.write(
        "encoder/1_Pooling/config.json",
        "{\"word_embedding_dimension\": 32, \"pooling_mode_mean_tokens\": true}",
    );
    work.write("encoder/tokenizer_config.json", "{\"model_max_length\": 64, \"do_lower_case\": true}");
    parsers.add("classifier", "classifier", load_model, &weights);
    parsers.add("encoder", "encoder", load_encoder, &weights);
    let settings = ["modules.json", "1_Pooling/config.json", "tokenizer_config.json"];
    parsers.add("encoder", "encoder", load_encoder, &settings);
    for file in ["config.json", "model.safetensors"] {
        work.write(&format!("vocabulary/{file}"), fs::read(encoder().join(file)).unwrap());
    }
    work.write("vocabulary/vocab.txt", vocabulary(&fs::read(encoder().join("tokenizer.json")).unwrap()));
    work.write("vocabulary/added_tokens.json", "{\"[NEW]\": 5}");
    parsers.add("vocabulary", "vocabulary", load_encoder, &["vocab.txt", "added_tokens.json"]);
}

/// The words of a tokenizer, a line each, as BERT's own code reads them.
fn vocabulary(tokenizer: &[u8]) -> String {
    let tokenizer: serde_json::Value = serde_json::from_slice(tokenizer).unwrap();
    let words = tokenizer["model"]["vocab"].as_object().unwrap();
    let mut words: Vec<(&String, u64)> =
        words.iter().map(|(word, id)| (word, id.as_u64().unwrap())).collect();
    words.sort_by_key(|(_, id)| *id);
    words.into_iter().map(|(word, _)| word.clone() + "\n").collect()
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

/// Four rows as `NumPy` writes them.
fn npy(width: usize) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (4, {width}), }}");
    let header = format!("{header:<117}\n");
    let values = (0..4 * width).flat_map(|place| (place as f32).to_le_bytes());
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes().into_iter().chain(values));
    bytes
}

/// The same in an archive.
fn npz() -> Vec<u8> {
    use std::io::Write as _;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, width) in [("embeddings", 3), ("logits", 2)] {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(format!("{name}.npy"), options).unwrap();
        archive.write_all(&npy(width)).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Files that belong together are told before they are parsed; here the parser is meant.
fn forget_hashes(path: &Path) {
    let mut all: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    all.as_object_mut().unwrap().remove("files").unwrap();
    fs::write(path, all.to_string()).unwrap();
}
