"""Fine-tunes an encoder with transformers, on a GPU where there is one, and writes what comparisons need of the teacher.

    pip install 'lelp[transformers]' pyarrow
    python benches/transformers_teacher.py DATA/sst2 --base sentence-transformers/all-MiniLM-L6-v2 --epochs 2 \\
        --unlabelled DATA/imdb-sentences.txt --out DATA/transformers/SST-2

Files of the source are Parquet with `text`, perhaps `text_pair`, the number `label` and perhaps `label_name`. In the target:

    texts/                   texts and names of labels
    vectors/                 names of labels and the embeddings of the encoder before it was tuned, for students on vectors
    signals/, test-signals/  the teacher's answers to the training and the test rows

With --unlabelled there is also a folder `OUT and unlabelled texts`, without vectors, where those texts follow the training rows
and have no label.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from lelp.transformers import Teacher

SPLITS = ["train", "validation", "test"]


def read(folder: Path, split: str) -> tuple[list, list]:
    table = pq.read_table(folder / f"{split}.parquet")
    columns = [table[name].to_pylist() for name in ["text", "text_pair"] if name in table.column_names]
    texts = columns[0] if len(columns) == 1 else list(zip(*columns))
    return texts, table["label"].to_pylist()


def names_of(folder: Path, labels: list) -> list[str]:
    """Names of the classes in their order: those of `label_name`, or the numbers."""
    names = {label: str(label) for label in labels}
    table = pq.read_table(folder / "train.parquet")
    if "label_name" in table.column_names:
        names = dict(zip(table["label"].to_pylist(), table["label_name"].to_pylist()))
    return [names[label] for label in range(max(names) + 1)]


def batches(count: int, size: int, generator: random.Random):
    order = list(range(count))
    generator.shuffle(order)
    for first in range(0, count, size):
        yield order[first : first + size]


def encode(tokenizer, texts: list, arguments):
    columns = [list(column) for column in zip(*texts)] if isinstance(texts[0], tuple) else [list(texts)]
    cut = {"padding": True, "truncation": True, "max_length": arguments.max_length, "return_tensors": "pt"}
    return tokenizer(*columns, **cut).to(arguments.device)


def autocast(arguments):
    return torch.autocast("cuda", torch.bfloat16, enabled=arguments.device == "cuda")


def fine_tune(texts: list, labels: list, names: list[str], arguments):
    """AdamW, a rate that rises over a tenth of the steps and falls to nothing; the last epoch is the teacher."""
    torch.manual_seed(arguments.seed)
    tokenizer = AutoTokenizer.from_pretrained(arguments.base)
    tokenizer.model_max_length = arguments.max_length
    model = AutoModelForSequenceClassification.from_pretrained(
        arguments.base, num_labels=len(names), id2label=dict(enumerate(names)), dtype=torch.float32
    )
    model = model.to(arguments.device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.learning_rate, weight_decay=0.01)
    steps = arguments.epochs * -(-len(texts) // arguments.batch)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.1 * steps), (steps - step) / (0.9 * steps))
    )
    generator, begun, step = random.Random(arguments.seed), time.monotonic(), 0
    for _ in range(arguments.epochs):
        for rows in batches(len(texts), arguments.batch, generator):
            inputs = encode(tokenizer, [texts[row] for row in rows], arguments)
            with autocast(arguments):
                logits = model(**inputs).logits
            known = torch.tensor([labels[row] for row in rows], device=arguments.device)
            loss = torch.nn.functional.cross_entropy(logits.float(), known)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rate.step()
            step += 1
            if step % 500 == 0:
                print(f"step {step} of {steps}, loss {loss.item():.4f}, {time.monotonic() - begun:.0f} s", flush=True)
    return model.eval(), tokenizer


@torch.no_grad()
def embed(encoder, tokenizer, texts: list, arguments) -> np.ndarray:
    """Means of the last hidden vectors, of unit length."""
    parts = []
    for first in range(0, len(texts), 512):
        inputs = encode(tokenizer, texts[first : first + 512], arguments)
        hidden = encoder(**inputs).last_hidden_state
        mask = inputs["attention_mask"][:, :, None]
        parts.append(torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1).cpu().numpy())
    return np.concatenate(parts)


def write_vectors(encoder, tokenizer, texts: dict, labels: dict, arguments) -> None:
    folder = arguments.out / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        vectors = embed(encoder, tokenizer, texts[split], arguments)
        column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        pq.write_table(pa.table({"embedding": column, "label": labels[split]}), folder / f"{split}.parquet")


def write_texts(folder: Path, texts: dict, labels: dict, more: list) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        rows, known = texts[split], labels[split]
        if split == "train":
            rows, known = rows + more, known + [None] * len(more)
        names = {"text": rows}
        if isinstance(rows[0], tuple):
            names = dict(zip(["text", "text_pair"], map(list, zip(*rows))))
        pq.write_table(pa.table({**names, "label": known}), folder / f"{split}.parquet")


def write(teacher: Teacher, out: Path, texts: dict, labels: dict, more: list, names: list[str], arguments) -> float:
    """Texts and the teacher's answers to them; its accuracy on the test rows."""
    write_texts(out / "texts", texts, {split: [names[label] for label in labels[split]] for split in SPLITS}, more)
    settings = {"batch_size": 512, "max_length": arguments.max_length}
    known = labels["train"] + [-1] * len(more)
    teacher.signals(texts["train"] + more, out / "signals", labels=known, **settings)
    answers = teacher.signals(texts["test"], out / "test-signals", labels=labels["test"], **settings)
    logits = answers.gather(range(len(texts["test"])), "logits")
    return (logits.argmax(1) == np.asarray(labels["test"])).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--base", required=True, help="folder or name of the encoder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--unlabelled", type=Path, help="texts, one a line")
    parser.add_argument("--most", type=int, help="unlabelled texts to take")
    parser.add_argument("--rows", type=int, help="training rows to take")
    parser.add_argument("--even-odd", action="store_true", help="labels are even or odd numbers of the data's own")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--max-length", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()

    texts, labels = {}, {}
    for split in SPLITS:
        texts[split], labels[split] = read(arguments.source, split)
    if arguments.rows:
        texts["train"], labels["train"] = texts["train"][: arguments.rows], labels["train"][: arguments.rows]
    names = ["0", "1"] if arguments.even_odd else names_of(arguments.source, labels["train"])
    if arguments.even_odd:
        labels = {split: [label % 2 for label in labels[split]] for split in SPLITS}
    model, tokenizer = fine_tune(texts["train"], labels["train"], names, arguments)
    teacher = Teacher(model, tokenizer, device=arguments.device)
    right = write(teacher, arguments.out, texts, labels, [], names, arguments)
    print(f"{arguments.source.name}: accuracy {right:.4f} on {len(texts['test'])} test rows", flush=True)
    encoder = AutoModel.from_pretrained(arguments.base, dtype=torch.float32).to(arguments.device).eval()
    named = {split: [names[label] for label in labels[split]] for split in SPLITS}
    write_vectors(encoder, tokenizer, texts, named, arguments)
    if arguments.unlabelled:
        more = arguments.unlabelled.read_text().splitlines()[: arguments.most]
        folder = arguments.out.with_name(f"{arguments.out.name} and unlabelled texts")
        write(teacher, folder, texts, labels, more, names, arguments)


if __name__ == "__main__":
    main()
