//! Writes a classifier that has an encoder as an ONNX graph for other runtimes.
//!
//! Inputs, all i64 `[batch, tokens]`, with both sizes free: `input_ids`, `attention_mask` (1 for text, 0 for padding on
//! the right) and, where the encoder reads them, `token_type_ids`. Outputs: `logits` `[batch, classes]`, subclasses
//! collapsed, and `embedding` `[batch, width]`, the input of the last layer. Only operators of standard ONNX are used.
//! The tokenizer is not in the graph: texts are tokenised by the one in the model's folder, which cuts them to the same
//! length and pads nothing. Where the encoder wants a prompt before texts or lower case, the key `preparation` says so.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::checkpoint::{WeightsError, names_an_encoder};
use crate::encoder_classifier::{ClassifierFiles, EncoderClassifierError, TEACHER_FILE, read_files};
use crate::onnx::{ATTENTION_MASK, GraphOfClassifier, INPUT_IDS, TOKEN_TYPE_IDS, classifier_graph};
use crate::tokenizer::TextPreparation;
use lelp_data::storage::{self, FileError};

/// Larger weights go into a file of their own: one message of the format ends at 2 GiB, and some readers earlier.
const LARGEST_IN_ONE_FILE: usize = 1 << 30;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Names of the inputs.
    pub inputs: Vec<&'static str>,
    /// Names of the classes, in the order of the logits; also in the file, as JSON under the key `labels`.
    pub labels: Vec<String>,
    /// Width of the embedding.
    pub embedding_width: usize,
    /// Tokens of a text, at most; also in the file, under the key `max_length`.
    pub max_length: usize,
    /// The files: the model, and its weights where they are too large for one file.
    pub files: Vec<PathBuf>,
}

/// Why nothing was exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The model has no graph.
    #[error(
        "`{}` holds no encoder with a head, and only such a model becomes a graph: an n-gram student works on hashed \
         words and a network on columns looks up categories, which ONNX has no operators for",
        folder.display()
    )]
    NoEncoder {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder is no sound classifier.
    #[error(transparent)]
    Teacher(#[from] EncoderClassifierError),
    /// Its weights do not fit its config.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Writes the classifier in `folder`, a teacher or a student made of an encoder, to `out`.
///
/// # Errors
/// [`ExportError`] names the file; `out` is written completely or not at all.
pub fn export(folder: &Path, out: &Path) -> Result<Exported, ExportError> {
    export_within(folder, out, LARGEST_IN_ONE_FILE)
}

fn export_within(folder: &Path, out: &Path, largest: usize) -> Result<Exported, ExportError> {
    if folder.is_dir() && !folder.join(TEACHER_FILE).exists() && !names_an_encoder(folder) {
        return Err(ExportError::NoEncoder { folder: folder.to_owned() });
    }
    let files = read_files(folder)?;
    let max_length = files.max_length();
    let mut graph = classifier_graph(&graph_of(&files))?;
    graph.describe("labels", serde_json::json!(files.labels).to_string());
    graph.describe("max_length", max_length.to_string());
    if files.preparation != TextPreparation::default() {
        graph.describe("preparation", serde_json::json!(files.preparation).to_string());
    }
    let mut written = vec![out.to_owned()];
    if graph.weight_bytes() > largest {
        let mut name = out.file_name().map_or_else(OsString::new, OsString::from);
        name.push(".data");
        let beside = out.with_file_name(&name);
        let (model, weights) = graph.in_two_files(&name.to_string_lossy());
        storage::write(&beside, &weights)?;
        storage::write(out, &model)?;
        written.push(beside);
    } else {
        storage::write(out, &graph.in_one_file())?;
    }
    let mut inputs = vec![INPUT_IDS, ATTENTION_MASK];
    inputs.extend(files.config.reads_token_types().then_some(TOKEN_TYPE_IDS));
    let embedding_width = files.head.embedding_width();
    Ok(Exported { inputs, labels: files.labels, embedding_width, max_length, files: written })
}

fn graph_of(files: &ClassifierFiles) -> GraphOfClassifier<'_> {
    let ClassifierFiles { config, weights, pooling, normalize, head, .. } = files;
    GraphOfClassifier { config, weights, pooling: *pooling, normalize: *normalize, head }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights in a file of their own are the bytes that the single file holds.
    #[test]
    fn large_weights_go_beside_the_model() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/albert");
        let work = tempfile::tempdir().unwrap();
        let (one, two) = (work.path().join("one.onnx"), work.path().join("two.onnx"));
        export(&golden, &one).unwrap();
        let exported = export_within(&golden, &two, 0).unwrap();
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
