//! What sets one encoder family apart from another: how its tensors are called and where positions begin.
//!
//! A new family is one more [`Family`] here, and a block in [`onnx`](super::onnx) where it computes
//! something that the others don't.

/// A family of encoders, as named by `model_type` in `config.json`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Family {
    /// `model_type` of its `config.json`.
    pub(crate) model_type: &'static str,
    /// Prefix that some files put before every tensor name.
    pub(crate) prefix: &'static str,
    /// Whether token type (segment) embeddings are added.
    pub(crate) token_types: bool,
    /// Row of the position table that the first token uses.
    pub(crate) first_position: usize,
    /// Whether attention adds a learned bias by relative position.
    pub(crate) relative_bias: bool,
    /// Names inside `encoder.layer.N.`.
    pub(crate) layer: LayerNames,
}

/// Tensor names of one layer, after `encoder.layer.N.` and before `.weight` and `.bias`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LayerNames {
    pub(crate) query: &'static str,
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    pub(crate) attention_output: &'static str,
    pub(crate) attention_norm: &'static str,
    pub(crate) inner: &'static str,
    pub(crate) output: &'static str,
    pub(crate) output_norm: &'static str,
}

/// Every family that can be loaded.
pub(crate) static FAMILIES: [Family; 2] = [BERT, MPNET];

/// Devlin et al. 2018, arXiv:1810.04805.
const BERT: Family = Family {
    model_type: "bert",
    prefix: "bert.",
    token_types: true,
    first_position: 0,
    relative_bias: false,
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
};

/// Song et al. 2020, arXiv:2004.09297; the relative position bias is T5's, arXiv:1910.10683.
const MPNET: Family = Family {
    model_type: "mpnet",
    prefix: "mpnet.",
    token_types: false,
    // fairseq counts positions from the padding token's id, 1, and skips that.
    first_position: 2,
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
};

/// The family of a `model_type`.
pub(crate) fn family(model_type: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.model_type == model_type)
}
