//! Every tensor of an encoder and of its family's classification head: role, name in the file, shape.

use super::config::EncoderConfig;

/// What a module of the network is for. A layer's number counts layers as they run; ALBERT's share their tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Table of tokens.
    WordEmbeddings,
    /// Table of positions.
    PositionEmbeddings,
    /// Table of token types.
    TokenTypeEmbeddings,
    /// Normalisation of the embeddings' sum.
    EmbeddingNorm,
    /// Dense, embedding width to width, behind the normalisation (ALBERT).
    EmbeddingProjection,
    /// Table of the attention bias by bucket of distance, one column a head (`MPNet`).
    RelativeBias,
    /// Dense, of layer N.
    Query(usize),
    /// Dense, of layer N.
    Key(usize),
    /// Dense, of layer N.
    Value(usize),
    /// Dense, of layer N.
    AttentionOutput(usize),
    /// Normalisation behind attention, of layer N.
    AttentionNorm(usize),
    /// Dense, width to inner, of layer N.
    Inner(usize),
    /// Dense, inner to width, of layer N.
    Output(usize),
    /// Normalisation behind the feed-forward block, of layer N.
    OutputNorm(usize),
    /// Dense, width to width, of the classification head.
    HeadHidden,
    /// Dense, width to the given number of outputs, of the classification head.
    HeadOutput(usize),
}

impl Role {
    /// The number of the layer that the module is in, where it is in one.
    #[must_use]
    pub fn layer(mut self) -> Option<usize> {
        self.layer_mut().copied()
    }

    /// The same role in layer `layer`; a role outside the layers stays as it is.
    #[must_use]
    pub fn in_layer(mut self, layer: usize) -> Self {
        if let Some(number) = self.layer_mut() {
            *number = layer;
        }
        self
    }

    fn layer_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Query(layer)
            | Self::Key(layer)
            | Self::Value(layer)
            | Self::AttentionOutput(layer)
            | Self::AttentionNorm(layer)
            | Self::Inner(layer)
            | Self::Output(layer)
            | Self::OutputNorm(layer) => Some(layer),
            Self::WordEmbeddings
            | Self::PositionEmbeddings
            | Self::TokenTypeEmbeddings
            | Self::EmbeddingNorm
            | Self::EmbeddingProjection
            | Self::RelativeBias
            | Self::HeadHidden
            | Self::HeadOutput(_) => None,
        }
    }
}

/// What kind of module it is, and its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKind {
    /// A table of rows: `weight` `[rows, width]`.
    Table {
        /// Rows.
        rows: usize,
        /// Columns.
        width: usize,
    },
    /// `x weight^T + bias`: `weight` `[outputs, inputs]`, `bias` `[outputs]`.
    Dense {
        /// Inputs.
        inputs: usize,
        /// Outputs.
        outputs: usize,
    },
    /// Layer normalisation: `weight` `[width]`, `bias` `[width]`.
    Norm {
        /// Values that are normalised together.
        width: usize,
    },
}

/// A module: its role, its name in a file, its sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// What it is for.
    pub role: Role,
    /// Name in the file of a bare encoder, before `.weight` and `.bias`.
    pub name: String,
    /// What stands before the name in a classifier's file; empty for what belongs to the head alone.
    pub prefix: &'static str,
    /// Kind and sizes.
    pub kind: ModuleKind,
}

/// A tensor of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleTensor {
    /// Name in the file of a bare encoder.
    pub name: String,
    /// Name in the file of a sequence classifier.
    pub classifier_name: String,
    /// Shape in either.
    pub shape: Vec<usize>,
}

impl Module {
    /// The module's `weight`.
    #[must_use]
    pub fn weight(&self) -> ModuleTensor {
        let shape = match self.kind {
            ModuleKind::Table { rows, width } => vec![rows, width],
            ModuleKind::Dense { inputs, outputs } => vec![outputs, inputs],
            ModuleKind::Norm { width } => vec![width],
        };
        self.tensor("weight", shape)
    }

    /// The module's `bias`; a table has none.
    #[must_use]
    pub fn bias(&self) -> Option<ModuleTensor> {
        let length = match self.kind {
            ModuleKind::Table { .. } => return None,
            ModuleKind::Dense { outputs, .. } => outputs,
            ModuleKind::Norm { width } => width,
        };
        Some(self.tensor("bias", vec![length]))
    }

    /// `weight`, then `bias` where there is one.
    pub fn tensors(&self) -> impl Iterator<Item = ModuleTensor> {
        std::iter::once(self.weight()).chain(self.bias())
    }

    fn tensor(&self, part: &str, shape: Vec<usize>) -> ModuleTensor {
        let name = format!("{}.{part}", self.name);
        let classifier_name = format!("{}{name}", self.prefix);
        ModuleTensor { name, classifier_name, shape }
    }
}

impl EncoderConfig {
    /// The module of a role.
    ///
    /// Roles that the family lacks have a name and sizes too; [`modules`](Self::modules) lists what there is.
    #[must_use]
    pub fn module(&self, role: Role) -> Module {
        let (names, head) = (&self.family.layer, &self.family.head);
        let in_layer = |layer: usize, name: &str| {
            format!("{}{name}", self.family.layer_path.replace("{}", &layer.to_string()))
        };
        let name = match role {
            Role::WordEmbeddings => "embeddings.word_embeddings".to_owned(),
            Role::PositionEmbeddings => "embeddings.position_embeddings".to_owned(),
            Role::TokenTypeEmbeddings => "embeddings.token_type_embeddings".to_owned(),
            Role::EmbeddingNorm => "embeddings.LayerNorm".to_owned(),
            Role::EmbeddingProjection => "encoder.embedding_hidden_mapping_in".to_owned(),
            Role::RelativeBias => "encoder.relative_attention_bias".to_owned(),
            Role::Query(layer) => in_layer(layer, names.query),
            Role::Key(layer) => in_layer(layer, names.key),
            Role::Value(layer) => in_layer(layer, names.value),
            Role::AttentionOutput(layer) => in_layer(layer, names.attention_output),
            Role::AttentionNorm(layer) => in_layer(layer, names.attention_norm),
            Role::Inner(layer) => in_layer(layer, names.inner),
            Role::Output(layer) => in_layer(layer, names.output),
            Role::OutputNorm(layer) => in_layer(layer, names.output_norm),
            Role::HeadHidden => head.hidden.to_owned(),
            Role::HeadOutput(_) => head.output.to_owned(),
        };
        let of_head = matches!(role, Role::HeadOutput(_)) || (role == Role::HeadHidden && !head.pooler);
        let prefix = if of_head { "" } else { self.family.prefix };
        Module { role, name, prefix, kind: self.kind(role) }
    }

    fn kind(&self, role: Role) -> ModuleKind {
        let (width, narrow) = (self.width, self.embedding_width);
        let dense = |inputs, outputs| ModuleKind::Dense { inputs, outputs };
        match role {
            Role::WordEmbeddings => ModuleKind::Table { rows: self.vocabulary, width: narrow },
            Role::PositionEmbeddings => ModuleKind::Table { rows: self.positions, width: narrow },
            Role::TokenTypeEmbeddings => ModuleKind::Table { rows: self.token_types, width: narrow },
            Role::EmbeddingNorm => ModuleKind::Norm { width: narrow },
            Role::EmbeddingProjection => dense(narrow, width),
            Role::RelativeBias => ModuleKind::Table {
                rows: self.relative_bias.map_or(0, |bias| bias.buckets),
                width: self.heads,
            },
            Role::AttentionNorm(_) | Role::OutputNorm(_) => ModuleKind::Norm { width },
            Role::Inner(_) => dense(width, self.inner),
            Role::Output(_) => dense(self.inner, width),
            Role::Query(_) | Role::Key(_) | Role::Value(_) | Role::AttentionOutput(_) | Role::HeadHidden => {
                dense(width, width)
            }
            Role::HeadOutput(outputs) => dense(width, outputs),
        }
    }

    /// The modules of the bare encoder, each set of tensors once, in the order they run.
    #[must_use]
    pub fn modules(&self) -> Vec<Module> {
        let mut roles = vec![Role::WordEmbeddings, Role::PositionEmbeddings];
        roles.extend((self.token_types > 0).then_some(Role::TokenTypeEmbeddings));
        roles.push(Role::EmbeddingNorm);
        roles.extend(self.family.factorised.then_some(Role::EmbeddingProjection));
        roles.extend(self.relative_bias.map(|_| Role::RelativeBias));
        let stored = if self.family.factorised { 1 } else { self.layers };
        for layer in 0..stored {
            roles.extend([
                Role::Query(layer),
                Role::Key(layer),
                Role::Value(layer),
                Role::AttentionOutput(layer),
                Role::AttentionNorm(layer),
                Role::Inner(layer),
                Role::Output(layer),
                Role::OutputNorm(layer),
            ]);
        }
        roles.into_iter().map(|role| self.module(role)).collect()
    }

    /// The modules of the family's sequence classification head with `outputs` outputs.
    #[must_use]
    pub fn head_modules(&self, outputs: usize) -> [Module; 2] {
        [self.module(Role::HeadHidden), self.module(Role::HeadOutput(outputs))]
    }
}
