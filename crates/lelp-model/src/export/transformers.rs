//! A sequence classifier as a folder for `transformers`.
//!
//! Classes with one output each become the family's own class, such as `BertForSequenceClassification`, with the temperature of
//! a calibration in its last layer. No such class has a log-sum-exp over subclasses: with more outputs a class the folder is
//! that of `lelp.transformers`, which wraps the family's class and has to be imported before it is loaded.

use std::path::Path;

use lelp_data::{read_json, storage};
use serde_json::{Map, Value, json};

use super::tensors::Tensors;
use super::{ExportError, ExportFormat, ExportSource, Exported, Source};
use crate::checkpoint::{EncoderConfig, ProblemType, TOKENIZER_SETTINGS};
use crate::encoder_classifier::ClassifierFiles;
use crate::onnx::{ATTENTION_MASK, INPUT_IDS, TOKEN_TYPE_IDS};
use crate::tokenizer::Tokenizer;

/// The class of `lelp.transformers`, and its `model_type`.
const SUBCLASS_ARCHITECTURE: &str = "SubclassForSequenceClassification";
const SUBCLASS_TYPE: &str = "lelp-subclass";

pub(super) fn write(source: &Source<'_>, out: &Path) -> Result<Exported, ExportError> {
    let refused = |reason| Err(source.refused(ExportFormat::Transformers, reason));
    let files = match &source.model {
        ExportSource::SequenceClassifier(files) => files,
        ExportSource::FrozenEncoder(_) => {
            return refused("the sequence classifiers there have no place for its pooling and its head");
        }
        ExportSource::Ngram(_)
        | ExportSource::Static(_)
        | ExportSource::Columns(_)
        | ExportSource::Tfidf(_) => {
            return refused("only sequence classifiers made of an encoder are");
        }
    };
    storage::write_folder(out, |folder| write_files(source, files, folder))?;
    let (labels, metadata) = (files.labels.clone(), source.metadata(&files.labels));
    Ok(Exported { inputs: Vec::new(), labels, metadata, files: vec![out.to_owned()] })
}

fn write_files(source: &Source<'_>, files: &ClassifierFiles, folder: &Path) -> Result<(), ExportError> {
    let alone = files.head.subclasses().get() == 1;
    let config = if alone {
        classifier_config(files, files.labels.clone()).to_bytes()
    } else {
        subclass_config(source, files)
    };
    storage::write(&folder.join("config.json"), &config)?;
    let (prefix, temperature) = if alone { ("", source.temperature) } else { ("inner.", None) };
    let scale = temperature.map_or(1.0, |temperature| 1.0 / temperature.get());
    let mut tensors = Tensors::default();
    let [hidden, output] = files.config.head_modules(files.head.output().outputs());
    for module in files.config.modules().into_iter().chain([hidden]) {
        for tensor in module.tensors() {
            let values = files.weights.read(&tensor)?.into_owned();
            tensors.push(format!("{prefix}{}", tensor.classifier_name), &tensor.shape, values);
        }
    }
    // Of a classifier with one output this has two: that of the class it speaks against is always 0.
    let layer = files.head.output();
    for (tensor, values) in output.tensors().zip([layer.weight(), layer.bias()]) {
        let values: Vec<f32> = values.iter().map(|&value| (f64::from(value) * scale) as f32).collect();
        tensors.push(format!("{prefix}{}", tensor.classifier_name), &tensor.shape, values);
    }
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    tensors.write(&folder.join("model.safetensors"), metadata)?;
    let tokenizer = Tokenizer::load(source.folder, &files.config, files.max_length())?;
    tokenizer.save(source.folder, folder)?;
    describe_tokenizer(&tokenizer, &files.config, folder)
}

/// Adds to `tokenizer_config.json` what `transformers` has to know of a tokenizer whose class it does not find by the model's
/// type: what pads a batch, and what the model reads.
fn describe_tokenizer(
    tokenizer: &Tokenizer,
    config: &EncoderConfig,
    folder: &Path,
) -> Result<(), ExportError> {
    let path = folder.join(TOKENIZER_SETTINGS);
    let mut settings: Map<String, Value> = read_json(&path)?;
    let padding = tokenizer.token(config.padding).map(Value::from);
    let types = config.reads_token_types().then_some(TOKEN_TYPE_IDS);
    let inputs: Vec<&str> = [INPUT_IDS, ATTENTION_MASK].into_iter().chain(types).collect();
    for (key, value) in [("pad_token", padding), ("model_input_names", Some(json!(inputs)))] {
        if let Some(value) = value {
            settings.entry(key).or_insert(value);
        }
    }
    Ok(storage::write(&path, &storage::pretty_json(&settings))?)
}

/// The family's own classifier with these outputs.
fn classifier_config(files: &ClassifierFiles, outputs: Vec<String>) -> EncoderConfig {
    EncoderConfig {
        architectures: vec![files.config.family.architecture.to_owned()],
        labels: Some(outputs),
        problem: Some(ProblemType::SingleLabel),
        ..files.config.clone()
    }
}

/// The classifier of `lelp.transformers`, as `SubclassConfig` saves it.
fn subclass_config(source: &Source<'_>, files: &ClassifierFiles) -> Vec<u8> {
    let subclasses = files.head.subclasses();
    let output =
        |label: &String| (0..subclasses.get()).map(move |s| format!("{label}/{s}")).collect::<Vec<_>>();
    let inner = classifier_config(files, files.labels.iter().flat_map(output).collect()).to_bytes();
    let inner: Value = serde_json::from_slice(&inner).expect("it was written as JSON");
    let names: serde_json::Map<_, _> =
        files.labels.iter().enumerate().map(|(place, label)| (place.to_string(), json!(label))).collect();
    let places: serde_json::Map<_, _> =
        files.labels.iter().enumerate().map(|(place, label)| (label.clone(), json!(place))).collect();
    storage::pretty_json(&json!({
        "architectures": [SUBCLASS_ARCHITECTURE],
        "model_type": SUBCLASS_TYPE,
        "inner": inner,
        "subclasses": subclasses,
        "calibration_temperature": source.temperature.map_or(1.0, lelp::CalibrationTemperature::get),
        "id2label": names,
        "label2id": places,
        "pad_token_id": files.config.padding,
    }))
}
