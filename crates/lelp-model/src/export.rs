//! Writes a classifier that has an encoder as an ONNX graph for other runtimes.
//!
//! Inputs, all i64 `[batch, tokens]`, with both sizes free: `input_ids`, `attention_mask` (1 for text, 0 for padding on
//! the right) and, where the encoder reads them, `token_type_ids`. Outputs: `logits` `[batch, classes]`, subclasses
//! collapsed, and `embedding` `[batch, width]`, the input of the last layer. Only operators of standard ONNX are used.
//! The tokenizer is not in the graph: texts are tokenised by the one in the model's folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::encoder::onnx::{ATTENTION_MASK, INPUT_IDS, TOKEN_TYPE_IDS, classifier_graph};
use crate::encoder::{WeightsError, names_an_encoder};
use crate::teacher::{Parts, TEACHER_FILE, TeacherError};
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
        "`{}` holds no encoder: an n-gram student works on hashed words, which ONNX has no operator for; \
         serve it with `lelp predict` or crate lelp-infer",
        folder.display()
    )]
    NoEncoder {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder is no sound classifier.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
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
/// [`ExportError`] names the file; `out` is written whole or not at all.
pub fn export(folder: &Path, out: &Path) -> Result<Exported, ExportError> {
    export_within(folder, out, LARGEST_IN_ONE_FILE)
}

fn export_within(folder: &Path, out: &Path, largest: usize) -> Result<Exported, ExportError> {
    if folder.is_dir() && !folder.join(TEACHER_FILE).exists() && !names_an_encoder(folder) {
        return Err(ExportError::NoEncoder { folder: folder.to_owned() });
    }
    let parts = Parts::read(folder)?;
    let max_length = parts.max_length();
    let mut graph = classifier_graph(&parts)?;
    graph.describe("labels", serde_json::json!(parts.labels).to_string());
    graph.describe("max_length", max_length.to_string());
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
    let mut inputs = vec![INPUT_IDS, ATTENTION_MASK];
    inputs.extend(parts.config.reads_token_types().then_some(TOKEN_TYPE_IDS));
    let embedding_width = parts.head.embedding_width();
    Ok(Exported { inputs, labels: parts.labels, embedding_width, max_length, files })
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
        let parts = Parts::read(&golden).unwrap();
        assert!(weights.len() <= 4 * parts.weights.elements());
        rten::ModelOptions::with_all_ops().load_file(&two).unwrap();
    }
}
