"""LELP with Hugging Face transformers: a teacher's signals, a student over subclasses, a `Trainer` for it."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    Trainer,
)
from transformers.utils import ModelOutput

from lelp._inputs import as_list, describe, labels_of
from lelp.errors import InputError
from lelp.model import list_of_texts
from lelp.signals_folder import PART_ROWS, Signals, SignalsWriter, write_whole
from lelp.torch import SubclassLoss, collapse, cross_entropy


class Teacher:
    """A sequence classifier that gives its last embedding beside its logits, by a hook on its last linear layer."""

    def __init__(self, model: PreTrainedModel, tokenizer: Any, *, device: str | torch.device | None = None) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.device = torch.device(device) if device is not None else next(model.parameters()).device
        self.model.to(self.device)
        self.last = last_linear(model)
        labels = model.config.id2label
        self.label_names = [str(labels[place]) for place in sorted(labels)]
        if model.config.num_labels == 1:
            # One output is a sigmoid's, of two classes.
            self.label_names = ["0", "1"]

    def answer(self, texts: Sequence[Any], *, max_length: int | None = None) -> tuple[Tensor, Tensor]:
        """Embeddings `[rows, width]` and logits `[rows, classes]` of texts, or of pairs of texts."""
        self.model.eval()
        return self._answer(rows_of(texts), max_length)

    @torch.no_grad()
    def _answer(self, texts: list[Any], max_length: int | None) -> tuple[Tensor, Tensor]:
        pairs = bool(texts) and isinstance(texts[0], tuple)
        columns = list(zip(*texts)) if pairs else [texts]
        cut: dict[str, Any] = {"truncation": True, "max_length": max_length} if max_length else {"truncation": True}
        inputs = self.tokenizer(*map(list, columns), padding=True, return_tensors="pt", **cut).to(self.device)
        heard: list[Tensor] = []
        hook = self.last.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
        try:
            logits = self.model(**inputs).logits
        finally:
            hook.remove()
        embeddings = heard[-1]
        if embeddings.ndim == 3:
            # A decoder scores every position; the row's own is the one with its logits.
            distance = (self.last(embeddings) - logits[:, None, :]).abs().amax(dim=-1)
            embeddings = embeddings[torch.arange(len(logits), device=logits.device), distance.argmin(dim=1)]
        logits = logits.float()
        if logits.shape[1] == 1:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        return embeddings.float(), logits

    def signals(
        self,
        texts: Sequence[Any],
        out: str | os.PathLike[str],
        *,
        labels: Sequence[int] | None = None,
        batch_size: int = 32,
        max_length: int | None = None,
        precision: str = "f32",
        part_rows: int = PART_ROWS,
    ) -> Signals:
        """Writes the signals of texts, or pairs of texts, to a folder; a run that was cut off goes on where it stopped.

        A folder of another teacher, or of other texts, labels or length, is refused. Texts of a batch are of like length.
        """
        texts = rows_of(texts)
        codes = None if labels is None else labels_of(as_list(labels), len(texts))
        if codes is not None and len(codes) and codes.max() >= len(self.label_names):
            raise InputError(f"label {codes.max()} is none of the teacher's {len(self.label_names)} classes")
        weight = self.last.weight.detach().float().cpu()
        bias = torch.zeros(len(weight)) if self.last.bias is None else self.last.bias.detach().float().cpu()
        writer = SignalsWriter(
            out, self.label_names, weight.shape[1], len(texts), part_rows=part_rows, precision=precision,
            teacher=self.hash(),
        )  # fmt: skip
        self.model.eval()
        check_texts(pathlib.Path(out), hash_of_texts(texts, codes, max_length))
        writer.write_head(weight, bias)
        while (rows := writer.next_rows()) is not None:
            part = [texts[row] for row in rows]
            embeddings, logits = self._answer_part(part, batch_size, max_length)
            writer.write(embeddings, logits, None if codes is None else codes[rows.start : rows.stop])
        writer.finish()
        return Signals(out)

    def _answer_part(self, texts: list[Any], batch_size: int, max_length: int | None) -> tuple[Tensor, Tensor]:
        """Answers in the order of the texts, made in that of their lengths, so that batches hold little padding."""
        order = sorted(range(len(texts)), key=lambda row: len(str(texts[row])))
        embeddings: list[Any] = [None] * len(texts)
        logits: list[Any] = [None] * len(texts)
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            embedded, answered = self._answer([texts[row] for row in rows], max_length)
            for row, embedding, answer in zip(rows, embedded.cpu(), answered.cpu()):
                embeddings[row], logits[row] = embedding, answer
        return torch.stack(embeddings), torch.stack(logits)

    def hash(self) -> str:
        """A hash of the weights: signals of another teacher have another."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(f"{name} {list(tensor.shape)} {tensor.dtype}\n".encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()


def rows_of(texts: Any) -> list[Any]:
    """Texts, or pairs of texts as tuples, of a list, an array or a column."""
    if hasattr(texts, "columns") or hasattr(texts, "column_names") or isinstance(texts, Mapping):
        raise InputError(f"texts are {describe(texts)}, but a column of texts is needed")
    rows = [tuple(row) if isinstance(row, list) else row for row in list_of_texts(texts)]
    for row, text in enumerate(rows):
        pair = isinstance(text, tuple) and len(text) == 2 and all(isinstance(one, str) for one in text)
        if not pair and not isinstance(text, str):
            raise InputError(f"row {row} is {describe(text)}, but a text, or a pair of texts, is needed")
        if pair != isinstance(rows[0], tuple):
            found, before = ("a pair", "a text") if pair else ("a text", "a pair")
            raise InputError(f"row {row} is {found}, but row 0 is {before}")
    return rows


def last_linear(model: nn.Module) -> nn.Linear:
    """The last linear layer of a classifier: the one with an output a label."""
    wanted = model.config.num_labels
    found = [layer for layer in model.modules() if isinstance(layer, nn.Linear) and layer.out_features == wanted]
    if not found:
        raise InputError(f"`{type(model).__name__}` has no linear layer with {wanted} outputs; is it a classifier?")
    return found[-1]


def check_texts(folder: pathlib.Path, found: str) -> None:
    """Refuses to go on in a folder of other texts; `signals.json` has the hash of a whole table alone, not that of its texts."""
    kept = folder / "texts.sha256"
    if not kept.exists():
        write_whole(kept, found.encode())
    elif kept.read_text() != found:
        raise InputError(
            f"`{folder}` holds signals of other texts, labels or length (hash {kept.read_text()}, not {found}); "
            "take another folder"
        )


def hash_of_texts(texts: Sequence[Any], labels: NDArray[np.int32] | None = None, max_length: int | None = None) -> str:
    """A hash of texts in their order, of their labels and of what they are cut to, where these are given."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update((json.dumps(text, ensure_ascii=False) + "\n").encode(errors="surrogatepass"))
    if labels is not None or max_length is not None:
        digest.update(json.dumps([None if labels is None else labels.tolist(), max_length]).encode())
    return digest.hexdigest()


class SubclassConfig(PretrainedConfig):
    """The configuration of a classifier with outputs for subclasses, around that of the model inside.

    Logits of classes are divided by the temperature; `lelp export` writes that of a calibrated student.
    """

    model_type = "lelp-subclass"

    def __init__(
        self, inner: dict[str, Any] | None = None, subclasses: int = 1, calibration_temperature: float = 1.0, **kwargs: Any
    ) -> None:
        self.inner = inner or {}
        self.subclasses = subclasses
        self.calibration_temperature = calibration_temperature
        super().__init__(**kwargs)


@dataclass
class SubclassOutput(ModelOutput):
    """Logits of classes, and of the subclasses that were collapsed into them."""

    loss: Tensor | None = None
    logits: Tensor | None = None
    subclass_logits: Tensor | None = None


class SubclassForSequenceClassification(PreTrainedModel):
    """A sequence classifier with `classes * subclasses` outputs that answers with the logits of its classes.

    Its checkpoint is loaded by `AutoModelForSequenceClassification` and by the ordinary pipeline, where `lelp.transformers` is
    imported.
    """

    config_class = SubclassConfig
    base_model_prefix = "inner"
    main_input_name = "input_ids"

    def __init__(self, config: SubclassConfig) -> None:
        super().__init__(config)
        settings = dict(config.inner)
        inner = AutoConfig.for_model(settings.pop("model_type"), **settings)
        self.inner = AutoModelForSequenceClassification.from_config(inner)
        self.post_init()

    @classmethod
    def wrap(cls, base: str | os.PathLike[str] | PretrainedConfig, labels: Sequence[str], subclasses: int) -> Any:
        """A student from the checkpoint `base`, or from scratch of its configuration, with a new head over subclasses."""
        outputs = len(labels) * subclasses
        if isinstance(base, PretrainedConfig):
            base.num_labels = outputs
            inner = AutoModelForSequenceClassification.from_config(base)
        else:
            inner = AutoModelForSequenceClassification.from_pretrained(
                base, num_labels=outputs, ignore_mismatched_sizes=True
            )
        settings = {**inner.config.to_dict(), "model_type": inner.config.model_type}
        names = dict(enumerate(labels))
        config = SubclassConfig(
            inner=settings, subclasses=subclasses, id2label=names, label2id={name: place for place, name in names.items()}
        )
        config.pad_token_id = inner.config.pad_token_id
        model = cls(config)
        model.inner.load_state_dict(inner.state_dict())
        return model

    def forward(self, *args: Any, labels: Tensor | None = None, **kwargs: Any) -> SubclassOutput:
        """Logits `[rows, classes]`; with `labels` their cross-entropy."""
        kwargs.pop("return_dict", None)
        outputs = self.inner(*args, **kwargs).logits
        logits = collapse(outputs, self.config.subclasses) / self.config.calibration_temperature
        loss = None if labels is None else cross_entropy(logits, labels)
        return SubclassOutput(loss=loss, logits=logits, subclass_logits=outputs)

    def save_pretrained(self, save_directory: str | os.PathLike[str], **kwargs: Any) -> None:
        """Saves the checkpoint, with a model card where there is none."""
        super().save_pretrained(save_directory, **kwargs)
        card = pathlib.Path(save_directory) / "README.md"
        if not card.exists():
            card.write_text(model_card(self.config), encoding="utf-8")

    def get_input_embeddings(self) -> nn.Module:
        return self.inner.get_input_embeddings()


AutoConfig.register(SubclassConfig.model_type, SubclassConfig, exist_ok=True)
AutoModelForSequenceClassification.register(SubclassConfig, SubclassForSequenceClassification, exist_ok=True)


def model_card(config: SubclassConfig) -> str:
    """What the model is and how it is used, in the form of the hub."""
    labels = [config.id2label[place] for place in sorted(config.id2label)]
    inner = config.inner.get("model_type", "unknown")
    listed = "".join(f"- {label}\n" for label in labels)
    return f"""---
library_name: transformers
pipeline_tag: text-classification
tags:
- lelp
- knowledge-distillation
---

# A classifier distilled with LELP

A `{inner}` sequence classifier with {config.subclasses} subclasses for each of {len(labels)} classes, trained on soft labels over
subclasses of a larger teacher (Learning Embedding Linear Projections, arXiv:2409.20449). It answers with the logits of the
classes: log-sum-exp over their subclasses.

```python
import lelp.transformers  # makes the model type known
from transformers import pipeline

pipeline("text-classification", model="this folder")
```

Classes:

{listed}"""


class LelpTrainer(Trainer):
    """A `Trainer` of a `SubclassForSequenceClassification` on batches with `targets`, as a `SubclassCollator` makes them.

    The loss of a step is the mean over all its rows, also where they come in micro-batches: 1 x 32 is 4 x 8. Batches without
    targets, of an evaluation, have the cross-entropy of their labels.
    """

    def __init__(self, *args: Any, loss: SubclassLoss, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        subclasses = getattr(self.model.config, "subclasses", loss.subclasses)
        if subclasses != loss.subclasses:
            raise InputError(f"the model has {subclasses} subclasses a class, but the loss is of {loss.subclasses}")
        self.subclass_loss = loss
        # The loss is divided by the items of all micro-batches here; the trainer must not divide again.
        self.model_accepts_loss_kwargs = True
        if self.args.remove_unused_columns:
            raise InputError("set `remove_unused_columns=False`: rows are found by a column that the model does not read")

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> Tensor | int | None:
        """Rows of all micro-batches of a step, labelled or not."""
        if not batch_samples or "targets" not in batch_samples[0]:
            return super()._get_num_items_in_batch(batch_samples, device)
        rows = torch.tensor(sum(len(batch["targets"]) for batch in batch_samples), device=device)
        if self.args.average_tokens_across_devices and self.args.world_size > 1:
            rows = self.accelerator.gather(rows).sum()
        return rows

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The loss of a batch; its outputs for metrics are the logits of classes."""
        given = dict(inputs)
        targets, labels = given.pop("targets", None), given.pop("labels", None)
        outputs = model(**given)
        if targets is not None:
            loss = self.subclass_loss(outputs.subclass_logits, targets, labels, num_items_in_batch)
            if num_items_in_batch is not None and self.args.average_tokens_across_devices:
                loss = loss * self.accelerator.num_processes
        elif labels is not None:
            loss = cross_entropy(outputs.logits, labels)
        else:
            raise InputError("a batch has neither targets nor labels")
        return (loss, {"loss": loss, "logits": outputs.logits}) if return_outputs else loss
