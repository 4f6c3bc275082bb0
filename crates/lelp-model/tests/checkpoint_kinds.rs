//! Checkpoints as people bring them: read as `transformers` and sentence-transformers read them, or refused with the line
//! that helps.

#![allow(clippy::unwrap_used)] // a test may panic

mod golden;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use golden::{Golden, WEIGHTS, close, copy, edit_config};
use lelp::ErrorChain;
use lelp_model::Predictor;
use lelp_model::checkpoint::EncoderConfig;
use lelp_model::encoder::{Encoder, EncoderError, EncoderLoadOptions, Pooling};
use lelp_model::encoder_classifier::EncoderClassifier;
use lelp_model::tokenizer::Tokenizer;
use serde_json::{Value, json};
use tempfile::TempDir;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn write(folder: &TempDir, file: &str, content: &Value) {
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content.to_string()).unwrap();
}

fn edit(folder: &TempDir, file: &str, change: impl FnOnce(&mut Value)) {
    let mut content = serde_json::from_slice(&fs::read(folder.path().join(file)).unwrap()).unwrap();
    change(&mut content);
    write(folder, file, &content);
}

fn classifier_error(folder: &Path) -> String {
    ErrorChain(&EncoderClassifier::load(folder, ONE).unwrap_err()).to_string()
}

fn logits(folder: &Path, text: &str) -> Vec<f32> {
    EncoderClassifier::load(folder, ONE).unwrap().logits_of_texts(&[text.into()]).unwrap()
}

fn encoder(folder: &TempDir) -> Result<Encoder, EncoderError> {
    Encoder::load(folder.path(), &EncoderLoadOptions::new(ONE))
}

fn encoder_error(folder: &TempDir) -> String {
    ErrorChain(&encoder(folder).unwrap_err()).to_string()
}

fn embedding(folder: &TempDir, text: &str) -> Vec<f32> {
    encoder(folder).unwrap().embed(&[text.into()]).unwrap()
}

#[test]
fn camembert_is_roberta_under_another_name() {
    for family in ["roberta", "xlm-roberta"] {
        let golden = Golden::read(family);
        let work = copy(family);
        edit_config(work.path(), |config| {
            config["model_type"] = json!("camembert");
            config["architectures"] = json!(["CamembertForSequenceClassification"]);
        });
        let teacher = EncoderClassifier::load(work.path(), ONE).unwrap();
        close(family, &teacher.logits_of_texts(&golden.texts()).unwrap(), &golden.floats("logits").values);
    }
}

#[test]
fn names_that_training_wrapped_are_the_same_tensors() {
    let whole = logits(&golden::folder("bert"), "my card");
    for wrapper in ["module.", "_orig_mod.", "module._orig_mod.", "module.module.", "model.", "module.model."]
    {
        let work = copy("bert");
        let tensors = golden::read_weights(work.path()).into_iter();
        let wrapped = tensors.map(|(name, tensor)| (format!("{wrapper}{name}"), tensor)).collect();
        golden::write_weights(&work.path().join(WEIGHTS), &wrapped);
        assert_eq!(logits(work.path(), "my card"), whole, "{wrapper}");
    }
    // Compiled in part: the wrapper stands inside the name.
    let work = copy("bert");
    let tensors = golden::read_weights(work.path()).into_iter();
    let wrapped = tensors.map(|(name, tensor)| (name.replace("bert.", "bert._orig_mod."), tensor)).collect();
    golden::write_weights(&work.path().join(WEIGHTS), &wrapped);
    assert_eq!(logits(work.path(), "my card"), whole);
}

#[test]
fn a_pointer_of_git_lfs_and_an_adapter_are_named() {
    let work = copy("bert");
    for file in [WEIGHTS, "tokenizer.json", "config.json"] {
        let path = work.path().join(file);
        let own = fs::read(&path).unwrap();
        fs::write(&path, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n").unwrap();
        for said in [classifier_error(work.path()), encoder_error(&work)] {
            let pointer =
                format!("{file}` is a pointer of Git LFS: fetch the file itself with `git lfs pull`");
            assert!(said.contains(&pointer), "{said}");
        }
        fs::write(&path, own).unwrap();
    }
    fs::write(work.path().join("adapter_config.json"), "{}").unwrap();
    for file in [WEIGHTS, "config.json"] {
        fs::remove_file(work.path().join(file)).unwrap();
        let said = encoder_error(&work);
        assert!(said.contains("holds an adapter alone; merge it into its model"), "{said}");
    }
    let refusal = |file: &str, content: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file), content).unwrap();
        lelp_model::load_model(folder.path(), ONE).map(|_| ()).unwrap_err().to_string()
    };
    let adapter = refusal("adapter_config.json", r#"{"peft_type": "LORA"}"#);
    assert!(adapter.contains("holds no model: an adapter alone; merge it"), "{adapter}");
    let config = refusal("config.json", r#"{"hidden_size": 8}"#);
    assert!(config.contains("its `config.json` has no `model_type`"), "{config}");
    let nothing = refusal("notes.txt", "nothing");
    assert!(nothing.contains("are those of none of ngram"), "{nothing}");
}

#[test]
fn weights_in_another_format_are_refused_with_the_program_that_converts_them() {
    for (file, program) in [
        ("pytorch_model.bin", "torch.load("),
        ("pytorch_model.bin.index.json", "glob.glob("),
        ("tf_model.h5", "from_tf=True"),
        ("flax_model.msgpack", "from_flax=True"),
    ] {
        let work = copy("bert");
        fs::rename(work.path().join(WEIGHTS), work.path().join(file)).unwrap();
        let said = classifier_error(work.path());
        assert!(said.contains(file) && said.contains("python3 -c") && said.contains(program), "{said}");
        assert!(said.contains(&work.path().display().to_string()), "{said}");
    }
}

#[test]
fn a_tokenizer_in_another_format_is_refused_with_the_program_that_converts_it() {
    for file in ["sentencepiece.bpe.model", "spiece.model", "vocab.json", "bpe.codes"] {
        let work = copy("xlm-roberta");
        fs::rename(work.path().join("tokenizer.json"), work.path().join(file)).unwrap();
        let said = classifier_error(work.path());
        assert!(said.contains(file) && said.contains("save_pretrained("), "{said}");
    }
}

#[test]
fn numbers_in_id2label_are_names() {
    let work = copy("bert");
    edit_config(work.path(), |config| {
        let outputs = config["id2label"].as_object().unwrap().len();
        let names = (0..outputs).map(|output| (output.to_string(), json!(output + 1)));
        config["id2label"] = Value::Object(names.collect());
    });
    let teacher = EncoderClassifier::load(work.path(), ONE).unwrap();
    assert_eq!(teacher.labels()[..2], ["1", "2"]);
    edit_config(work.path(), |config| config["id2label"]["0"] = json!(["no"]));
    let said = classifier_error(work.path());
    assert!(said.contains("output 0") && said.contains("[\"no\"]"), "{said}");
}

/// `vocab.txt` of the word pieces in `tokenizer.json`, without that.
fn with_vocabulary(family: &str) -> (TempDir, usize) {
    let work = copy(family);
    let path = work.path().join("tokenizer.json");
    let tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap();
    let size = 1 + vocabulary.values().filter_map(Value::as_u64).max().unwrap() as usize;
    let mut lines: Vec<String> = (0..size).map(|id| format!("[unused{id}]")).collect();
    for (piece, id) in vocabulary {
        lines[id.as_u64().unwrap() as usize].clone_from(piece);
    }
    fs::remove_file(path).unwrap();
    fs::write(work.path().join("vocab.txt"), lines.join("\n")).unwrap();
    (work, size)
}

/// Ids of `text` in the tokenizer of `folder`, special tokens left out.
fn ids(folder: &Path, text: &str) -> Vec<u32> {
    let config = EncoderConfig::load(folder).unwrap();
    let tokenizer = Tokenizer::load(folder, &config, usize::MAX).unwrap();
    let tokens = tokenizer.encode(&[text.into()], ONE).unwrap().remove(0).ids;
    tokens[1..tokens.len() - 1].to_vec()
}

#[test]
fn added_tokens_are_tokens_wherever_they_are_listed() {
    let decoder =
        |id: usize| json!({"added_tokens_decoder": {id.to_string(): {"content": "@USER", "special": false}}});
    let listed = |id: usize| json!({"@USER": id});
    for file in ["tokenizer_config.json", "added_tokens.json"] {
        let content = |id| if file == "added_tokens.json" { listed(id) } else { decoder(id) };
        let (work, size) = with_vocabulary("bert");
        edit_config(work.path(), |config| config["vocab_size"] = json!(size + 1));
        let without = ids(work.path(), "my @USER card");
        assert!(without.iter().all(|&id| (id as usize) < size));
        write(&work, file, &content(size));
        // The tokenizer lowers letters, those of the added token too.
        let expected = [ids(work.path(), "my"), vec![u32::try_from(size).unwrap()], ids(work.path(), "card")];
        assert_eq!(ids(work.path(), "my @USER card"), expected.concat(), "{file}");
        assert_eq!(ids(work.path(), "my @user card"), expected.concat(), "{file}");

        write(&work, file, &content(size + 5));
        let said = classifier_error(work.path());
        assert!(said.contains(file) && said.contains("`@USER`"), "{said}");
        assert!(said.contains(&(size + 5).to_string()) && said.contains(&size.to_string()), "{said}");
    }
    // Beside a `tokenizer.json` that lacks them, too; this one has a hole among its ids.
    let work = copy("bert");
    let tokenizer: Value =
        serde_json::from_slice(&fs::read(work.path().join("tokenizer.json")).unwrap()).unwrap();
    let pieces = tokenizer["model"]["vocab"].as_object().unwrap().len();
    write(&work, "added_tokens.json", &listed(pieces));
    assert!(ids(work.path(), "my @USER card").contains(&u32::try_from(pieces).unwrap()));
}

#[test]
fn a_token_that_the_table_lacks_is_refused_when_it_comes() {
    let (work, size) = with_vocabulary("bert");
    let path = work.path().join("vocab.txt");
    let table = EncoderConfig::load(work.path()).unwrap().vocabulary;
    let unused: Vec<String> = (size..table).map(|id| format!("\n[unused{id}]")).collect();
    fs::write(&path, fs::read_to_string(&path).unwrap() + &unused.concat() + "\nextra").unwrap();
    assert!(logits(work.path(), "my card").iter().all(|logit| logit.is_finite()));
    let teacher = EncoderClassifier::load(work.path(), ONE).unwrap();
    let said = teacher.logits_of_texts(&["my card".into(), "extra".into()]).unwrap_err().to_string();
    assert!(
        said.contains("text 1") && said.contains("`extra`") && said.contains(&table.to_string()),
        "{said}"
    );
}

#[test]
fn the_settings_of_berts_tokenizer_win_over_its_file() {
    let work = copy("bert");
    let upper = ids(work.path(), "MY CARD");
    assert_eq!(upper, ids(work.path(), "my card"));
    write(
        &work,
        "tokenizer_config.json",
        &json!({"do_lower_case": false, "tokenizer_class": "BertTokenizerFast"}),
    );
    assert_ne!(ids(work.path(), "MY CARD"), upper);
    write(
        &work,
        "tokenizer_config.json",
        &json!({"do_lower_case": false, "tokenizer_class": "PreTrainedTokenizerFast"}),
    );
    assert_eq!(ids(work.path(), "MY CARD"), upper);
}

#[test]
fn texts_are_cut_to_the_model_max_length() {
    let (long, short) = ("my card is lost where is my pin", "my card is lost");
    for (length, expected) in [(json!(6), 6), (json!(1e30), 24), (json!(1000), 24), (Value::Null, 24)] {
        let work = copy("bert");
        write(&work, "tokenizer_config.json", &json!({"model_max_length": length}));
        let teacher = EncoderClassifier::load(work.path(), ONE).unwrap();
        assert_eq!(teacher.encoder().max_length(), expected, "{length}");
        let same = teacher.logits_of_texts(&[long.into()]).unwrap()
            == teacher.logits_of_texts(&[short.into()]).unwrap();
        assert_eq!(same, expected == 6, "{length}");
        assert_eq!(encoder(&work).unwrap().max_length(), expected, "{length}");
    }
    // What sentence-transformers is told comes first.
    let work = copy("bert");
    write(&work, "tokenizer_config.json", &json!({"model_max_length": 6}));
    write(&work, "sentence_bert_config.json", &json!({"max_seq_length": 9}));
    assert_eq!(encoder(&work).unwrap().max_length(), 9);
}

#[test]
fn what_is_not_computed_is_refused_until_a_pooling_is_chosen() {
    let module = |kind: &str, path: &str| json!({"idx": 0, "name": "", "path": path, "type": format!("sentence_transformers.models.{kind}")});
    let chosen = EncoderLoadOptions { pooling: Some(Pooling::Mean), ..EncoderLoadOptions::new(ONE) };
    let plain = embedding(&copy("encoder_bert"), "my card");
    for kind in ["Dense", "LayerNorm", "WeightedLayerPooling", "CNN"] {
        let work = copy("encoder_bert");
        write(
            &work,
            "modules.json",
            &json!([module("Transformer", ""), module("Pooling", "1_Pooling"), module(kind, "2")]),
        );
        let said = encoder(&work).unwrap_err().to_string();
        assert!(
            said.contains("modules.json") && said.contains(kind) && said.contains("mean, cls or max"),
            "{said}"
        );
        let without = Encoder::load(work.path(), &chosen).unwrap();
        assert_eq!(without.embed(&["my card".into()]).unwrap(), plain, "{kind}");
    }
    let work = copy("encoder_bert");
    write(&work, "1_Pooling/config.json", &json!({"pooling_mode": "lasttoken"}));
    assert!(encoder(&work).unwrap_err().to_string().contains("lasttoken"));
    assert_eq!(Encoder::load(work.path(), &chosen).unwrap().embed(&["my card".into()]).unwrap(), plain);
}

#[test]
fn a_default_prompt_stands_before_every_text() {
    let plain = copy("encoder_bert");
    let work = copy("encoder_bert");
    let prompts = |default: Value| json!({"prompts": {"query": "where is ", "other": "not "}, "default_prompt_name": default});
    write(&work, "config_sentence_transformers.json", &prompts(json!("query")));
    assert_eq!(encoder(&work).unwrap().preparation().prompt, "where is ");
    assert_eq!(embedding(&work, "my card"), embedding(&plain, "where is my card"));
    // No prompt is the default unless it is named.
    for default in [Value::Null, json!("none of them")] {
        write(&work, "config_sentence_transformers.json", &prompts(default));
        assert_eq!(embedding(&work, "my card"), embedding(&plain, "my card"));
    }
    write(
        &work,
        "config_sentence_transformers.json",
        &json!({"prompts": {"query": ""}, "default_prompt_name": "query"}),
    );
    assert_eq!(embedding(&work, "my card"), embedding(&plain, "my card"));
    let long = json!({"prompts": {"query": "where ".repeat(200_000)}, "default_prompt_name": "query"});
    write(&work, "config_sentence_transformers.json", &long);
    let said = encoder_error(&work);
    assert!(said.contains("a prompt of 1200000 bytes before every text; use 16384 or fewer"), "{said}");
}

#[test]
fn texts_are_lowered_where_sentence_transformers_lowers_them() {
    let work = copy("encoder_bert");
    edit(&work, "tokenizer.json", |tokenizer| tokenizer["normalizer"]["lowercase"] = json!(false));
    let lower = embedding(&work, "my card");
    assert_ne!(embedding(&work, "My CARD"), lower);
    write(&work, "sentence_bert_config.json", &json!({"do_lower_case": true}));
    assert_eq!(embedding(&work, "My CARD"), lower);
}

#[test]
fn a_saved_tokenizer_cuts_to_its_own_length_and_pads_nothing() {
    let work = copy("bert");
    edit(&work, "tokenizer.json", |tokenizer| {
        tokenizer["truncation"] =
            json!({"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0});
        tokenizer["padding"] = json!({
            "strategy": {"Fixed": 128}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0,
            "pad_token": "[PAD]"
        });
    });
    write(&work, "tokenizer_config.json", &json!({"model_max_length": 3, "cls_token": "[CLS]"}));
    let config = EncoderConfig::load(work.path()).unwrap();
    let tokenizer = Tokenizer::load(work.path(), &config, 17).unwrap();
    let to = tempfile::tempdir().unwrap();
    tokenizer.save(work.path(), to.path()).unwrap();
    let saved: Value = serde_json::from_slice(&fs::read(to.path().join("tokenizer.json")).unwrap()).unwrap();
    assert_eq!((&saved["truncation"]["max_length"], &saved["padding"]), (&json!(17), &Value::Null));
    let settings: Value =
        serde_json::from_slice(&fs::read(to.path().join("tokenizer_config.json")).unwrap()).unwrap();
    assert_eq!(settings, json!({"model_max_length": 17, "cls_token": "[CLS]"}));
    // The tokenizer that was saved is the tokenizer.
    let again = Tokenizer::load(to.path(), &config, 17).unwrap();
    assert_eq!(again.to_bytes(), tokenizer.to_bytes());
    let texts = ["my card is lost ".repeat(9), "pin".to_owned()];
    let texts: Vec<lelp_data::Text<'_>> = texts.iter().map(|text| text.as_str().into()).collect();
    assert_eq!(again.encode(&texts, ONE).unwrap(), tokenizer.encode(&texts, ONE).unwrap());
}

#[test]
fn an_encoder_is_told_from_others_by_every_file_that_decides() {
    let identity = |work: &TempDir| encoder(work).unwrap().identity(work.path()).unwrap();
    let work = copy("encoder_bert");
    let own = identity(&work);
    assert_eq!(identity(&copy("encoder_bert")), own);
    edit(&work, "tokenizer.json", |tokenizer| tokenizer["normalizer"]["lowercase"] = json!(false));
    let cased = identity(&work);
    edit(&work, "config.json", |config| config["hidden_act"] = json!("relu"));
    let relu = identity(&work);
    write(&work, "sentence_bert_config.json", &json!({"do_lower_case": true}));
    let lowered = identity(&work);
    write(&work, "modules.json", &json!([{"type": "sentence_transformers.models.Normalize"}]));
    let all = [own, cased, relu, lowered, identity(&work)];
    for (place, identity) in all.iter().enumerate() {
        assert!(!all[..place].contains(identity), "change {place} is not seen");
    }
}
