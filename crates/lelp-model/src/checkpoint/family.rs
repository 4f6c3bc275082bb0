//! What sets one encoder family apart from another: how its tensors are called, where positions begin, and what its
//! classification head computes.
//!
//! A new family is one more [`Family`] here, and a block in `onnx` where it computes something that
//! the others don't.

use super::head_names::{BERT_HEAD, DISTILBERT_HEAD, HeadNames, POOLER_ALONE_HEAD, ROBERTA_HEAD};

/// A family of encoders, as named by `model_type` in `config.json`.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// `model_type` of its `config.json`.
    pub model_type: &'static str,
    /// `architectures` of its sequence classifier in `config.json`.
    pub architecture: &'static str,
    /// Prefix of the encoder's tensor names in a classifier's file; an encoder's own file may do without.
    pub prefix: &'static str,
    /// How the sizes are called in its `config.json`.
    pub fields: FieldNames,
    /// Whether token type (segment) embeddings are added, and which.
    pub token_types: TokenTypes,
    /// Where positions begin.
    pub first_position: FirstPosition,
    /// Id of the padding token where `config.json` does not say.
    pub padding: u32,
    /// Whether attention adds a learned bias by relative position.
    pub relative_bias: bool,
    /// Whether the token table is narrower than the encoder, and all layers share one set of tensors.
    pub factorised: bool,
    /// Path of a layer before the names in [`layer`](Self::layer), with `{}` for its number.
    pub layer_path: &'static str,
    /// Names inside a layer.
    pub layer: LayerNames,
    /// Hugging Face's sequence classification head of this family.
    pub head: HeadNames,
}

/// How token types go into the embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTypes {
    /// There are none.
    None,
    /// Row 0 of the table is added everywhere; the model takes no types.
    AlwaysFirst,
    /// The model takes a type for each token.
    Input,
}

/// Which row of the position table the first token uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstPosition {
    /// Row 0.
    Zero,
    /// The row behind that of the padding token's id: fairseq counts positions from there.
    BehindPadding,
    /// This row, whatever the padding token's id.
    Fixed(usize),
}

/// How a family's `config.json` calls the sizes and settings that have more than one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldNames {
    /// `hidden_size`, `num_hidden_layers`, ..
    Usual,
    /// `dim`, `n_layers`, ..
    DistilBert,
}

/// Names of the modules of one layer, after the family's layer path and before `.weight` and `.bias`.
#[derive(Debug, PartialEq, Eq)]
pub struct LayerNames {
    /// Dense, width to width.
    pub query: &'static str,
    /// Dense, width to width.
    pub key: &'static str,
    /// Dense, width to width.
    pub value: &'static str,
    /// Dense, width to width, on the attended values.
    pub attention_output: &'static str,
    /// Normalisation of `attention_output + input`.
    pub attention_norm: &'static str,
    /// Dense, width to inner, before the activation.
    pub inner: &'static str,
    /// Dense, inner to width.
    pub output: &'static str,
    /// Normalisation of `output + attended`.
    pub output_norm: &'static str,
}

/// Every family that can be loaded.
pub static FAMILIES: [Family; 7] = [BERT, ROBERTA, XLM_ROBERTA, CAMEMBERT, DISTILBERT, MPNET, ALBERT];

/// Devlin et al. 2018, arXiv:1810.04805; `MiniLM` (arXiv:2002.10957) is the same with other sizes.
const BERT: Family = Family {
    model_type: "bert",
    architecture: "BertForSequenceClassification",
    prefix: "bert.",
    fields: FieldNames::Usual,
    token_types: TokenTypes::Input,
    first_position: FirstPosition::Zero,
    padding: 0,
    relative_bias: false,
    factorised: false,
    layer_path: "encoder.layer.{}.",
    layer: LayerNames {
        query: "attention.self.query",
        key: "attention.self.key",
        value: "attention.self.value",
        attention_output: "attention.output.dense",
        attention_norm: "attention.output.LayerNorm",
        inner: "intermediate.dense",
        output: "output.dense",
        output_norm: "output.LayerNorm",
    },
    head: BERT_HEAD,
};

/// Liu et al. 2019, arXiv:1907.11692.
const ROBERTA: Family = Family {
    model_type: "roberta",
    architecture: "RobertaForSequenceClassification",
    prefix: "roberta.",
    token_types: TokenTypes::AlwaysFirst,
    first_position: FirstPosition::BehindPadding,
    padding: 1,
    head: ROBERTA_HEAD,
    ..BERT
};

/// Conneau et al. 2019, arXiv:1911.02116: `RoBERTa` in many languages.
const XLM_ROBERTA: Family =
    Family { model_type: "xlm-roberta", architecture: "XLMRobertaForSequenceClassification", ..ROBERTA };

/// Martin et al. 2019, arXiv:1911.03894: `RoBERTa` in French, its tensors under the same names.
const CAMEMBERT: Family =
    Family { model_type: "camembert", architecture: "CamembertForSequenceClassification", ..ROBERTA };

/// Sanh et al. 2019, arXiv:1910.01108.
const DISTILBERT: Family = Family {
    model_type: "distilbert",
    architecture: "DistilBertForSequenceClassification",
    prefix: "distilbert.",
    fields: FieldNames::DistilBert,
    token_types: TokenTypes::None,
    layer_path: "transformer.layer.{}.",
    layer: LayerNames {
        query: "attention.q_lin",
        key: "attention.k_lin",
        value: "attention.v_lin",
        attention_output: "attention.out_lin",
        attention_norm: "sa_layer_norm",
        inner: "ffn.lin1",
        output: "ffn.lin2",
        output_norm: "output_layer_norm",
    },
    head: DISTILBERT_HEAD,
    ..BERT
};

/// Song et al. 2020, arXiv:2004.09297; the relative position bias is T5's, arXiv:1910.10683.
const MPNET: Family = Family {
    model_type: "mpnet",
    architecture: "MPNetForSequenceClassification",
    prefix: "mpnet.",
    token_types: TokenTypes::None,
    // Its padding id, 1, is fixed in `transformers`.
    first_position: FirstPosition::Fixed(2),
    padding: 1,
    relative_bias: true,
    layer: LayerNames {
        query: "attention.attn.q",
        key: "attention.attn.k",
        value: "attention.attn.v",
        attention_output: "attention.attn.o",
        attention_norm: "attention.LayerNorm",
        inner: "intermediate.dense",
        output: "output.dense",
        output_norm: "output.LayerNorm",
    },
    head: ROBERTA_HEAD,
    ..BERT
};

/// Lan et al. 2019, arXiv:1909.11942.
const ALBERT: Family = Family {
    model_type: "albert",
    architecture: "AlbertForSequenceClassification",
    prefix: "albert.",
    factorised: true,
    // One group of one inner layer, which every layer uses.
    layer_path: "encoder.albert_layer_groups.0.albert_layers.0.",
    layer: LayerNames {
        query: "attention.query",
        key: "attention.key",
        value: "attention.value",
        attention_output: "attention.dense",
        attention_norm: "attention.LayerNorm",
        inner: "ffn",
        output: "ffn_output",
        output_norm: "full_layer_layer_norm",
    },
    head: POOLER_ALONE_HEAD,
    ..BERT
};

/// The family of a `model_type`.
#[must_use]
pub fn family(model_type: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.model_type == model_type)
}
