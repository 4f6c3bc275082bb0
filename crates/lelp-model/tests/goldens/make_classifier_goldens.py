"""Makes the classifier goldens beside this file: a small random sequence classifier of each family, and what PyTorch
answers and learns on it.

Set up and run:
    pip install torch transformers tokenizers safetensors
    python make_classifier_goldens.py

Each folder is named for its `model_type` and is a Hugging Face classifier (config.json, model.safetensors,
tokenizer.json) with random weights, width 16 and 2 layers (3 in ALBERT, which share theirs). Its `golden.safetensors`:
    input_ids, attention_mask   i64 [rows, tokens], padded on the right; token_type_ids where the model takes them
    hidden                      f32 [rows, tokens, 16], the encoder's output, 0 where the mask is
    embedding                   f32 [rows, 16], what goes into the last linear layer
    logits, labels              f32 [rows, classes], i64 [rows]
    grad.NAME                   the gradient of the mean cross-entropy by tensor NAME of model.safetensors
and, as metadata, `texts`: the rows as JSON [[text, pair or null], ..]. Nothing is dropped out.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AlbertConfig,
    AlbertForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    MPNetConfig,
    MPNetForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from make_encoder_goldens import WORDS, spread, tokenizer

HERE = Path(__file__).parent
SEED = 20241007
LONGEST = 24
TEXTS = [
    ("my card is lost", None),
    ("where is my new pin?", None),
    ("a good film, not bad!", "the film is good"),
    ("why", None),
    ("the bank top up is not there and my money is lost, where is the money and why is the card not new", None),
]
CORPUS = [text for pair in TEXTS for text in pair if text] * 3
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
FAIRSEQ_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
BERT_TEMPLATE = {"single": "[CLS] $A [SEP]", "pair": "[CLS] $A [SEP] $B:1 [SEP]:1"}


def byte_pairs() -> Tokenizer:
    """RoBERTa's kind: byte-level BPE."""
    result = Tokenizer(models.BPE())
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    result.decoder = decoders.ByteLevel()
    result.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=64, special_tokens=FAIRSEQ_SPECIAL))
    result.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return result


def unigrams(special: list[str], unknown: str, template: dict[str, str]) -> Tokenizer:
    """The kind of XLM-R and ALBERT: unigrams of SentencePiece, with scores made up (training them gives others each
    time)."""
    pieces = [(token, 0.0) for token in special]
    pieces += [(f"\u2581{word}", -2.0 - 0.1 * place) for place, word in enumerate(WORDS)]
    pieces += [(letter, -9.0 - 0.1 * place) for place, letter in enumerate("\u2581abcdefghijklmnopqrstuvwxyz!?.,'")]
    result = Tokenizer(models.Unigram(pieces, special.index(unknown), False))
    result.normalizer = normalizers.NFKC()
    result.pre_tokenizer = pre_tokenizers.Metaspace()
    result.add_special_tokens(special)
    result.post_processor = processors.TemplateProcessing(
        single=template["single"],
        pair=template["pair"],
        special_tokens=[(token, result.token_to_id(token)) for token in special],
    )
    return result


def sizes(tokens: Tokenizer, classes: list[str], first_position: int = 0) -> dict:
    return {
        "vocab_size": max(tokens.get_vocab().values()) + 1,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": LONGEST + first_position,
        "initializer_range": 0.3,
        "attn_implementation": "eager",
        "id2label": dict(enumerate(classes)),
        "label2id": {name: place for place, name in enumerate(classes)},
    }


def bert():
    tokens = tokenizer(BERT_SPECIAL, BERT_TEMPLATE)
    return BertForSequenceClassification(BertConfig(**sizes(tokens, ["bad", "fair", "good"]))), tokens


def roberta():
    tokens = byte_pairs()
    config = RobertaConfig(**sizes(tokens, ["bad", "good"], 2), type_vocab_size=1, layer_norm_eps=1e-5)
    return RobertaForSequenceClassification(config), tokens


def xlm_roberta():
    template = {"single": "<s> $A </s>", "pair": "<s> $A </s> </s> $B </s>"}
    tokens = unigrams(FAIRSEQ_SPECIAL, "<unk>", template)
    config = XLMRobertaConfig(**sizes(tokens, ["bad", "fair", "good"], 2), type_vocab_size=1, layer_norm_eps=1e-5)
    return XLMRobertaForSequenceClassification(config), tokens


def distilbert():
    tokens = tokenizer(BERT_SPECIAL, BERT_TEMPLATE)
    usual = sizes(tokens, ["bad", "good"])
    for name, own in [
        ("hidden_size", "dim"),
        ("num_hidden_layers", "n_layers"),
        ("num_attention_heads", "n_heads"),
        ("intermediate_size", "hidden_dim"),
    ]:
        usual[own] = usual.pop(name)
    return DistilBertForSequenceClassification(DistilBertConfig(**usual)), tokens


def mpnet():
    template = {"single": "<s> $A </s>", "pair": "<s> $A </s> </s> $B </s>"}
    tokens = tokenizer(["<s>", "<pad>", "</s>", "[UNK]", "<mask>"], template)
    config = MPNetConfig(**sizes(tokens, ["bad", "good"], 2), layer_norm_eps=1e-5)
    return MPNetForSequenceClassification(config), tokens


def albert():
    tokens = unigrams(["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], "<unk>", BERT_TEMPLATE)
    settings = {**sizes(tokens, ["bad", "fair", "good"]), "num_hidden_layers": 3, "embedding_size": 8}
    return AlbertForSequenceClassification(AlbertConfig(**settings)), tokens


def batch(tokens: Tokenizer, padding: int, takes_types: bool) -> dict[str, torch.Tensor]:
    """All texts, padded on the right to the longest."""
    tokens.enable_truncation(LONGEST)
    rows = [tokens.encode(text, pair) for text, pair in TEXTS]
    tokens.no_truncation()
    longest = max(len(row.ids) for row in rows)
    pad = lambda values, filler: values + [filler] * (longest - len(values))
    inputs = {
        "input_ids": torch.tensor([pad(row.ids, padding) for row in rows]),
        "attention_mask": torch.tensor([pad([1] * len(row.ids), 0) for row in rows]),
    }
    if takes_types:
        inputs["token_type_ids"] = torch.tensor([pad(row.type_ids, 0) for row in rows])
    return inputs


def golden(model, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    kind, classes = model.config.model_type, model.config.num_labels
    labels = torch.tensor([row % classes for row in range(len(TEXTS))])
    last = model.classifier.out_proj if kind in ("roberta", "xlm-roberta", "mpnet") else model.classifier
    seen = {}
    last.register_forward_pre_hook(lambda _, given: seen.update(embedding=given[0]))
    model.base_model.register_forward_hook(lambda _, __, output: seen.update(hidden=output[0]))
    logits = model(**inputs).logits
    torch.nn.functional.cross_entropy(logits, labels).backward()
    outputs = {
        **inputs,
        "hidden": seen["hidden"] * inputs["attention_mask"][:, :, None],
        "embedding": seen["embedding"],
        "logits": logits,
        "labels": labels,
    }
    gradients = {f"grad.{name}": value.grad for name, value in model.named_parameters()}
    missing = [name for name, gradient in gradients.items() if gradient is None]
    assert not missing, missing
    return {name: value.detach().contiguous() for name, value in (outputs | gradients).items()}


def main() -> None:
    for make in [bert, roberta, xlm_roberta, distilbert, mpnet, albert]:
        torch.manual_seed(SEED)
        model, tokens = make()
        spread(model)
        model.eval()
        kind = model.config.model_type
        inputs = batch(tokens, model.config.pad_token_id, kind in ("bert", "albert"))
        folder = HERE / kind
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        tokens.save(str(folder / "tokenizer.json"), pretty=False)
        metadata = {"texts": json.dumps(TEXTS)}
        save_file(golden(model, inputs), folder / "golden.safetensors", metadata)


if __name__ == "__main__":
    main()
