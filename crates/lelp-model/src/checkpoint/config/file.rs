//! `config.json` as `transformers` reads and writes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Activation, Dropout, EncoderConfig, EncoderConfigError, MOST_OUTPUTS, ProblemType, RelativeBias,
    first_position,
};
use crate::checkpoint::family::{Family, FieldNames, TokenTypes, family};
use lelp_data::storage;

/// Buckets and `max_distance` of relative positions. `transformers` computes `MPNet` with these two always, whatever
/// `relative_attention_num_buckets` says.
const RELATIVE_BIAS: RelativeBias = RelativeBias { buckets: 32, farthest: 128 };

/// Where a config says nothing; the same in all families' own configs.
const DEFAULT_EPSILON: f32 = 1e-12;
const DEFAULT_DROPOUT: f32 = 0.1;
const DEFAULT_INITIALIZER: f32 = 0.02;

/// Sizes and settings under the names of most families, with the defaults of `transformers`.
#[derive(Debug, Deserialize)]
struct UsualFields {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    #[serde(default)]
    embedding_size: Option<usize>,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default)]
    layer_norm_eps: Option<f32>,
    #[serde(default)]
    hidden_act: Option<String>,
    #[serde(default)]
    hidden_dropout_prob: Option<f32>,
    #[serde(default)]
    attention_probs_dropout_prob: Option<f32>,
    #[serde(default)]
    classifier_dropout: Option<f32>,
    #[serde(default)]
    classifier_dropout_prob: Option<f32>,
    #[serde(default)]
    relative_attention_num_buckets: Option<usize>,
    #[serde(default = "one")]
    num_hidden_groups: usize,
    #[serde(default = "one")]
    inner_group_num: usize,
}

/// The same under the names of `DistilBERT`.
#[derive(Debug, Deserialize)]
struct DistilBertFields {
    dim: usize,
    n_layers: usize,
    n_heads: usize,
    hidden_dim: usize,
    #[serde(default)]
    activation: Option<String>,
    #[serde(default)]
    dropout: Option<f32>,
    #[serde(default)]
    attention_dropout: Option<f32>,
    #[serde(default)]
    seq_classif_dropout: Option<f32>,
}

/// What all families call alike.
#[derive(Debug, Deserialize)]
struct SharedFields {
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default)]
    pad_token_id: Option<u32>,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    #[serde(default)]
    initializer_range: Option<f32>,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    id2label: Option<BTreeMap<usize, Value>>,
    #[serde(default)]
    num_labels: Option<usize>,
    #[serde(default)]
    problem_type: Option<String>,
}

fn one() -> usize {
    1
}

fn two() -> usize {
    2
}

impl From<DistilBertFields> for UsualFields {
    fn from(fields: DistilBertFields) -> Self {
        Self {
            hidden_size: fields.dim,
            num_hidden_layers: fields.n_layers,
            num_attention_heads: fields.n_heads,
            intermediate_size: fields.hidden_dim,
            embedding_size: None,
            type_vocab_size: two(),
            layer_norm_eps: None,
            hidden_act: fields.activation,
            hidden_dropout_prob: fields.dropout,
            attention_probs_dropout_prob: fields.attention_dropout,
            classifier_dropout: Some(fields.seq_classif_dropout.unwrap_or(0.2)),
            classifier_dropout_prob: None,
            relative_attention_num_buckets: None,
            num_hidden_groups: 1,
            inner_group_num: 1,
        }
    }
}

/// Reads `config.json`; sizes are not checked yet.
pub(super) fn parse(json: &[u8]) -> Result<EncoderConfig, EncoderConfigError> {
    #[derive(Deserialize)]
    struct Kind {
        model_type: String,
    }
    // The kind first: another architecture has other fields, and "missing field" would mislead.
    let Kind { model_type } = serde_json::from_slice(json)?;
    let family = family(&model_type).ok_or(EncoderConfigError::ModelType { model_type })?;
    let usual = match family.fields {
        FieldNames::Usual => serde_json::from_slice(json)?,
        FieldNames::DistilBert => serde_json::from_slice::<DistilBertFields>(json)?.into(),
    };
    config(family, &usual, serde_json::from_slice(json)?)
}

fn config(
    family: &'static Family,
    usual: &UsualFields,
    shared: SharedFields,
) -> Result<EncoderConfig, EncoderConfigError> {
    check_settings(family, usual, &shared)?;
    let padding = shared.pad_token_id.unwrap_or(family.padding);
    let width = usual.hidden_size;
    let default_activation = if family.factorised { "gelu_new" } else { "gelu" };
    Ok(EncoderConfig {
        family,
        vocabulary: shared.vocab_size,
        embedding_width: if family.factorised { usual.embedding_size.unwrap_or(128) } else { width },
        width,
        layers: usual.num_hidden_layers,
        heads: usual.num_attention_heads,
        inner: usual.intermediate_size,
        positions: shared.max_position_embeddings,
        first_position: first_position(family, padding),
        token_types: if family.token_types == TokenTypes::None { 0 } else { usual.type_vocab_size },
        padding,
        epsilon: usual.layer_norm_eps.unwrap_or(DEFAULT_EPSILON),
        activation: activation(usual.hidden_act.as_deref().unwrap_or(default_activation))?,
        relative_bias: family.relative_bias.then_some(RELATIVE_BIAS),
        dropout: dropout(family, usual),
        initializer_range: shared.initializer_range.unwrap_or(DEFAULT_INITIALIZER),
        architectures: shared.architectures.unwrap_or_default(),
        labels: labels(shared.id2label, shared.num_labels)?,
        problem: shared.problem_type.as_deref().map(problem).transpose()?,
    })
}

fn check_settings(
    family: &Family,
    usual: &UsualFields,
    shared: &SharedFields,
) -> Result<(), EncoderConfigError> {
    let positions = shared.position_embedding_type.as_deref().unwrap_or("absolute");
    let refuse =
        |field, value: String, supported| Err(EncoderConfigError::Setting { field, value, supported });
    if positions != "absolute" {
        return refuse("position_embedding_type", positions.to_owned(), "absolute");
    }
    if shared.is_decoder {
        return refuse("is_decoder", "true".to_owned(), "false");
    }
    let buckets = usual.relative_attention_num_buckets.unwrap_or(RELATIVE_BIAS.buckets);
    if family.relative_bias && buckets != RELATIVE_BIAS.buckets {
        return refuse("relative_attention_num_buckets", buckets.to_string(), "32");
    }
    if family.factorised {
        let groups =
            [("num_hidden_groups", usual.num_hidden_groups), ("inner_group_num", usual.inner_group_num)];
        if let Some((field, value)) = groups.into_iter().find(|&(_, value)| value != 1) {
            return refuse(field, value.to_string(), "1");
        }
    }
    Ok(())
}

/// ALBERT drops out nothing inside by default; where the head's own probability is absent, it is the hidden one.
fn dropout(family: &Family, usual: &UsualFields) -> Dropout {
    let inside = if family.factorised { 0.0 } else { DEFAULT_DROPOUT };
    let hidden = usual.hidden_dropout_prob.unwrap_or(inside);
    let classifier = if family.factorised {
        usual.classifier_dropout_prob.unwrap_or(DEFAULT_DROPOUT)
    } else if family.relative_bias {
        hidden // `MPNet` has no setting of its own for the head
    } else {
        usual.classifier_dropout.unwrap_or(hidden)
    };
    Dropout { hidden, attention: usual.attention_probs_dropout_prob.unwrap_or(inside), classifier }
}

fn activation(name: &str) -> Result<Activation, EncoderConfigError> {
    match name {
        "gelu" | "gelu_python" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
        "relu" => Ok(Activation::Relu),
        other => Err(EncoderConfigError::Setting {
            field: "hidden_act",
            value: other.to_owned(),
            supported: "gelu, gelu_python, gelu_new, gelu_fast, gelu_pytorch_tanh, relu",
        }),
    }
}

fn problem(name: &str) -> Result<ProblemType, EncoderConfigError> {
    match name {
        "single_label_classification" => Ok(ProblemType::SingleLabel),
        "multi_label_classification" => Ok(ProblemType::MultiLabel),
        "regression" => Ok(ProblemType::Regression),
        other => Err(EncoderConfigError::Setting {
            field: "problem_type",
            value: other.to_owned(),
            supported: "single_label_classification, multi_label_classification, regression",
        }),
    }
}

/// Names by output, numbers among them as their digits; where there is only a count, as `transformers` calls them.
fn labels(
    named: Option<BTreeMap<usize, Value>>,
    number: Option<usize>,
) -> Result<Option<Vec<String>>, EncoderConfigError> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let labels = named.len();
        if let Some(missing) = (0..labels).find(|output| !named.contains_key(output)) {
            return Err(EncoderConfigError::Labels { labels, missing });
        }
        let name = |(output, name): (usize, Value)| match name {
            Value::String(name) => Ok(name),
            Value::Number(_) | Value::Bool(_) => Ok(name.to_string()),
            _ => Err(EncoderConfigError::LabelName { output, value: name.to_string() }),
        };
        return named.into_iter().map(name).collect::<Result<_, _>>().map(Some);
    }
    match number {
        None => Ok(None),
        Some(value) if value == 0 || value > MOST_OUTPUTS => {
            Err(EncoderConfigError::Size { field: "num_labels", value, largest: MOST_OUTPUTS })
        }
        Some(number) => Ok(Some((0..number).map(|output| format!("LABEL_{output}")).collect())),
    }
}

/// Writes `config.json`.
pub(super) fn to_bytes(config: &EncoderConfig) -> Vec<u8> {
    let mut fields = json!({
        "model_type": config.family.model_type,
        "vocab_size": config.vocabulary,
        "max_position_embeddings": config.positions,
        "pad_token_id": config.padding,
        "initializer_range": decimal(config.initializer_range),
    });
    let fields = fields.as_object_mut().expect("it is written as an object");
    fields.append(&mut match config.family.fields {
        FieldNames::Usual => usual_fields(config),
        FieldNames::DistilBert => distilbert_fields(config),
    });
    if !config.architectures.is_empty() {
        fields.insert("architectures".to_owned(), json!(config.architectures));
    }
    if let Some(labels) = &config.labels {
        let id = |(output, label): (usize, &String)| (output.to_string(), json!(label));
        let named: Map<String, Value> = labels.iter().enumerate().map(id).collect();
        let number = |(output, label): (usize, &String)| (label.clone(), json!(output));
        let numbered: Map<String, Value> = labels.iter().enumerate().map(number).collect();
        fields.insert("id2label".to_owned(), Value::Object(named));
        fields.insert("label2id".to_owned(), Value::Object(numbered));
    }
    if let Some(problem) = config.problem {
        let name = match problem {
            ProblemType::SingleLabel => "single_label_classification",
            ProblemType::MultiLabel => "multi_label_classification",
            ProblemType::Regression => "regression",
        };
        fields.insert("problem_type".to_owned(), json!(name));
    }
    storage::pretty_json(&fields)
}

fn usual_fields(config: &EncoderConfig) -> Map<String, Value> {
    let family = config.family;
    let mut fields = json!({
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.inner,
        "hidden_act": activation_name(config.activation),
        "layer_norm_eps": decimal(config.epsilon),
        "hidden_dropout_prob": decimal(config.dropout.hidden),
        "attention_probs_dropout_prob": decimal(config.dropout.attention),
    });
    if family.token_types != TokenTypes::None {
        fields["type_vocab_size"] = json!(config.token_types);
    }
    if let Some(relative) = config.relative_bias {
        fields["relative_attention_num_buckets"] = json!(relative.buckets);
    } else {
        let name = if family.factorised { "classifier_dropout_prob" } else { "classifier_dropout" };
        fields[name] = json!(decimal(config.dropout.classifier));
    }
    if family.factorised {
        fields["embedding_size"] = json!(config.embedding_width);
        fields["num_hidden_groups"] = json!(1);
        fields["inner_group_num"] = json!(1);
    }
    fields.as_object().cloned().expect("it is written as an object")
}

fn distilbert_fields(config: &EncoderConfig) -> Map<String, Value> {
    let fields = json!({
        "dim": config.width,
        "n_layers": config.layers,
        "n_heads": config.heads,
        "hidden_dim": config.inner,
        "activation": activation_name(config.activation),
        "dropout": decimal(config.dropout.hidden),
        "attention_dropout": decimal(config.dropout.attention),
        "seq_classif_dropout": decimal(config.dropout.classifier),
    });
    fields.as_object().cloned().expect("it is written as an object")
}

fn activation_name(activation: Activation) -> &'static str {
    match activation {
        Activation::Gelu => "gelu",
        Activation::GeluTanh => "gelu_new",
        Activation::Relu => "relu",
    }
}

/// The shortest decimal that reads back as `value`: as f64, 0.1 in f32 would be 0.10000000149011612.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().expect("a number's own text is a number")
}
