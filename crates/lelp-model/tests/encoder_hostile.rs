//! Broken and hostile encoder folders: each is refused with an error that names the file and the trouble,
//! without a panic and without a large allocation.

#![allow(clippy::unwrap_used)] // a test may panic

use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lelp::ErrorChain;
use lelp_data::Text;
use lelp_model::checkpoint::{EncoderConfigError, EncoderConfigFileError, WeightsError};
use lelp_model::encoder::{Encoder, EncoderError, EncoderLoadOptions};
use lelp_model::tokenizer::{TokenizerError, TokenizerFileError};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};
use tempfile::TempDir;

const WEIGHTS: &str = "model.safetensors";

/// Element type, shape and bytes of a tensor.
type Tensor = (Dtype, Vec<usize>, Vec<u8>);

/// A copy of a small golden encoder, to be broken.
struct Folder(TempDir);

impl Folder {
    fn copy(family: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(family);
        for file in ["config.json", WEIGHTS, "tokenizer.json"] {
            fs::copy(golden.join(file), folder.path().join(file)).unwrap();
        }
        Self(folder)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) -> &Self {
        let mut value = serde_json::from_slice(&fs::read(self.path(file)).unwrap()).unwrap();
        change(&mut value);
        self.write(file, value.to_string())
    }

    fn set(&self, field: &str, value: Value) -> &Self {
        self.edit("config.json", |config| config[field] = value)
    }

    fn load(&self) -> Result<Encoder, EncoderError> {
        Encoder::load(self.0.path(), &EncoderLoadOptions::new(NonZeroUsize::MIN))
    }

    /// The error, which must name `file`, and says nothing twice.
    fn error(&self, file: &str) -> EncoderError {
        let error = self.load().map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(file), "`{error}` does not name {file}");
        if let Some(source) = error.source() {
            assert!(!error.to_string().contains(&source.to_string()), "`{error}` says `{source}` too");
        }
        error
    }

    /// Writes the weights again, each tensor as `change` gives it; none drops it.
    fn rewrite_weights(&self, change: impl Fn(&str, TensorView<'_>) -> Option<Tensor>) -> &Self {
        let bytes = fs::read(self.path(WEIGHTS)).unwrap();
        let changed: Vec<(String, Tensor)> = SafeTensors::deserialize(&bytes)
            .unwrap()
            .tensors()
            .into_iter()
            .filter_map(|(name, tensor)| change(&name, tensor).map(|tensor| (name, tensor)))
            .collect();
        let views = changed.iter().map(|(name, (dtype, shape, data))| {
            (name.as_str(), TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        self.write(WEIGHTS, safetensors::serialize(views, None).unwrap())
    }
}

fn unchanged(tensor: &TensorView<'_>) -> Tensor {
    (tensor.dtype(), tensor.shape().to_vec(), tensor.data().to_vec())
}

fn values(tensor: &TensorView<'_>) -> Vec<f32> {
    tensor.data().as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

#[test]
fn weights_cut_anywhere_are_refused() {
    let whole = fs::read(Folder::copy("encoder_bert").path(WEIGHTS)).unwrap();
    for length in [0, 1, 7, 8, 9, 500, whole.len() / 2, whole.len() - 1] {
        let folder = Folder::copy("encoder_bert");
        let error = folder.write(WEIGHTS, &whole[..length]).error(WEIGHTS);
        // An empty file cannot be mapped on every system.
        assert!(
            matches!(&error, EncoderError::Weights(WeightsError::Format { .. }))
                || (length == 0 && matches!(&error, EncoderError::Weights(WeightsError::File(_)))),
            "{length}: {error}"
        );
    }
}

#[test]
fn a_header_that_claims_two_to_the_sixty_bytes_is_refused_at_once() {
    let folder = Folder::copy("encoder_bert");
    let mut bytes = fs::read(folder.path(WEIGHTS)).unwrap();
    bytes[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    let error = folder.write(WEIGHTS, bytes).error(WEIGHTS);
    assert!(matches!(error, EncoderError::Weights(WeightsError::Format { .. })), "{error}");
}

#[test]
fn a_tensor_that_claims_more_than_the_file_holds_is_refused() {
    let folder = Folder::copy("encoder_bert");
    let huge = 1_u64 << 40;
    let header = format!(
        r#"{{"embeddings.word_embeddings.weight":{{"dtype":"F32","shape":[{huge},{huge}],"data_offsets":[0,{huge}]}}}}"#
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    let error = folder.write(WEIGHTS, bytes).error(WEIGHTS);
    assert!(matches!(error, EncoderError::Weights(WeightsError::Format { .. })), "{error}");
}

#[test]
fn a_missing_tensor_is_named() {
    for (family, name) in [
        ("encoder_bert", "encoder.layer.1.attention.self.key.weight"),
        ("encoder_bert", "embeddings.token_type_embeddings.weight"),
        ("encoder_mpnet", "encoder.relative_attention_bias.weight"),
        ("encoder_mpnet", "encoder.layer.0.attention.LayerNorm.bias"),
    ] {
        let folder = Folder::copy(family);
        folder.rewrite_weights(|tensor, view| (tensor != name).then(|| unchanged(&view)));
        let error = folder.error(WEIGHTS);
        assert!(error.to_string().contains(name), "{error}");
        assert!(matches!(error, EncoderError::Weights(WeightsError::Missing { .. })), "{error}");
    }
}

#[test]
fn a_wrong_shape_is_told_with_both_shapes() {
    let folder = Folder::copy("encoder_bert");
    let error = folder.set("intermediate_size", json!(64)).error(WEIGHTS);
    let text = error.to_string();
    assert!(text.contains("[48, 32]") && text.contains("[64, 32]"), "{text}");
    // More layers than the file has, and a table larger than memory: both fail before anything is made.
    let more = Folder::copy("encoder_bert");
    more.set("num_hidden_layers", json!(1000)).error(WEIGHTS);
    let huge = Folder::copy("encoder_bert");
    huge.set("vocab_size", json!(1 << 24)).error(WEIGHTS);
}

#[test]
fn whole_number_weights_are_refused() {
    let folder = Folder::copy("encoder_bert");
    folder.rewrite_weights(|name, tensor| {
        let (dtype, shape, data) = unchanged(&tensor);
        let dtype = if name == "embeddings.LayerNorm.bias" { Dtype::I32 } else { dtype };
        Some((dtype, shape, data))
    });
    let error = folder.error(WEIGHTS);
    assert!(matches!(error, EncoderError::Weights(WeightsError::Element { .. })), "{error}");
}

/// Half precision loses digits, and nothing else; a prefix before every name changes nothing.
#[test]
fn halves_and_prefixed_names_load_as_the_same_encoder() {
    let texts: [Text<'_>; 2] = ["my card is lost".into(), "why".into()];
    let original = Folder::copy("encoder_bert").load().unwrap().embed(&texts).unwrap();

    let prefixed = Folder::copy("encoder_bert");
    let bytes = fs::read(prefixed.path(WEIGHTS)).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let renamed = tensors.tensors().into_iter().map(|(name, tensor)| (format!("bert.{name}"), tensor));
    prefixed.write(WEIGHTS, safetensors::serialize(renamed, None).unwrap());
    assert_eq!(prefixed.load().unwrap().embed(&texts).unwrap(), original);

    let narrow = |dtype: Dtype, bits: fn(f32) -> u16| {
        let folder = Folder::copy("encoder_bert");
        folder.rewrite_weights(|_, tensor| {
            let data = values(&tensor).iter().flat_map(|&value| bits(value).to_le_bytes()).collect();
            Some((dtype, tensor.shape().to_vec(), data))
        });
        let embeddings = folder.load().unwrap().embed(&texts).unwrap();
        let differences = embeddings.iter().zip(&original).map(|(left, right)| (left - right).abs());
        differences.fold(0.0, f32::max)
    };
    let half = narrow(Dtype::F16, |value| half::f16::from_f32(value).to_bits());
    let brain = narrow(Dtype::BF16, |value| half::bf16::from_f32(value).to_bits());
    assert!(half > 0.0 && half < 5e-3, "{half}");
    assert!(brain > 0.0 && brain < 5e-2, "{brain}");
}

#[test]
fn an_unknown_architecture_is_told_what_is_supported() {
    let folder = Folder::copy("encoder_bert");
    let error = folder.set("model_type", json!("gpt2")).error("config.json");
    assert!(
        ErrorChain(&error).to_string().ends_with("model_type `gpt2` is not supported; supported: bert, roberta, xlm-roberta, camembert, distilbert, mpnet, albert"),
        "{error}"
    );
}

#[test]
fn absurd_configs_are_refused() {
    let absurd = [
        ("hidden_size", json!(0)),
        ("num_attention_heads", json!(0)),
        ("num_attention_heads", json!(5)),
        ("vocab_size", json!(u64::MAX)),
        ("vocab_size", json!(-1)),
        ("max_position_embeddings", json!(0)),
        ("layer_norm_eps", json!(0.0)),
        ("layer_norm_eps", json!(-1.0)),
        ("hidden_act", json!("mish")),
        ("position_embedding_type", json!("relative_key")),
        ("is_decoder", json!(true)),
        ("hidden_size", json!("32")),
    ];
    for (field, value) in absurd {
        let folder = Folder::copy("encoder_bert");
        let error = folder.set(field, value.clone()).error("config.json");
        assert!(
            matches!(error, EncoderError::Config(EncoderConfigFileError::Invalid { .. })),
            "{field} {value}: {error}"
        );
    }
    let folder = Folder::copy("encoder_mpnet");
    let error = folder.set("max_position_embeddings", json!(2)).error("config.json");
    assert!(
        matches!(
            error,
            EncoderError::Config(EncoderConfigFileError::Invalid {
                source: EncoderConfigError::Positions { .. },
                ..
            })
        ),
        "{error}"
    );
}

#[test]
fn files_that_are_not_json_or_not_there_are_named() {
    for file in ["config.json", "tokenizer.json"] {
        Folder::copy("encoder_bert").write(file, b"{\"a\":").error(file);
        Folder::copy("encoder_bert").write(file, b"\xff\xfe\x00").error(file);
    }
    for file in ["config.json", "tokenizer.json", WEIGHTS] {
        let folder = Folder::copy("encoder_bert");
        fs::remove_file(folder.path(file)).unwrap();
        assert!(matches!(
            folder.error(file),
            EncoderError::Config(EncoderConfigFileError::File(_))
                | EncoderError::Tokenizer(TokenizerFileError::File(_))
                | EncoderError::Weights(WeightsError::File(_))
        ));
    }
}

#[test]
fn a_token_of_another_vocabulary_is_refused_with_both_numbers() {
    let folder = Folder::copy("encoder_bert");
    folder.edit("tokenizer.json", |tokenizer| tokenizer["model"]["vocab"]["foreign"] = json!(30521));
    let encoder = folder.load().unwrap();
    encoder.embed(&["my card".into()]).unwrap();
    let text = encoder.embed(&["foreign".into()]).unwrap_err().to_string();
    assert!(text.contains("`foreign` has id 30521") && text.contains("vocabulary of 65"), "{text}");
}

/// A template may add ids that are in no vocabulary.
#[test]
fn special_tokens_outside_the_table_are_refused_when_they_come() {
    let folder = Folder::copy("encoder_bert");
    folder.edit("tokenizer.json", |tokenizer| {
        tokenizer["post_processor"]["special_tokens"]["[CLS]"]["ids"] = json!([4_000_000_000_u32]);
    });
    let error = folder.load().unwrap().embed(&["my card".into()]).unwrap_err();
    assert!(error.to_string().contains("4000000000"), "{error}");
}

#[test]
fn a_max_length_without_room_for_a_word_is_refused() {
    let folder = Folder::copy("encoder_bert");
    folder.write("sentence_bert_config.json", r#"{"max_seq_length": 3}"#);
    let error = folder.error("tokenizer.json");
    let EncoderError::Tokenizer(TokenizerFileError::Invalid { source, .. }) = error else {
        panic!("{error}")
    };
    assert!(matches!(source, TokenizerError::NoRoom { max_length: 3, special: 3 }), "{source}");
}

#[test]
fn modules_that_are_elsewhere_or_somebody_elses_are_refused() {
    let pooling = |path: &str| {
        format!(r#"[{{"idx":1,"name":"1","path":"{path}","type":"sentence_transformers.models.Pooling"}}]"#)
    };
    for path in ["1_Pooling", "../P"] {
        let folder = Folder::copy("encoder_bert");
        folder.write("modules.json", pooling(path));
        let said = folder.error("modules.json").to_string();
        assert!(said.contains(path) && said.contains("choose a pooling"), "{said}");
    }
    let folder = Folder::copy("encoder_bert");
    let inner =
        r#"[{"idx":0,"name":"0","path":"0_Transformer","type":"sentence_transformers.models.Transformer"}]"#;
    folder.write("modules.json", inner);
    assert!(folder.error("modules.json").to_string().contains("encoder in `0_Transformer`; move the files"));
    folder.write("modules.json", r#"[{"idx":0,"name":"0","path":"","type":"custom_st.Transformer"}]"#);
    assert!(folder.error("modules.json").to_string().contains("`custom_st.Transformer`"));
}

#[test]
fn the_folder_says_how_it_is_used() {
    let folder = Folder::copy("encoder_bert");
    folder
        .write("sentence_bert_config.json", r#"{"max_seq_length": 20, "do_lower_case": false}"#)
        .write(
            "modules.json",
            r#"[{"idx":1,"name":"1","path":"P","type":"sentence_transformers.models.Pooling"},
            {"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]"#,
        )
        .write("P/config.json", r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#);
    let encoder = folder.load().unwrap();
    assert_eq!((encoder.max_length(), encoder.normalizes()), (20, true));
    assert_eq!(encoder.pooling(), lelp_model::encoder::Pooling::Cls);

    folder.write("P/config.json", r#"{"pooling_mode_weightedmean_tokens": true}"#);
    assert!(folder.error("config.json").to_string().contains("weightedmean"));
    folder.write("P/config.json", "3").error("config.json");
    folder.write("modules.json", "{}").error("modules.json");
}
