//! A model as an ONNX graph.
//!
//! | kind | inputs |
//! |---|---|
//! | n-gram student | i64 `input_ids` `[features]`, `offsets` `[batch]`: see [`ngram_graph`]; with static embeddings `piece_ids` and `piece_offsets` too |
//! | static student | i64 `input_ids` `[pieces]`, `offsets` `[batch]`: see [`static_graph`] |
//! | network on columns | one a column: see [`columns_graph`] |
//! | encoder with a head | i64 `input_ids`, `attention_mask` (1 for text, 0 for padding on the right) and, where the encoder reads them, `token_type_ids`: `[batch, tokens]` |
//!
//! All sizes are free. The tokenizer of an encoder is not in the graph: texts are tokenised by the one in the model's
//! folder, which cuts them to the same length and pads nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use lelp_data::storage;
use serde_json::json;

use super::{ExportError, ExportFormat, ExportSource, Exported, Source};
use crate::checkpoint::{EncoderConfig, Weights};
use crate::encoder_classifier::ClassifierFiles;
use crate::mlp::MlpModel;
use crate::ngram::{NgramModel, WORD_BREAK};
use crate::onnx::builder::OnnxGraph;
use crate::onnx::{
    EncodedText, GraphOfClassifier, classifier_graph, columns_graph, ngram_graph, static_graph,
};
use crate::predictor::Predictor;
use crate::static_embeddings::StaticEmbeddings;
use crate::tokenizer::TextPreparation;

/// Larger weights go into a file of their own: one message of the format ends at 2 GiB, and some readers earlier.
const LARGEST_IN_ONE_FILE: usize = 1 << 30;

pub(super) fn write(source: &Source<'_>, out: &Path) -> Result<Exported, ExportError> {
    write_within(source, out, LARGEST_IN_ONE_FILE)
}

fn write_within(source: &Source<'_>, out: &Path, largest: usize) -> Result<Exported, ExportError> {
    let (labels, mut graph, more) = match &source.model {
        ExportSource::Ngram(model) => ngram(model, source),
        ExportSource::Static(model) => {
            let entries = described(&[("pieces", pieces(model.embeddings()))]);
            (model.labels().to_vec(), static_graph(model, source.temperature), entries)
        }
        ExportSource::Columns(model) => columns(model, source)?,
        ExportSource::FrozenEncoder(files) | ExportSource::SequenceClassifier(files) => {
            classifier(files, source)?
        }
        ExportSource::Tfidf(_) => {
            let reason = "its vocabulary is a list of hashes to be searched, which ONNX has no operator for";
            return Err(source.refused(ExportFormat::Onnx, reason));
        }
    };
    let mut metadata = source.metadata(&labels);
    metadata.extend(more);
    for (key, value) in &metadata {
        graph.describe(key, value.clone());
    }
    let inputs = graph.inputs();
    if let Some(column) = graph.name_taken_twice() {
        return Err(ExportError::Column { column });
    }
    let mut files = vec![out.to_owned()];
    if graph.weight_bytes() > largest {
        let mut name = out.file_name().map_or_else(OsString::new, OsString::from);
        name.push(".data");
        let beside = out.with_file_name(&name);
        let (model, weights) = graph.in_two_files(&name.to_string_lossy());
        storage::write(&beside, &weights)?;
        storage::write(out, &model)?;
        files.push(beside);
    } else {
        storage::write(out, &graph.in_one_file())?;
    }
    Ok(Exported { inputs, labels, metadata, files })
}

/// Names of the classes, the graph, and what it says of itself.
type Described = (Vec<String>, OnnxGraph, BTreeMap<String, String>);

fn described(entries: &[(&str, String)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn ngram(model: &NgramModel, source: &Source<'_>) -> Described {
    let config = model.config();
    let mut entries = vec![
        ("features", json!(config.features).to_string()),
        ("word_break", WORD_BREAK.trim_end().to_owned()),
    ];
    if !config.columns.is_empty() {
        entries.push(("columns", json!(config.columns).to_string()));
    }
    if let Some(embeddings) = model.static_embeddings() {
        entries.push(("pieces", pieces(embeddings)));
    }
    (config.labels.clone(), ngram_graph(model, source.temperature), described(&entries))
}

/// The pieces of words, one a line, each at the place of its id.
fn pieces(embeddings: &StaticEmbeddings) -> String {
    String::from_utf8(embeddings.vocabulary().to_bytes()).expect("pieces are texts")
}

fn columns(model: &MlpModel, source: &Source<'_>) -> Result<Described, ExportError> {
    let config = model.config();
    let mut entries = vec![("columns", json!(config.columns).to_string())];
    let graph = match (model.encoder(), model.encoder_folder()) {
        (Some(encoder), Some(folder)) => {
            let network = EncoderConfig::load(folder)?;
            let weights = Weights::open(folder, &network)?;
            entries.extend(reading(encoder.max_length(), encoder.preparation()));
            let (pooling, normalize) = (encoder.pooling(), encoder.normalizes());
            let text = EncodedText { config: &network, weights: &weights, pooling, normalize };
            columns_graph(model, Some(&text), source.temperature)?
        }
        _ => columns_graph(model, None, source.temperature)?,
    };
    Ok((model.labels().to_vec(), graph, described(&entries)))
}

fn classifier(files: &ClassifierFiles, source: &Source<'_>) -> Result<Described, ExportError> {
    let ClassifierFiles { config, weights, pooling, normalize, head, .. } = files;
    let (pooling, normalize, temperature) = (*pooling, *normalize, source.temperature);
    let graph =
        classifier_graph(&GraphOfClassifier { config, weights, pooling, normalize, head, temperature })?;
    Ok((files.labels.clone(), graph, described(&reading(files.max_length(), &files.preparation))))
}

/// How texts are read: tokens of each at most, and what is done to it before.
fn reading(max_length: usize, preparation: &TextPreparation) -> Vec<(&'static str, String)> {
    let mut entries = vec![("max_length", max_length.to_string())];
    if *preparation != TextPreparation::default() {
        entries.push(("preparation", json!(preparation).to_string()));
    }
    entries
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::encoder_classifier::read_files;

    /// Weights in a file of their own are the bytes that the single file holds.
    #[test]
    fn large_weights_go_beside_the_model() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/albert");
        let work = tempfile::tempdir().unwrap();
        let (one, two) = (work.path().join("one.onnx"), work.path().join("two.onnx"));
        let model = ExportSource::SequenceClassifier(read_files(&golden).unwrap());
        let source = Source { folder: &golden, kind: "sequence-classifier", model, temperature: None };
        write(&source, &one).unwrap();
        let exported = write_within(&source, &two, 0).unwrap();
        let beside = work.path().join("two.onnx.data");
        assert_eq!(exported.files, [two.clone(), beside.clone()]);

        let weights = std::fs::read(&beside).unwrap();
        let whole = std::fs::read(&one).unwrap();
        assert!(std::fs::read(&two).unwrap().len() + weights.len() < whole.len() + 20_000);
        let largest = &weights[..256]; // the token table comes first
        assert!(whole.windows(largest.len()).any(|window| window == largest));
        // Three layers of ALBERT share one set of weights.
        let files = read_files(&golden).unwrap();
        assert!(weights.len() <= 4 * files.weights.elements());
        rten::ModelOptions::with_all_ops().load_file(&two).unwrap();
    }
}
