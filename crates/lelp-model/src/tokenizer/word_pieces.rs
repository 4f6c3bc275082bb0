//! The tokenizer of BERT and similar models from `vocab.txt`, one word piece a line, and `tokenizer_config.json`.

use std::path::Path;

use serde_json::Value;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer};

use super::settings::{Settings, content};
use super::{TokenizerError, TokenizerFileError};
use crate::checkpoint::{EncoderConfig, VOCABULARY};
use lelp_data::storage;

/// Longer words are one unknown token, as in `transformers`.
const LONGEST_WORD: usize = 100;

/// What stands around texts in one family.
struct Kind {
    unknown: &'static str,
    first: &'static str,
    separator: &'static str,
    padding: &'static str,
    mask: &'static str,
    /// How a pair is put together; `F` and `S` are the first token and the separator.
    pair: &'static str,
}

const BERT: Kind = Kind {
    unknown: "[UNK]",
    first: "[CLS]",
    separator: "[SEP]",
    padding: "[PAD]",
    mask: "[MASK]",
    pair: "F $A S $B:1 S:1",
};

const MPNET: Kind = Kind {
    unknown: "[UNK]",
    first: "<s>",
    separator: "</s>",
    padding: "<pad>",
    mask: "<mask>",
    pair: "F $A S S $B S",
};

/// Builds the tokenizer from the files in `folder`.
pub(super) fn load(folder: &Path, config: &EncoderConfig) -> Result<Tokenizer, TokenizerFileError> {
    let path = folder.join(VOCABULARY);
    let settings = Settings::read(folder)?;
    let bytes = storage::map(&path)?;
    build(&bytes, &settings, config.family.model_type)
        .map_err(|source| TokenizerFileError::Invalid { path, source })
}

fn build(
    vocabulary: &[u8],
    settings: &Settings,
    model_type: &'static str,
) -> Result<Tokenizer, TokenizerError> {
    let kind = match model_type {
        "bert" | "distilbert" => BERT,
        "mpnet" => MPNET,
        model_type => return Err(TokenizerError::VocabularyAlone { model_type }),
    };
    let token = |set: &Option<Value>, usual: &str| set.as_ref().and_then(content).unwrap_or(usual).to_owned();
    let unknown = token(&settings.unk_token, kind.unknown);
    let (first, separator) =
        (token(&settings.cls_token, kind.first), token(&settings.sep_token, kind.separator));
    let others = [token(&settings.pad_token, kind.padding), token(&settings.mask_token, kind.mask)];

    let pieces = WordPiece::read_bytes(vocabulary).map_err(TokenizerError::Format)?;
    let id = |token: &String| {
        pieces.get(token).copied().ok_or_else(|| TokenizerError::Special { token: token.clone() })
    };
    let around = vec![(first.clone(), id(&first)?), (separator.clone(), id(&separator)?)];
    id(&unknown)?;
    let special: Vec<String> = [unknown.clone(), first.clone(), separator.clone()]
        .into_iter()
        .chain(others)
        .filter(|token| pieces.contains_key(token))
        .collect();
    let model = WordPiece::builder()
        .vocab(pieces)
        .unk_token(unknown)
        .max_input_chars_per_word(LONGEST_WORD)
        .build()
        .map_err(TokenizerError::Format)?;

    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(Some(normalizer(settings))).map_err(TokenizerError::Format)?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    let special = special.into_iter().map(|token| AddedToken::from(token, true));
    tokenizer.add_special_tokens(special).map_err(TokenizerError::Format)?;
    tokenizer.with_post_processor(Some(template(&kind, &first, &separator, around)?));
    Ok(tokenizer)
}

fn normalizer(settings: &Settings) -> BertNormalizer {
    BertNormalizer::new(
        true,
        settings.tokenize_chinese_chars.unwrap_or(true),
        settings.strip_accents,
        settings.do_lower_case.unwrap_or(true),
    )
}

fn template(
    kind: &Kind,
    first: &str,
    separator: &str,
    around: Vec<(String, u32)>,
) -> Result<TemplateProcessing, TokenizerError> {
    let pieces = |pattern: &str| -> Vec<String> {
        let piece = |piece: &str| match (piece.strip_prefix('F'), piece.strip_prefix('S')) {
            (Some(rest), _) => format!("{first}{rest}"),
            (_, Some(rest)) => format!("{separator}{rest}"),
            _ => piece.to_owned(),
        };
        pattern.split(' ').map(piece).collect()
    };
    TemplateProcessing::builder()
        .try_single(pieces("F $A S"))
        .map_err(|error| TokenizerError::Format(error.into()))?
        .try_pair(pieces(kind.pair))
        .map_err(|error| TokenizerError::Format(error.into()))?
        .special_tokens(around)
        .build()
        .map_err(|error| TokenizerError::Format(error.into()))
}
