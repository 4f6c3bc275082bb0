//! Networks on typed columns: what they answer, and what of their folders is refused.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp::ErrorChain;
use lelp_data::{ColumnValues, Table, Text};
use lelp_model::encoder::{Encoder, EncoderLoadOptions, Pooling};
use lelp_model::head::{ClassifierHead, HeadOutput};
use lelp_model::layer::Layer;
use lelp_model::mlp::{CategoryTable, EncoderUse, FolderEncoder, InputColumn, MlpConfig, MlpError, MlpModel};
use lelp_model::{PredictError, Predictor, Teacher, load_model};
use tempfile::TempDir;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const WEIGHTS: &str = "model.safetensors";

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 % 1009) as f32 - 500.0) / 400.0).collect()
}

fn size(size: usize) -> NonZeroUsize {
    NonZeroUsize::new(size).unwrap()
}

fn columns() -> Vec<InputColumn> {
    vec![
        InputColumn::Number { name: "clicks".to_owned(), mean: 10.0, deviation: 4.0 },
        InputColumn::Category {
            name: "country".to_owned(),
            words: ["de", "fr"].map(str::to_owned).to_vec(),
            width: size(2),
        },
        InputColumn::Vector { name: "image".to_owned(), width: 3 },
    ]
}

fn config(columns: Vec<InputColumn>, hidden: usize) -> MlpConfig {
    MlpConfig {
        labels: ["bad", "good"].map(str::to_owned).to_vec(),
        subclasses: size(2),
        hidden: NonZeroUsize::new(hidden),
        columns,
        encoder: None,
    }
}

fn head(inputs: usize, hidden: usize, outputs: usize) -> ClassifierHead {
    let layer = |inputs: usize, outputs: usize| {
        Layer::new(inputs, values(inputs * outputs), values(outputs)).unwrap()
    };
    match hidden {
        0 => ClassifierHead::new(None, layer(inputs, outputs)),
        _ => ClassifierHead::new(Some(layer(inputs, hidden)), layer(hidden, outputs)),
    }
    .unwrap()
}

/// Words in rows 0 (any other), 1 (de) and 2 (fr).
fn countries() -> CategoryTable {
    CategoryTable { width: 2, values: vec![0.5, -0.5, 1.0, 2.0, 3.0, 4.0] }
}

fn model(hidden: usize) -> MlpModel {
    MlpModel::new(config(columns(), hidden), vec![countries()], head(7, hidden, 4), None).unwrap()
}

fn table(numbers: &[Option<f64>], words: &[Option<&str>], vectors: &[f32]) -> Table {
    let words = words.iter().map(|word| word.map(str::to_owned)).collect();
    let columns = [
        ("unread", ColumnValues::Number(vec![None; numbers.len()])),
        ("image", ColumnValues::Vector { width: 3, values: vectors.to_vec() }),
        ("country", ColumnValues::Category(words)),
        ("clicks", ColumnValues::Number(numbers.to_vec())),
    ];
    Table::new(columns.map(|(name, values)| (name.to_owned(), values)).to_vec()).unwrap()
}

fn signals(model: &MlpModel, rows: &Table) -> HeadOutput {
    model.signals(rows, &mut |_| {}, &AtomicBool::new(false)).unwrap()
}

/// A linear model whose outputs are its inputs, one by one.
#[test]
fn the_first_layer_reads_dense_values_then_words() {
    let mut identity = vec![0.0; 49];
    (0..7).for_each(|place| identity[place * 8] = 1.0);
    let head = ClassifierHead::new(None, Layer::new(7, identity, vec![0.0; 7]).unwrap()).unwrap();
    let labels = (0..7).map(|label| label.to_string()).collect();
    let config = MlpConfig { labels, subclasses: ONE, ..config(columns(), 0) };
    let model = MlpModel::new(config, vec![countries()], head, None).unwrap();
    let rows = table(
        &[Some(12.0), None, Some(10.0), Some(-1e300)],
        &[Some("fr"), Some("it"), None, Some("de")],
        &values(12),
    );
    let logits = model.logits(&rows).unwrap();
    let vector = |row: usize| values(12)[row * 3..][..3].to_vec();
    // Number, whether it is missing, the vector, the word.
    assert_eq!(logits[..7], [vec![0.5, 0.0], vector(0), vec![3.0, 4.0]].concat());
    assert_eq!(logits[7..14], [vec![0.0, 1.0], vector(1), vec![0.5, -0.5]].concat());
    assert_eq!(logits[14..21], [vec![0.0, 0.0], vector(2), vec![0.5, -0.5]].concat());
    assert_eq!(logits[21..], [vec![-1e6, 0.0], vector(3), vec![1.0, 2.0]].concat());
}

#[test]
fn a_rows_answer_does_not_depend_on_its_company() {
    let numbers: Vec<Option<f64>> = (0..9).map(|row| (row % 4 != 0).then(|| f64::from(row) * 3.7)).collect();
    let words: Vec<Option<&str>> = (0..9).map(|row| [Some("de"), None, Some("fr")][row % 3]).collect();
    let rows = table(&numbers, &words, &values(27));
    for hidden in [0, 5] {
        let model = model(hidden);
        let together = signals(&model, &rows);
        assert_eq!(together.logits.len(), 2 * 9);
        for row in 0..9 {
            let alone = signals(&model, &rows.select(&[row]));
            assert_eq!(alone.logits, together.logits[2 * row..][..2]);
            let width = alone.embeddings.len();
            assert_eq!(alone.embeddings, together.embeddings[width * row..][..width]);
        }
        let backwards = model.logits(&rows.select(&[8, 7, 6, 5, 4, 3, 2, 1, 0])).unwrap();
        let mut expected: Vec<&[f32]> = together.logits.chunks(2).collect();
        expected.reverse();
        assert_eq!(backwards, expected.concat());
    }
}

#[test]
fn a_saved_model_answers_as_before() {
    let rows = table(&[Some(3.0), None], &[Some("fr"), None], &values(6));
    for hidden in [0, 5] {
        let folder = tempfile::tempdir().unwrap();
        model(hidden).save(folder.path()).unwrap();
        let loaded = load_model(folder.path(), ONE).unwrap();
        assert_eq!((loaded.kind(), loaded.labels()), ("mlp", model(hidden).labels()));
        assert_eq!(loaded.schema(), model(hidden).schema());
        assert_eq!(loaded.logits(&rows).unwrap(), model(hidden).logits(&rows).unwrap());
        // Over itself.
        MlpModel::load(folder.path(), ONE).unwrap().save(folder.path()).unwrap();
        assert_eq!(
            load_model(folder.path(), ONE).unwrap().logits(&rows).unwrap(),
            loaded.logits(&rows).unwrap()
        );
    }
}

#[test]
fn a_text_is_read_as_a_frozen_encoder_gives_it_beside_other_columns() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/encoder_bert");
    let own = EncoderUse { pooling: Pooling::Mean, normalize: true, max_length: size(16) };
    let options = EncoderLoadOptions {
        pooling: Some(own.pooling),
        normalize: Some(own.normalize),
        max_length: Some(own.max_length),
        ..EncoderLoadOptions::new(ONE)
    };
    let encoder = || Encoder::load(&golden, &options).unwrap();
    let mut read = columns();
    read.insert(1, InputColumn::Text { name: "query".to_owned() });
    read.push(InputColumn::TextPair { name: "ad".to_owned() });
    let config = MlpConfig { encoder: Some(own), ..config(read, 5) };
    let with = FolderEncoder { encoder: encoder(), folder: golden.clone() };
    let model = MlpModel::new(config, vec![countries()], head(7 + 32, 5, 4), Some(with)).unwrap();

    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let loaded = MlpModel::load(folder.path(), size(2)).unwrap();
    let text = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
    let rows = Table::new(vec![
        ("text".to_owned(), ColumnValues::Text(text(["my card is lost", "why"]))),
        ("other".to_owned(), ColumnValues::TextPair(text(["a new pin", "a"]))),
        ("clicks".to_owned(), ColumnValues::Number(vec![None, Some(2.0)])),
        ("country".to_owned(), ColumnValues::Category(vec![None, Some("fr".to_owned())])),
        ("image".to_owned(), ColumnValues::Vector { width: 3, values: values(6) }),
    ])
    .unwrap();
    let logits = loaded.logits(&rows).unwrap();
    assert_eq!(logits, model.logits(&rows).unwrap());
    let embedding = encoder().embed(&[Text { text: "why", pair: Some("a") }]).unwrap();
    let (before, behind) = ([-2.0, 0.0], values(6)[3..].to_vec());
    let inputs = [before.to_vec(), embedding, behind, vec![3.0, 4.0]].concat();
    assert_eq!(logits[2..], model.head().apply(inputs).logits);
}

#[test]
fn a_table_without_a_column_or_with_another_kind_is_refused_by_name() {
    let column = |name: &str, values: ColumnValues| (name.to_owned(), values);
    let without = Table::new(vec![
        column("clicks", ColumnValues::Number(vec![None])),
        column("country", ColumnValues::Category(vec![None])),
    ]);
    let error = model(0).logits(&without.unwrap()).unwrap_err();
    assert!(matches!(error, PredictError::Schema(_)), "{error}");
    assert!(error.to_string().contains("`image`"), "{error}");
    let other = Table::new(vec![
        column("image", ColumnValues::Vector { width: 3, values: values(3) }),
        column("clicks", ColumnValues::Category(vec![None])),
        column("country", ColumnValues::Category(vec![None])),
    ]);
    let error = model(0).logits(&other.unwrap()).unwrap_err().to_string();
    assert!(error.contains("`clicks` holds a category, but a number is needed"), "{error}");
}

#[test]
fn parts_that_do_not_fit_are_refused_with_both_numbers() {
    let tables = || vec![countries()];
    let wrong = |config, tables, head| MlpModel::new(config, tables, head, None).map(|_| ()).unwrap_err();
    let error = wrong(config(columns(), 0), tables(), head(6, 0, 4));
    assert_eq!(error, MlpError::Inputs { layer: 6, columns: 7 });
    let error = wrong(config(columns(), 5), tables(), head(7, 4, 4));
    assert_eq!(error, MlpError::Hidden { layer: 4, config: 5 });
    let error = wrong(config(columns(), 5), tables(), head(7, 5, 6));
    assert_eq!(error, MlpError::Outputs { layer: 6, config: 4 });
    let error = wrong(config(columns(), 0), Vec::new(), head(7, 0, 4));
    assert_eq!(error, MlpError::Tables { tables: 0, categories: 1 });
    let narrow = CategoryTable { width: 1, values: vec![0.0; 6] };
    let error = wrong(config(columns(), 0), vec![narrow], head(7, 0, 4));
    assert!(matches!(error, MlpError::Table { rows: 6, width: 1, wanted_rows: 3, wanted_width: 2, .. }));
    let infinite = CategoryTable { width: 2, values: vec![0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0] };
    let error = wrong(config(columns(), 0), vec![infinite], head(7, 0, 4));
    assert_eq!(error, MlpError::NotFinite { place: 0, index: 2 });
    let text = vec![InputColumn::Text { name: "query".to_owned() }];
    let error = wrong(config(text, 0), Vec::new(), head(7, 0, 4));
    assert!(error.to_string().contains("no encoder"), "{error}");
}

fn saved() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    model(5).save(folder.path()).unwrap();
    folder
}

/// Why the folder is no model, causes included; no cause is said twice.
fn refused(folder: &Path) -> String {
    let error = load_model(folder, ONE).map(|_| ()).unwrap_err();
    let text = ErrorChain(&error).to_string();
    let mut sentences: Vec<&str> = text.split(": ").collect();
    let all = sentences.len();
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), all, "{text}");
    text
}

#[test]
fn weights_cut_anywhere_or_with_a_false_header_are_refused() {
    let folder = saved();
    let path = folder.path().join(WEIGHTS);
    let whole = fs::read(&path).unwrap();
    for length in (1..whole.len()).step_by(41).chain([7, 8, 9, whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(refused(folder.path()).contains(WEIGHTS), "{length}");
    }
    let mut claims = whole.clone();
    claims[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    fs::write(&path, claims).unwrap();
    assert!(refused(folder.path()).contains(WEIGHTS));
    let mut infinite = whole;
    let end = infinite.len();
    infinite[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    fs::write(&path, infinite).unwrap();
    assert!(refused(folder.path()).contains("not finite"));
}

#[test]
fn settings_out_of_range_are_refused_before_anything_is_allocated() {
    let huge = "1152921504606846976";
    for (from, to, says) in [
        ("\"width\": 3", format!("\"width\": {huge}"), "width"),
        ("\"width\": 3", "\"width\": 1073741824".to_owned(), "inputs is 10737418"),
        ("\"width\": 2", format!("\"width\": {huge}"), "width of a category"),
        ("\"subclasses\": 2", format!("\"subclasses\": {huge}"), "labels x subclasses"),
        ("\"hidden\": 5", "\"hidden\": 99999999".to_owned(), "hidden is 99999999"),
        ("\"hidden\": 5", "\"hidden\": 0".to_owned(), "config.json"),
        ("\"deviation\": 4.0", "\"deviation\": 0.0".to_owned(), "deviation 0"),
        ("\"deviation\": 4.0", "\"deviation\": -1.0".to_owned(), "deviation -1"),
        ("\"fr\"", "\"de\"".to_owned(), "`de` twice"),
        ("\"good\"", "\"bad\"".to_owned(), "`bad` names two classes"),
        ("\"image\"", "\"clicks\"".to_owned(), "two columns are called `clicks`"),
        ("\"hidden\": 5", "\"hidden\": 5, \"hidden_units\": 5".to_owned(), "hidden_units"),
        ("\"hidden\": 5", "\"hidden\": 6".to_owned(), "5 units"),
        ("\"width\": 3", "\"width\": 4".to_owned(), "reads 7 values, but the columns give 8"),
    ] {
        let folder = saved();
        let path = folder.path().join("config.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replacen(from, &to, 1)).unwrap();
        let error = refused(folder.path());
        assert!(error.contains(says), "{to}: {error}");
    }
}

#[test]
fn a_missing_encoder_or_weights_file_is_named() {
    let folder = saved();
    fs::remove_file(folder.path().join(WEIGHTS)).unwrap();
    assert!(refused(folder.path()).contains(WEIGHTS));
    let folder = saved();
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    let text =
        text.replacen("\"kind\": \"vector\",", "\"kind\": \"text\",", 1).replacen("\"width\": 3", "", 1);
    fs::write(&path, text).unwrap();
    assert!(refused(folder.path()).contains("config.json"));
}
