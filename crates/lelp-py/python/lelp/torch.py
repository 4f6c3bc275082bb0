"""LELP's targets and loss inside a training loop of PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from lelp._inputs import describe
from lelp.errors import InputError
from lelp.signals_folder import Signals

if TYPE_CHECKING:
    from lelp.sklearn import LELP


def collapse(outputs: Tensor, subclasses: int) -> Tensor:
    """Logits of classes `[..., classes]` of outputs `[..., classes * subclasses]`: log-sum-exp over a class's own."""
    return torch.logsumexp(outputs.unflatten(-1, (-1, subclasses)), dim=-1)


def cross_entropy(logits: Tensor, labels: Tensor, *, reduction: str = "mean") -> Tensor:
    """That of the rows that have a label; a negative one is none."""
    known = torch.where(labels < 0, -100, labels.long())
    return functional.cross_entropy(logits, known, reduction=reduction, ignore_index=-100)


def _is_wrapped(values: Tensor) -> bool:
    """Whether `torch.func` transforms the function that reads them."""
    return torch._C._functorch.is_functorch_wrapped_tensor(values)


class SubclassLoss(nn.Module):
    """What a student with an output for each subclass learns.

    `(1 - alpha) T^2 (KL(p || q) + split_weight sum_c p_c KL(t_.|c || q_.|c)) + alpha CE(label, collapsed outputs)`, with `t` the
    targets, `q = softmax(outputs / T)`, and `p_c`, `q_c` sums over a class. With `split_weight` 1 the bracket is
    `KL(t || q)`, the paper's loss; with 0 it is ordinary distillation. A row without a label has the first part alone. The loss
    is the sum over rows divided by their number, labelled or not.

    Source: Loo et al., arXiv:2409.20449, section 3; `split_weight` and `alpha` are ours, as in `lelp distill`.

    Shapes: `outputs` and `targets` `[rows, classes * subclasses]`, `labels` `[rows]`, -1 or -100 for none.
    """

    def __init__(
        self, subclasses: int, *, temperature: float = 1.0, split_weight: float = 1.0, alpha: float = 0.0
    ) -> None:
        super().__init__()
        for name, value, allowed in [
            ("subclasses", subclasses, subclasses >= 1),
            ("temperature", temperature, 0 < temperature < float("inf")),
            ("split_weight", split_weight, 0 <= split_weight < float("inf")),
            ("alpha", alpha, 0 <= alpha <= 1),
        ]:
            if not allowed:
                wanted = {"subclasses": "1 or more", "temperature": "above 0", "split_weight": "0 or more"}
                raise InputError(f"{name} is {value}, but must be {wanted.get(name, 'in 0..=1')}")
        self.subclasses = subclasses
        self.temperature = temperature
        self.split_weight = split_weight
        self.alpha = alpha

    def forward(
        self,
        outputs: Tensor,
        targets: Tensor,
        labels: Tensor | None = None,
        num_items: Tensor | int | None = None,
    ) -> Tensor:
        """The loss; with `num_items` the sum over rows is divided by it, for a batch that comes in pieces."""
        self._check(outputs, targets, labels)
        # Sums of exponentials in single precision at least.
        outputs = outputs if outputs.dtype == torch.float64 else outputs.float()
        items = len(outputs) if num_items is None else num_items
        split = (-1, self.subclasses)
        t = targets.to(outputs).unflatten(-1, split)  # [rows, classes, subclasses]
        log_q = functional.log_softmax(outputs / self.temperature, dim=-1).unflatten(-1, split)
        p, log_q_class = t.sum(dim=-1), torch.logsumexp(log_q, dim=-1)  # [rows, classes]
        between = (torch.xlogy(p, p) - p * log_q_class).sum()
        log_inside = log_q - log_q_class[..., None]
        # t ln(t / p), and 0 where a class has no share.
        within = (torch.xlogy(t, t) - t * log_inside).sum() - torch.xlogy(p, p).sum()
        loss = (1 - self.alpha) * self.temperature**2 * (between + self.split_weight * within)
        if self.alpha > 0 and labels is not None:
            loss = loss + self.alpha * cross_entropy(collapse(outputs, self.subclasses), labels, reduction="sum")
        return loss / items

    def _check(self, outputs: Tensor, targets: Tensor, labels: Tensor | None) -> None:
        if outputs.shape != targets.shape or outputs.ndim != 2:
            raise InputError(
                f"outputs are {list(outputs.shape)} and targets {list(targets.shape)}, "
                "but both must be [rows, classes * subclasses]"
            )
        if outputs.shape[1] % self.subclasses or outputs.shape[1] < 2 * self.subclasses:
            raise InputError(
                f"outputs have {outputs.shape[1]} columns, which are not those of 2 or more classes "
                f"of {self.subclasses} subclasses"
            )
        # (On a GPU the check would wait for it, and a compiler cannot look at values.)
        looks = targets.device.type == "cpu" and not torch.compiler.is_compiling() and not _is_wrapped(targets)
        if looks and not bool((targets >= 0).all()):
            raise InputError("targets hold negative numbers or NaN, but are probabilities; those of a student are `outputs`")
        if labels is not None and labels.shape != outputs.shape[:1]:
            raise InputError(f"labels are {list(labels.shape)}, but there are {len(outputs)} rows of outputs")

    def extra_repr(self) -> str:
        return (
            f"subclasses={self.subclasses}, temperature={self.temperature}, "
            f"split_weight={self.split_weight}, alpha={self.alpha}"
        )


class SignalTargets:
    """Targets of rows of a data set, made when they are asked for from the teacher's signals, which stay on disk."""

    def __init__(self, signals: Signals | str | os.PathLike[str], split: LELP | str | os.PathLike[str]) -> None:
        self.signals = signals if isinstance(signals, Signals) else Signals(signals)
        if isinstance(split, (str, os.PathLike)):
            from lelp.sklearn import LELP

            split = LELP.load(split)
        self.split = split
        if self.split.fit_.classes != self.signals.classes:
            raise InputError(
                f"the split has {self.split.fit_.classes} classes, but the signals have {self.signals.classes}"
            )

    def __len__(self) -> int:
        return len(self.signals)

    def __call__(self, rows: Sequence[int] | Tensor) -> Tensor:
        """Targets `[len(rows), classes * subclasses]`, float32."""
        places = np.asarray(rows)
        embeddings = self.signals.gather(places, "embeddings")
        return torch.from_numpy(self.split.transform(embeddings, logits=self.signals.gather(places, "logits")))


class SubclassDataset(Dataset):
    """A data set whose items, dicts, say which row they are, for a `SubclassCollator` to add their targets."""

    def __init__(self, items: Any, targets: SignalTargets) -> None:
        if len(items) != len(targets):
            raise InputError(f"there are {len(items)} items, but signals of {len(targets)} rows")
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> dict[str, Any]:
        item = self.items[row]
        if not isinstance(item, Mapping):
            raise InputError(f"item {row} is {describe(item)}, but a dict is needed")
        return {**item, ROW: row}


class SubclassCollator:
    """Collates items by `collate`, and adds the `targets` of their rows to the batch.

    Items that do not say which row they are, as those of an evaluation, get none.
    """

    def __init__(self, collate: Callable[[list[Any]], Any], targets: SignalTargets) -> None:
        self.collate = collate
        self.targets = targets

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        rows = [item[ROW] for item in items if ROW in item]
        if not rows:
            return self.collate(items)
        if len(rows) != len(items):
            raise InputError(f"{len(items) - len(rows)} of {len(items)} items of a batch do not say which row they are")
        batch = self.collate([{name: value for name, value in item.items() if name != ROW} for item in items])
        batch["targets"] = self.targets(rows)
        return batch


# The key under which an item says which row it is.
ROW = "lelp_row"
