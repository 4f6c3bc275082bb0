"""The loss is the library's, and targets reach a batch by the rows of its items."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import ROOT

import lelp

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader  # noqa: E402

from lelp.torch import SignalTargets, SubclassCollator, SubclassDataset, SubclassLoss, collapse  # noqa: E402

GOLDENS = json.loads((ROOT / "crates/lelp-method/tests/conformance/goldens.json").read_text())
LELP_CASES = [case for case in GOLDENS["cases"] if case["settings"]["method"] == "lelp"]


@pytest.mark.parametrize("case", LELP_CASES, ids=lambda case: f"{case['classes']}-{case['settings']['split_weight']}")
def test_loss_and_gradient_are_those_of_the_library(case):
    problem = next(p for p in GOLDENS["problems"] if p["classes"] == case["classes"])
    batch, settings = problem["batch"], case["settings"]
    outputs = torch.tensor(problem["subclass_outputs"], dtype=torch.float32, requires_grad=True)
    targets = torch.tensor(problem["targets"])[batch]
    labels = torch.tensor(problem["labels"])[batch]
    chosen = {name: settings[name] for name in ("temperature", "split_weight", "alpha")}
    loss = SubclassLoss(settings["subclasses"], **chosen)(outputs, targets, labels)
    loss.backward()
    assert loss.item() == pytest.approx(case["loss"], rel=1e-5)
    np.testing.assert_allclose(outputs.grad.flatten(), case["output_gradient"], atol=2e-6)


def test_at_weight_1_it_is_the_divergence_over_all_subclasses_and_at_0_that_over_classes():
    torch.manual_seed(0)
    outputs, targets = torch.randn(7, 6), torch.softmax(3 * torch.randn(7, 6), 1)
    kl = torch.nn.functional.kl_div
    whole = kl(torch.log_softmax(outputs / 2, 1), targets, reduction="batchmean") * 4
    assert SubclassLoss(3, temperature=2)(outputs, targets).item() == pytest.approx(whole.item(), rel=1e-5)
    classes = torch.log_softmax(2 * torch.logsumexp(outputs.view(7, 2, 3) / 2, 2) / 2, 1)
    flat = kl(classes, targets.view(7, 2, 3).sum(2), reduction="batchmean") * 4
    loss = SubclassLoss(3, temperature=2, split_weight=0)(outputs, targets)
    assert loss.item() == pytest.approx(flat.item(), rel=1e-5)


def test_targets_of_0_and_confident_outputs_give_finite_losses_and_slopes():
    outputs = torch.tensor([[300.0, -300.0, 0.0, 0.0], [0.0, 0.0, 0.0, 300.0]], requires_grad=True)
    targets = torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]])
    loss = SubclassLoss(2, split_weight=0.3, alpha=0.5)(outputs, targets, torch.tensor([0, -1]))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(outputs.grad).all()


def test_half_precision_is_summed_in_single():
    outputs, targets = torch.randn(5, 4), torch.softmax(torch.randn(5, 4), 1)
    half = SubclassLoss(2)(outputs.bfloat16(), targets)
    assert half.dtype == torch.float32
    assert half.item() == pytest.approx(SubclassLoss(2)(outputs.bfloat16().float(), targets).item())


def test_micro_batches_sum_to_the_batch():
    outputs, targets = torch.randn(32, 6), torch.softmax(torch.randn(32, 6), 1)
    labels = torch.randint(-1, 2, (32,))
    loss = SubclassLoss(3, alpha=0.4)
    pieces = [loss(*piece, num_items=32) for piece in zip(outputs.split(8), targets.split(8), labels.split(8))]
    assert sum(pieces).item() == pytest.approx(loss(outputs, targets, labels).item(), rel=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_the_loss_is_the_same_on_a_gpu():
    outputs, targets, labels = torch.randn(9, 4), torch.softmax(torch.randn(9, 4), 1), torch.randint(0, 2, (9,))
    loss = SubclassLoss(2, alpha=0.2)
    there = loss(outputs.cuda(), targets.cuda(), labels.cuda())
    assert there.item() == pytest.approx(loss(outputs, targets, labels).item(), rel=1e-5)


def test_wrong_shapes_and_settings_are_refused_with_both_numbers():
    loss = SubclassLoss(2)
    for arguments, found in [
        ((torch.zeros(3, 4), torch.zeros(3, 6)), r"\[3, 4\] and targets \[3, 6\]"),
        ((torch.zeros(3, 5), torch.zeros(3, 5)), "5 columns"),
        ((torch.zeros(3, 4), torch.zeros(3, 4), torch.zeros(2)), r"\[2\], but there are 3 rows"),
    ]:
        with pytest.raises(lelp.InputError, match=found):
            loss(*arguments)
    for settings in [{"temperature": 0}, {"split_weight": -1}, {"alpha": 2}]:
        with pytest.raises(lelp.InputError, match="must be"):
            SubclassLoss(2, **settings)


class Items:
    def __len__(self):
        return 400

    def __getitem__(self, row):
        return {"value": row}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_has_the_targets_of_its_rows_also_from_other_processes(signals, workers):
    pytest.importorskip("sklearn")
    split = lelp.LELP.from_signals(signals, subclasses=2)
    targets = SignalTargets(signals, split)
    whole = targets(range(400))
    collate = SubclassCollator(lambda items: {"value": torch.tensor([item["value"] for item in items])}, targets)
    loader = DataLoader(SubclassDataset(Items(), targets), 64, shuffle=True, collate_fn=collate, num_workers=workers)
    seen = 0
    for batch in loader:
        torch.testing.assert_close(batch["targets"], whole[batch["value"]], rtol=0, atol=0)
        seen += len(batch["value"])
    assert seen == 400
    p = torch.softmax(torch.from_numpy(lelp.Signals(signals).gather(range(400), "logits")), 1)
    torch.testing.assert_close(whole.view(400, 2, 2).sum(2), p, rtol=0, atol=1e-5)
    torch.testing.assert_close(torch.softmax(collapse(whole.log(), 2), 1), p, rtol=0, atol=1e-5)


def test_items_without_rows_have_no_targets_and_only_some_are_refused(signals):
    pytest.importorskip("sklearn")
    targets = SignalTargets(signals, lelp.LELP.from_signals(signals, subclasses=2))
    collate = SubclassCollator(lambda items: {"n": len(items)}, targets)
    assert collate([{"x": 1}, {"x": 2}]) == {"n": 2}
    assert collate([{"lelp_row": 3}])["targets"].shape[0] == 1
    with pytest.raises(lelp.InputError, match="1 of 2 items"):
        collate([{"lelp_row": 3}, {"x": 2}])


def test_the_loss_is_of_probabilities_in_the_precision_of_its_outputs():
    loss, outputs = SubclassLoss(2), torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    t = torch.softmax(torch.randn(3, 4, dtype=torch.float64), -1)
    assert torch.autograd.gradcheck(lambda x: loss(x, t), outputs)
    with pytest.raises(lelp.InputError, match="but are probabilities"):
        loss(outputs, t - 1)
    torch.func.vmap(lambda t: loss(outputs[:1], t))(t[:, None])
    labels = torch.tensor([0, 1, -1], dtype=torch.int32)
    assert SubclassLoss(2, alpha=0.5)(outputs, t, labels).isfinite()


def test_items_and_signals_of_different_length_are_refused(signals):
    pytest.importorskip("sklearn")
    targets = SignalTargets(signals, lelp.LELP.from_signals(signals, subclasses=2))
    with pytest.raises(lelp.InputError, match="3 items, but signals of 400 rows"):
        SubclassDataset([1, 2, 3], targets)
