//! Students as ONNX graphs and plain tensors: they give what the student gives, from what other programs can read of a row.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};

use lelp_data::{ColumnValues, Table, Text};
use lelp_model::export::{ExportFormat, Exported, export};
use lelp_model::head::ClassifierHead;
use lelp_model::layer::{Layer, OutputLayers};
use lelp_model::mlp::{CategoryTable, InputColumn, MlpConfig, MlpModel};
use lelp_model::ngram::{
    CharacterNgrams, FeatureScratch, FeatureSettings, FeatureTable, NgramColumn, NgramConfig, NgramModel,
    RowFeatures, TablePrecision,
};
use lelp_model::static_embeddings::{
    PieceVocabulary, StaticConfig, StaticEmbeddings, StaticModel, StaticStudent,
};
use lelp_model::{LoadedModel, load_model};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rten::{Model, ModelOptions, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};
use safetensors::SafeTensors;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const TEMPERATURE: f64 = 1.7;

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 % 1009) as f32 - 500.0) / 400.0).collect()
}

fn layer(inputs: usize, outputs: usize) -> Layer {
    Layer::new(inputs, values(inputs * outputs), values(outputs)).unwrap()
}

fn labels() -> Vec<String> {
    ["no", "yes", "\u{e9}, \"or\" not"].map(str::to_owned).to_vec()
}

fn ngram(hidden: usize, subclasses: usize, features: FeatureSettings) -> NgramModel {
    let mut config = NgramConfig::new(labels(), subclasses);
    (config.features, config.width, config.hidden) = (features, 9, NonZeroUsize::new(hidden));
    let buckets = config.features.buckets;
    let table = FeatureTable::new(buckets, 9, values(9 * buckets)).unwrap();
    let output = layer(config.last_inputs(), 3 * subclasses);
    let layers = OutputLayers { hidden: (hidden > 0).then(|| layer(9, hidden)), output };
    NgramModel::new(config, table, None, layers).unwrap()
}

fn calibrate(folder: &Path) {
    let figures = r#"{"negative_log_likelihood": 1.0, "expected_calibration_error": 0.1, "accuracy": 0.5}"#;
    let json =
        format!(r#"{{"temperature": {TEMPERATURE}, "rows": 9, "before": {figures}, "after": {figures}}}"#);
    fs::write(folder.join("calibration.json"), json).unwrap();
}

/// The graph of the student in `folder`, what was said of it, and the student.
fn exported(folder: &Path) -> (Model, Exported, LoadedModel) {
    let out = folder.join("model.onnx");
    let exported = export(folder, &out, ExportFormat::Onnx).unwrap();
    let graph = ModelOptions::with_all_ops().load_file(&out).unwrap();
    (graph, exported, load_model(folder, ONE).unwrap())
}

fn logits(graph: &Model, inputs: Vec<(&str, ValueOrView<'_>)>) -> Vec<f32> {
    let inputs = inputs.into_iter().map(|(name, value)| (graph.node_id(name).unwrap(), value));
    let [logits] = graph.run_n(inputs.collect(), [graph.node_id("logits").unwrap()], None).unwrap();
    let logits: Tensor<f32> = logits.try_into().unwrap();
    logits.to_vec()
}

fn integers(values: Vec<i32>) -> ValueOrView<'static> {
    NdTensor::from_data([values.len()], values).into()
}

/// Bags of features, one behind the other, and where each begins.
fn in_a_row(bags: &[Vec<u32>]) -> [ValueOrView<'static>; 2] {
    let (mut ids, mut offsets) = (Vec::new(), Vec::new());
    for bag in bags {
        offsets.push(i32::try_from(ids.len()).unwrap());
        ids.extend(bag.iter().map(|&id| i32::try_from(id).unwrap()));
    }
    [integers(ids), integers(offsets)]
}

/// Logits of the graph for bags of features.
fn logits_of_bags(graph: &Model, bags: &[Vec<u32>]) -> Vec<f32> {
    let [ids, offsets] = in_a_row(bags);
    logits(graph, vec![("input_ids", ids), ("offsets", offsets)])
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
    }
}

fn bags(settings: &FeatureSettings, texts: &[Text<'_>]) -> Vec<Vec<u32>> {
    let bag = |text| {
        let mut buckets = Vec::new();
        settings.extract(text, &mut FeatureScratch::default(), &mut buckets);
        buckets
    };
    texts.iter().map(bag).collect()
}

#[test]
fn the_graph_of_an_ngram_student_gives_its_logits_for_any_batch() {
    let features = FeatureSettings { buckets: 1 << 8, ..FeatureSettings::default() };
    let long = "very long, ".repeat(90);
    let texts = ["", "My card is lost", "", long.as_str(), "card", ""].map(Text::from);
    let kept: Vec<u32> = (0..1 << 8).step_by(3).collect();
    for (hidden, subclasses) in [(0, 1), (5, 1), (0, 4), (7, 3)] {
        let model = ngram(hidden, subclasses, features.clone());
        let pruned = [TablePrecision::PrunedInt8, TablePrecision::PrunedInt4];
        let pruned = pruned.map(|precision| model.pruned(&kept, &[0.3; 9], precision).unwrap());
        for model in pruned.into_iter().chain([model.quantized(), model]) {
            let folder = tempfile::tempdir().unwrap();
            model.save(folder.path()).unwrap();
            if subclasses > 1 {
                calibrate(folder.path());
            }
            let (graph, exported, student) = self::exported(folder.path());
            assert_eq!(exported.metadata.contains_key("temperature"), subclasses > 1);
            for texts in [&texts[..], &texts[..1], &texts[1..2], &texts[4..]] {
                let expected = student.logits_of_texts(texts).unwrap();
                assert_close(&logits_of_bags(&graph, &bags(&features, texts)), &expected);
            }
        }
    }
}

#[test]
fn the_graphs_of_static_embeddings_alone_and_beside_n_grams_give_their_logits() {
    let vocabulary = PieceVocabulary::from_bytes(b"my\ncard\n##s\nis\nlost\n").unwrap();
    let vectors = FeatureTable::new(5, 4, values(20)).unwrap();
    let embeddings = StaticEmbeddings::new(vocabulary.clone(), vectors).unwrap();
    let texts = ["", "My cards, lost", "zzz", "is my card lost?"].map(Text::from);
    let pieces = texts.map(|text| {
        let mut rows = Vec::new();
        vocabulary.extract(&text, 100, &mut String::new(), &mut rows);
        rows
    });
    let (table, hidden) = (TablePrecision::F32, NonZeroUsize::new(6));
    let config = StaticConfig { labels: labels(), subclasses: 2, width: 4, hidden, table, max_tokens: 100 };
    let layers = OutputLayers { hidden: Some(layer(4, 6)), output: layer(6, 6) };
    let alone: StaticModel = StaticStudent::new(config, embeddings.clone(), layers).unwrap().into();
    for model in [alone.quantized(), alone] {
        let folder = tempfile::tempdir().unwrap();
        model.save(folder.path()).unwrap();
        let (graph, exported, student) = exported(folder.path());
        assert_eq!(exported.metadata["pieces"], "my\ncard\n##s\nis\nlost\n");
        assert_close(&logits_of_bags(&graph, &pieces), &student.logits_of_texts(&texts).unwrap());
    }

    let mut config = NgramConfig::new(labels(), 2);
    (config.features.buckets, config.width, config.hidden, config.static_width) =
        (64, 3, None, NonZeroUsize::new(4));
    let features = config.features.clone();
    let layers = OutputLayers { hidden: None, output: layer(7, 6) };
    let table = FeatureTable::new(64, 3, values(192)).unwrap();
    let beside = NgramModel::new(config, table, Some(embeddings), layers).unwrap();
    for model in [beside.quantized(), beside] {
        let folder = tempfile::tempdir().unwrap();
        model.save(folder.path()).unwrap();
        let (graph, _, student) = exported(folder.path());
        let ([ids, offsets], [piece_ids, starts]) = (in_a_row(&bags(&features, &texts)), in_a_row(&pieces));
        let inputs =
            [("input_ids", ids), ("offsets", offsets), ("piece_ids", piece_ids), ("piece_offsets", starts)];
        assert_close(&logits(&graph, inputs.into()), &student.logits_of_texts(&texts).unwrap());
        let out = folder.path().join("weights.safetensors");
        export(folder.path(), &out, ExportFormat::Safetensors).unwrap();
        let bytes = fs::read(out).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.tensor("static").unwrap().shape(), [5, 4]);
        assert_eq!(tensors.tensor("static.pieces").unwrap().data(), b"my\ncard\n##s\nis\nlost\n");
    }
}

#[test]
fn a_row_without_features_has_the_bias_alone() {
    let folder = tempfile::tempdir().unwrap();
    let model = ngram(0, 1, FeatureSettings { buckets: 16, ..FeatureSettings::default() });
    model.save(folder.path()).unwrap();
    let (graph, ..) = exported(folder.path());
    assert_close(&logits_of_bags(&graph, &[vec![]]), model.output().bias());
    let two = [model.output().bias(), model.output().bias()].concat();
    assert_close(&logits_of_bags(&graph, &[vec![], vec![]]), &two);
}

fn columns() -> Vec<InputColumn> {
    let words = ["de", "fr"].map(str::to_owned).to_vec();
    vec![
        InputColumn::Number { name: "clicks".to_owned(), mean: 10.0, deviation: 4.0 },
        InputColumn::Category { name: "country".to_owned(), words, width: NonZeroUsize::new(2).unwrap() },
        InputColumn::Vector { name: "image".to_owned(), width: 3 },
    ]
}

fn network(columns: Vec<InputColumn>, hidden: usize) -> MlpModel {
    let hidden_units = NonZeroUsize::new(hidden);
    let subclasses = NonZeroUsize::new(2).unwrap();
    let config = MlpConfig { labels: labels(), subclasses, hidden: hidden_units, columns, encoder: None };
    let head = match hidden {
        0 => ClassifierHead::new(None, layer(7, 6)),
        _ => ClassifierHead::new(Some(layer(7, hidden)), layer(hidden, 6)),
    };
    let table = CategoryTable { width: 2, values: values(6) };
    MlpModel::new(config, vec![table], head.unwrap(), None).unwrap()
}

#[test]
fn the_graph_of_a_network_reads_vectors_numbers_and_categories() {
    let numbers = [Some(3.5), None, Some(1e30), Some(-1e30)];
    let words = [Some("fr"), Some("xx"), None, Some("de")].map(|word| word.map(str::to_owned)).to_vec();
    let vectors = ColumnValues::Vector { width: 3, values: values(12) };
    let table = Table::new(vec![
        ("clicks".to_owned(), ColumnValues::Number(numbers.to_vec())),
        ("country".to_owned(), ColumnValues::Category(words)),
        ("image".to_owned(), vectors),
    ]);
    let table = table.unwrap();
    for hidden in [0, 6] {
        let folder = tempfile::tempdir().unwrap();
        network(columns(), hidden).save(folder.path()).unwrap();
        let (graph, exported, student) = exported(folder.path());
        assert_eq!(exported.inputs, ["clicks", "country", "image"]);
        let numbers: Vec<f32> =
            numbers.iter().map(|number| number.map_or(f32::NAN, |number| number as f32)).collect();
        let inputs = vec![
            ("clicks", NdTensor::from_data([4], numbers).into()),
            ("country", integers(vec![2, 0, 0, 1])),
            ("image", NdTensor::from_data([4, 3], values(12)).into()),
        ];
        let (found, expected) = (logits(&graph, inputs), student.logits(&table).unwrap());
        for (found, expected) in found.iter().zip(&expected) {
            // A million deviations make large logits.
            assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found} is not {expected}");
        }
    }
}

#[test]
fn a_column_that_is_called_as_something_in_the_graph_is_refused() {
    for name in ["logits", "category.0.weight"] {
        let mut columns = columns();
        columns[2] = InputColumn::Vector { name: name.to_owned(), width: 3 };
        let folder = tempfile::tempdir().unwrap();
        network(columns, 0).save(folder.path()).unwrap();
        let out = folder.path().join("model.onnx");
        let error = export(folder.path(), &out, ExportFormat::Onnx).unwrap_err().to_string();
        assert!(error.contains(name) && !out.exists(), "{error}");
    }
}

#[test]
fn a_file_of_tensors_has_the_values_that_answer_and_says_what_they_are() {
    let features = FeatureSettings { buckets: 32, ..FeatureSettings::default() };
    let model = ngram(4, 2, features);
    let pruned = model.pruned(&[3, 30], &[0.3; 9], TablePrecision::PrunedInt4).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.safetensors");
    for model in [model.quantized(), pruned, model] {
        model.save(folder.path()).unwrap();
        let exported = export(folder.path(), &out, ExportFormat::Safetensors).unwrap();
        let bytes = fs::read(&out).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().clone().unwrap();
        assert_eq!(metadata, exported.metadata.into_iter().collect());
        assert_eq!((metadata["kind"].as_str(), metadata["subclasses"].as_str()), ("ngram", "2"));
        assert_eq!(serde_json::from_str::<Vec<String>>(&metadata["labels"]).unwrap(), labels());

        let file = SafeTensors::deserialize(&bytes).unwrap();
        let read =
            |name: &str| -> Vec<f32> { bytemuck::pod_collect_to_vec(file.tensor(name).unwrap().data()) };
        let table = read("table");
        let rows: Vec<i64> = match file.tensor("table.row_of_bucket") {
            Ok(rows) => bytemuck::pod_collect_to_vec(rows.data()),
            Err(_) => (0..32).collect(),
        };
        for bucket in 0..32 {
            let mut expected = [0.0; 9];
            model.table().mean(&mut [bucket], &mut expected);
            assert_close(&table[usize::try_from(rows[bucket as usize]).unwrap() * 9..][..9], &expected);
        }
        assert_close(&read("output.weight"), model.output().weight());
        assert_close(&read("hidden.bias"), model.hidden().unwrap().bias());
    }
}

/// What `examples/ngram_features.py` makes of rows, under the metadata of a graph.
fn python(metadata: &serde_json::Value, rows: &[serde_json::Value]) -> Vec<Vec<u32>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metadata.json");
    fs::write(&path, metadata.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ngram_features.py");
    let mut reader = Command::new("python3");
    reader.arg(script).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = reader.spawn().expect("python3 is on the path");
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    let mut input = reader.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.join("\n").as_bytes()));
    let output = reader.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Characters of every class of word boundaries, those of two classes among them, in any order.
const AWKWARD: &str = "[aZ9\u{df}\u{130}\u{3a3}\u{5d0}\u{5d1}\u{30ab}\u{ff71}_\u{203f}:\u{b7}.\u{2019},;'\"\u{300}\u{ad}\u{200d}\u{fe0f}\
    \u{1f1e6}\u{1f1e7}\u{1f600}\u{2764}\u{2139}\u{24c2}\u{1f3fb} \u{a0}\u{2003}\u{3000}\u{85}\u{2028}\t\u{b}\r\n\u{1c}!<>\u{4f60}\u{e01}\
    \u{903}\u{1160}\u{661}\u{66c}\u{10ffff}]{0,24}";

fn awkward_texts(count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::string::string_regex(AWKWARD).unwrap();
    let drawn = (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    let long = format!("{} {}", "x".repeat(70), "word ".repeat(40));
    let plain = [
        "",
        "I don't  pay $3.50, ok?!",
        "na\u{ef}ve \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} caf\u{65}\u{301}",
    ];
    plain.into_iter().map(str::to_owned).chain([long]).chain(drawn).collect()
}

#[test]
fn the_python_reader_makes_the_features_that_we_make() {
    let texts = awkward_texts(2_000);
    for (word_order, characters, max_tokens, product_tokens) in
        [(2, None, 1024, 8), (5, Some((1, 8)), 16, 0), (1, Some((3, 5)), 1024, 64)]
    {
        let characters = characters.map(|(min, max)| CharacterNgrams { min, max });
        let settings =
            FeatureSettings { buckets: 1 << 20, word_order, characters, max_tokens, product_tokens };
        let folder = tempfile::tempdir().unwrap();
        let small = FeatureSettings { buckets: 16, ..settings.clone() };
        ngram(0, 1, small).save(folder.path()).unwrap();
        let mut metadata = serde_json::json!(exported(folder.path()).1.metadata);
        // Many buckets, so that another feature is another bucket; a table of so many rows is not needed here.
        metadata["features"] = serde_json::json!(settings).to_string().into();
        let rows: Vec<Text<'_>> = texts
            .iter()
            .zip(texts.iter().rev())
            .enumerate()
            .map(|(row, (text, pair))| Text { text, pair: (row % 3 == 0).then_some(pair) })
            .collect();
        let asked: Vec<_> =
            rows.iter().map(|row| serde_json::json!({"text": row.text, "pair": row.pair})).collect();
        let found = python(&metadata, &asked);
        assert_eq!(found.len(), rows.len());
        for ((row, found), expected) in rows.iter().zip(found).zip(bags(&settings, &rows)) {
            assert_eq!(found, expected, "{row:?}");
        }
    }
}

#[test]
fn the_python_reader_makes_features_of_numbers_and_categories() {
    let edges = vec![0.0, 10.0];
    let columns = vec![
        NgramColumn::Number { name: "clicks".to_owned(), edges },
        NgramColumn::Text { name: "query".to_owned() },
        NgramColumn::Category { name: "l\u{e4}nd".to_owned() },
    ];
    let features = FeatureSettings { buckets: 16, ..FeatureSettings::default() };
    let mut config = NgramConfig::new(labels(), 1);
    (config.features, config.width, config.hidden) = (features.clone(), 2, None);
    config.columns.clone_from(&columns);
    let table = FeatureTable::new(16, 2, values(32)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    NgramModel::new(config, table, None, OutputLayers { hidden: None, output: layer(2, 3) })
        .unwrap()
        .save(folder.path())
        .unwrap();
    let (.., exported, _) = exported(folder.path());

    let numbers = vec![Some(-1.0), Some(0.0), Some(10.0), None];
    let words = ["de", "a b", "", "\u{1f600}"].map(|word| Some(word.to_owned())).to_vec();
    let asked: Vec<_> = numbers
        .iter()
        .zip(&words)
        .map(|(number, word)| serde_json::json!({"text": "my card", "columns": {"clicks": number, "l\u{e4}nd": word}}))
        .collect();
    let table = Table::new(vec![
        ("query".to_owned(), ColumnValues::Text(vec!["my card".to_owned(); 4])),
        ("clicks".to_owned(), ColumnValues::Number(numbers)),
        ("l\u{e4}nd".to_owned(), ColumnValues::Category(words)),
    ]);
    let (features, table) = (RowFeatures::new(&features, &columns).unwrap(), table.unwrap());
    let table = features.schema().fit(&table).unwrap();
    let expected = (0..4).map(|row| {
        let mut buckets = Vec::new();
        features.extract(&table, row, &mut FeatureScratch::default(), &mut buckets);
        buckets
    });
    let found = python(&serde_json::json!(exported.metadata), &asked);
    assert_eq!(found, expected.collect::<Vec<_>>());
}
