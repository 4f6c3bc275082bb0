"""Makes the encoder goldens beside this file: small random checkpoints and what PyTorch answers.

Set up and run:
    pip install torch transformers tokenizers safetensors
    python make_encoder_goldens.py

Each folder is a Hugging Face encoder (config.json, model.safetensors, tokenizer.json) of 2 layers and width
32 with random weights, and `golden.json`: texts, optional pairs, and for each pooling the embeddings that
`transformers` gives when every text runs alone, in f32 and without padding.
"""

import json
import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

HERE = Path(__file__).parent
SEED = 20240930
POSITIONS = 160  # far enough for the shared relative buckets beyond distance 128
WORDS = "the a card bank my lost stolen new pin where is money top up app not works why fee good bad film".split()
PIECES = ["##s", "##ing", "##ed", "##n", "##t", "##e", "##a", *"abcdefghijklmnopqrstuvwxyz", *"!?.,'"]

TEXTS = [
    ("my card is lost", None),
    ("Where is my new PIN?", None),
    ("", None),
    ("zqx \u00e9t\u00e9 \u4e2d unknown \U0001f600", None),
    ("a good film, not bad!", "the film is good"),
    ("top up", "why the fee? my money is not there"),
    ("card " * 150, None),  # longer than the position table: truncated
    ("why " * 90, "bank " * 40),  # a pair, truncated longest first
    ("a", "b"),
    ("money", None),
]


def tokenizer(special: list[str], template: dict[str, str]) -> Tokenizer:
    """A WordPiece tokenizer over a tiny vocabulary, with the family's special tokens and template."""
    vocabulary = {token: index for index, token in enumerate([*special, *WORDS, *PIECES])}
    unknown = next(token for token in special if "unk" in token.lower())
    result = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown, max_input_chars_per_word=100))
    result.normalizer = normalizers.BertNormalizer(lowercase=True)
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    result.add_special_tokens(special)
    result.post_processor = processors.TemplateProcessing(
        single=template["single"],
        pair=template["pair"],
        special_tokens=[(token, vocabulary[token]) for token in special],
    )
    return result


def bert() -> tuple[BertModel, Tokenizer]:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    template = {"single": "[CLS] $A [SEP]", "pair": "[CLS] $A [SEP] $B:1 [SEP]:1"}
    config = BertConfig(
        vocab_size=len(special) + len(WORDS) + len(PIECES),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=POSITIONS,
        initializer_range=0.3,
    )
    return BertModel(config), tokenizer(special, template)


def mpnet() -> tuple[MPNetModel, Tokenizer]:
    special = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
    template = {"single": "<s> $A </s>", "pair": "<s> $A </s> </s> $B </s>"}
    config = MPNetConfig(
        vocab_size=len(special) + len(WORDS) + len(PIECES),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=POSITIONS + 2,
        initializer_range=0.3,
    )
    return MPNetModel(config), tokenizer(special, template)


def spread(model: torch.nn.Module) -> None:
    """Random biases and norms too: the defaults, 0 and 1, would hide a mistake."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0.0, 0.2)
            elif "LayerNorm" in name:
                parameter.normal_(1.0, 0.2)


def embeddings(model, tokens: Tokenizer, uses_types: bool) -> dict[str, list[list[float]]]:
    pooled = {"mean": [], "cls": [], "max": []}
    tokens.enable_truncation(POSITIONS)
    for text, pair in TEXTS:
        encoding = tokens.encode(text, pair)
        inputs = {"input_ids": torch.tensor([encoding.ids])}
        if uses_types:
            inputs["token_type_ids"] = torch.tensor([encoding.type_ids])
        with torch.no_grad():
            hidden = model(**inputs).last_hidden_state[0]  # [tokens, width]
        pooled["mean"].append(hidden.mean(0).tolist())
        pooled["cls"].append(hidden[0].tolist())
        pooled["max"].append(hidden.max(0).values.tolist())
    tokens.no_truncation()
    return pooled


def main() -> None:
    for name, make in [("bert", bert), ("mpnet", mpnet)]:
        torch.manual_seed(SEED)
        model, tokens = make()
        spread(model)
        model.eval()
        folder = HERE / f"encoder_{name}"
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        tokens.save(str(folder / "tokenizer.json"), pretty=False)
        golden = {
            "texts": [{"text": text, "pair": pair} for text, pair in TEXTS],
            "embeddings": {
                pooling: [[float(f"{value:.7g}") for value in row] for row in rows]
                for pooling, rows in embeddings(model, tokens, name == "bert").items()
            },
        }
        (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=True))


if __name__ == "__main__":
    main()
