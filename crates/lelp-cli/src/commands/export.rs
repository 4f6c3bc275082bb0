//! `lelp export`: write a model for other programs.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use lelp_model::export::{ExportFormat, export};
use lelp_train::distill::check_free;

use super::check_place;
use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  lelp export --model student --out student.onnx
  lelp export --model small --format transformers --out for-transformers
  lelp export --model student --format safetensors --out student.safetensors";

/// Write a model for other programs: ONNX, transformers, safetensors
///
/// `onnx` is a graph of standard operators for any n-gram, MLP or encoder student and any teacher, with `logits` [batch,
/// classes] and `embedding` [batch, width]. An n-gram student reads `input_ids` and `offsets`, which
/// `examples/ngram_features.py` makes of texts; an MLP one input a column; an encoder `input_ids`, `attention_mask` and, where
/// it reads them, `token_type_ids`, padded on the right, of the tokenizer in the model's folder. `transformers` is a folder
/// that `AutoModelForSequenceClassification` loads, of a fine-tuned teacher or an encoder student; with subclasses `import
/// lelp.transformers` comes first. `safetensors` is one file of the weights in 32 bits, of any model. All answer as the
/// model does, calibrated if it is. Names of the classes are in the metadata.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of a student, a teacher or a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// What to write
    #[arg(long, value_enum, default_value_t = Format(ExportFormat::Onnx))]
    format: Format,

    /// File to write, or folder for `transformers`
    #[arg(long, value_name = "PATH")]
    out: PathBuf,

    /// Replace the file, or the model in the folder, if it exists
    #[arg(long)]
    overwrite: bool,
}

/// A format as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Format(ExportFormat);

impl clap::ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(ExportFormat::Onnx), Self(ExportFormat::Transformers), Self(ExportFormat::Safetensors)]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    let (out, format) = (&arguments.out, arguments.format.0);
    // All files of a model's folder are its own but earlier graphs.
    check_place(out, &arguments.model, "model", |name| {
        Path::new(name).extension().is_none_or(|ending| ending != "onnx")
    })?;
    if format == ExportFormat::Transformers {
        check_free(out, arguments.overwrite)?;
    } else if out.exists() && !arguments.overwrite {
        return Err(CommandError::FileExists(out.clone()).into());
    }
    let exported = export(&arguments.model, out, format)?;
    for file in &exported.files {
        printer.step("wrote", &format!("`{}`", file.display()));
    }
    if !exported.inputs.is_empty() {
        printer.detail(&format!("inputs {}", exported.inputs.join(", ")));
    }
    printer.detail(&format!("logits of {}", exported.labels.join(", ")));
    Ok(())
}
