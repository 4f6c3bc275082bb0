//! Every tensor of an encoder and of its family's classification head: role, name in the file, shape.

use super::config::EncoderConfig;

/// What a module of the network is for. A layer's number counts layers as they run; ALBERT's share their tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModuleRole {
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

impl ModuleRole {
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
pub struct EncoderModule {
    /// What it is for.
    pub role: ModuleRole,
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

impl EncoderModule {
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
    pub fn module(&self, role: ModuleRole) -> EncoderModule {
        let (names, head) = (&self.family.layer, &self.family.head);
        let in_layer = |layer: usize, name: &str| {
            format!("{}{name}", self.family.layer_path.replace("{}", &layer.to_string()))
        };
        let name = match role {
            ModuleRole::WordEmbeddings => "embeddings.word_embeddings".to_owned(),
            ModuleRole::PositionEmbeddings => "embeddings.position_embeddings".to_owned(),
            ModuleRole::TokenTypeEmbeddings => "embeddings.token_type_embeddings".to_owned(),
            ModuleRole::EmbeddingNorm => "embeddings.LayerNorm".to_owned(),
            ModuleRole::EmbeddingProjection => "encoder.embedding_hidden_mapping_in".to_owned(),
            ModuleRole::RelativeBias => "encoder.relative_attention_bias".to_owned(),
            ModuleRole::Query(layer) => in_layer(layer, names.query),
            ModuleRole::Key(layer) => in_layer(layer, names.key),
            ModuleRole::Value(layer) => in_layer(layer, names.value),
            ModuleRole::AttentionOutput(layer) => in_layer(layer, names.attention_output),
            ModuleRole::AttentionNorm(layer) => in_layer(layer, names.attention_norm),
            ModuleRole::Inner(layer) => in_layer(layer, names.inner),
            ModuleRole::Output(layer) => in_layer(layer, names.output),
            ModuleRole::OutputNorm(layer) => in_layer(layer, names.output_norm),
            ModuleRole::HeadHidden => head.hidden.to_owned(),
            ModuleRole::HeadOutput(_) => head.output.to_owned(),
        };
        let of_head =
            matches!(role, ModuleRole::HeadOutput(_)) || (role == ModuleRole::HeadHidden && !head.pooler);
        let prefix = if of_head { "" } else { self.family.prefix };
        EncoderModule { role, name, prefix, kind: self.kind(role) }
    }

    fn kind(&self, role: ModuleRole) -> ModuleKind {
        let (width, narrow) = (self.width, self.embedding_width);
        let dense = |inputs, outputs| ModuleKind::Dense { inputs, outputs };
        match role {
            ModuleRole::WordEmbeddings => ModuleKind::Table { rows: self.vocabulary, width: narrow },
            ModuleRole::PositionEmbeddings => ModuleKind::Table { rows: self.positions, width: narrow },
            ModuleRole::TokenTypeEmbeddings => ModuleKind::Table { rows: self.token_types, width: narrow },
            ModuleRole::EmbeddingNorm => ModuleKind::Norm { width: narrow },
            ModuleRole::EmbeddingProjection => dense(narrow, width),
            ModuleRole::RelativeBias => ModuleKind::Table {
                rows: self.relative_bias.map_or(0, |bias| bias.buckets),
                width: self.heads,
            },
            ModuleRole::AttentionNorm(_) | ModuleRole::OutputNorm(_) => ModuleKind::Norm { width },
            ModuleRole::Inner(_) => dense(width, self.inner),
            ModuleRole::Output(_) => dense(self.inner, width),
            ModuleRole::Query(_)
            | ModuleRole::Key(_)
            | ModuleRole::Value(_)
            | ModuleRole::AttentionOutput(_)
            | ModuleRole::HeadHidden => dense(width, width),
            ModuleRole::HeadOutput(outputs) => dense(width, outputs),
        }
    }

    /// The modules of the bare encoder, each set of tensors once, in the order they run.
    #[must_use]
    pub fn modules(&self) -> Vec<EncoderModule> {
        let mut roles = vec![ModuleRole::WordEmbeddings, ModuleRole::PositionEmbeddings];
        roles.extend((self.token_types > 0).then_some(ModuleRole::TokenTypeEmbeddings));
        roles.push(ModuleRole::EmbeddingNorm);
        roles.extend(self.family.factorised.then_some(ModuleRole::EmbeddingProjection));
        roles.extend(self.relative_bias.map(|_| ModuleRole::RelativeBias));
        let stored = if self.family.factorised { 1 } else { self.layers };
        for layer in 0..stored {
            roles.extend([
                ModuleRole::Query(layer),
                ModuleRole::Key(layer),
                ModuleRole::Value(layer),
                ModuleRole::AttentionOutput(layer),
                ModuleRole::AttentionNorm(layer),
                ModuleRole::Inner(layer),
                ModuleRole::Output(layer),
                ModuleRole::OutputNorm(layer),
            ]);
        }
        roles.into_iter().map(|role| self.module(role)).collect()
    }

    /// The modules of the family's sequence classification head with `outputs` outputs.
    #[must_use]
    pub fn head_modules(&self, outputs: usize) -> [EncoderModule; 2] {
        [self.module(ModuleRole::HeadHidden), self.module(ModuleRole::HeadOutput(outputs))]
    }
}
