//! `lelp export`: write a model as an ONNX graph for other runtimes.

use std::path::PathBuf;

use lelp_model::export::export;

use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::printer::Printer;

/// Write a teacher or encoder student as an ONNX graph
///
/// Inputs are `input_ids`, `attention_mask` and, where the encoder reads them, `token_type_ids`: i64 [batch, tokens] of
/// any sizes, padded on the right. Outputs are `logits` [batch, classes] and `embedding` [batch, width]. The graph uses
/// standard ONNX operators only. Tokenise with the tokenizer in the model's folder. An n-gram student has no such graph.
///
/// Example: lelp export --model teacher --out teacher.onnx
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of a teacher, an encoder student or a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// File for the graph
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace the file if it exists
    #[arg(long)]
    overwrite: bool,
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    if arguments.out.exists() && !arguments.overwrite {
        return Err(CommandError::FileExists(arguments.out.clone()).into());
    }
    let exported = export(&arguments.model, &arguments.out)?;
    for file in &exported.files {
        printer.step("wrote", &format!("`{}`", file.display()));
    }
    printer.detail(&format!("inputs {}, at most {} tokens", exported.inputs.join(", "), exported.max_length));
    printer.detail(&format!("logits of {}", exported.labels.join(", ")));
    printer.detail(&format!("embedding of width {}", exported.embedding_width));
    Ok(())
}
