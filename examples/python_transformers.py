"""From a fine-tuned transformer to two small students: one in PyTorch, one of n-grams.

    python examples/python_transformers.py MODEL TRAIN.jsonl OUT [EPOCHS]

MODEL is a checkpoint of transformers, TRAIN.jsonl has lines {"text": .., "label": ..}.
"""

import json
import sys
from pathlib import Path

import lelp
from lelp.torch import SignalTargets, SubclassCollator, SubclassDataset, SubclassLoss
from lelp.transformers import LelpTrainer, SubclassForSequenceClassification, Teacher
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

model, data, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
epochs = float(sys.argv[4]) if len(sys.argv) > 4 else 3
rows = [json.loads(line) for line in data.read_text().splitlines()]
texts, names = [row["text"] for row in rows], sorted({row["label"] for row in rows})
labels = [names.index(row["label"]) for row in rows]
tokenizer = AutoTokenizer.from_pretrained(model)
items = [{**tokenizer(text, truncation=True), "labels": label} for text, label in zip(texts, labels)]


def arguments(name):
    return TrainingArguments(
        out / name, num_train_epochs=epochs, per_device_train_batch_size=32, learning_rate=1e-3, report_to=[],
        save_strategy="no", remove_unused_columns=False, disable_tqdm=True,
    )  # fmt: skip


# 1. A teacher is fine-tuned.
id2label = dict(enumerate(names))
teacher = AutoModelForSequenceClassification.from_pretrained(model, id2label=id2label, num_labels=len(names))
padding = DataCollatorWithPadding(tokenizer)
Trainer(teacher, arguments("teacher"), train_dataset=items, data_collator=padding).train()

# 2. It says all that it has to say, once; a run that was stopped goes on.
signals = Teacher(teacher, tokenizer).signals(texts, out / "signals", labels=labels)

# 3. A student of one layer learns its subclasses, and answers with classes.
targets = SignalTargets(signals, lelp.LELP.from_signals(signals, subclasses=4))
small = AutoConfig.from_pretrained(model, num_hidden_layers=1)
student = SubclassForSequenceClassification.wrap(small, names, subclasses=4)
trainer = LelpTrainer(
    student, arguments("student"), train_dataset=SubclassDataset(items, targets),
    data_collator=SubclassCollator(padding, targets), loss=SubclassLoss(4),
)  # fmt: skip
trainer.train()
trainer.save_model(out / "student")
tokenizer.save_pretrained(out / "student")

# 4. A student of n-grams learns the same, and answers in microseconds.
ngram = lelp.distill(data, signals=signals, method="lelp", subclasses=4, out=out / "ngram", overwrite=True)
print("n-grams:", *ngram.predict(texts[:4]))
ngram.report().save(out / "report.html")
