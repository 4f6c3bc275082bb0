"""A teacher's signals and a student over subclasses with Hugging Face transformers."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ENCODER, query

import lelp

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("sklearn")

from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig  # noqa: E402

import lelp.transformers as lt  # noqa: E402
from lelp.torch import SignalTargets, SubclassCollator, SubclassDataset, SubclassLoss  # noqa: E402

TEXTS = [query(row)["text"] for row in range(60)]
LABELS = [row % 2 for row in range(60)]


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(ENCODER)


def classifier(tokenizer, labels=2, **settings):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        num_labels=labels, pad_token_id=tokenizer.pad_token_id or 0, **settings,
    )  # fmt: skip
    return AutoModelForSequenceClassification.from_config(config)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_signals_are_the_embeddings_that_the_last_layer_reads_and_its_logits(tokenizer, outputs, tmp_path):
    teacher = lt.Teacher(classifier(tokenizer, outputs), tokenizer)
    signals = teacher.signals(TEXTS, tmp_path / "s", batch_size=7, part_rows=32)
    assert (signals.rows, signals.classes, signals.width) == (60, max(outputs, 2), 16)
    weight, bias = signals.head
    embeddings, logits = (signals.gather(range(60), name) for name in ("embeddings", "logits"))
    np.testing.assert_allclose(embeddings @ weight.T + bias, logits, atol=1e-5)
    with torch.no_grad():
        one = teacher.model(**tokenizer(TEXTS[41], return_tensors="pt")).logits.numpy()[0]
    np.testing.assert_allclose(logits[41] if outputs > 1 else logits[41][1:], one, atol=1e-5)


def test_signals_go_on_where_they_stopped_and_another_teacher_is_refused(tokenizer, tmp_path, monkeypatch):
    teacher = lt.Teacher(classifier(tokenizer), tokenizer)
    parts = []
    answer_part = teacher._answer_part

    def stops(texts, *rest):
        parts.append(len(texts))
        if len(parts) == 2:
            raise KeyboardInterrupt
        return answer_part(texts, *rest)

    monkeypatch.setattr(teacher, "_answer_part", stops)
    with pytest.raises(KeyboardInterrupt):
        teacher.signals(TEXTS, tmp_path / "s", part_rows=25)
    signals = teacher.signals(TEXTS, tmp_path / "s", part_rows=25)
    assert parts == [25, 25, 25, 10] and signals.rows == 60
    whole = lt.Teacher(classifier(tokenizer), tokenizer).signals(TEXTS, tmp_path / "whole", part_rows=25)
    np.testing.assert_array_equal(whole.gather(range(60), "logits"), signals.gather(range(60), "logits"))
    other = classifier(tokenizer)
    with torch.no_grad():
        other.classifier.bias += 1
    with pytest.raises(lelp.InputError, match="teacher"):
        lt.Teacher(other, tokenizer).signals(TEXTS, tmp_path / "s", part_rows=25)
    for change in ({"labels": LABELS}, {"max_length": 4}, {"texts": TEXTS[::-1]}):
        with pytest.raises(lelp.InputError, match="other texts, labels or length"):
            teacher.signals(change.pop("texts", TEXTS), tmp_path / "s", part_rows=25, **change)


def test_a_column_of_texts_is_read_in_its_order_whatever_its_index(tokenizer, tmp_path):
    pandas = pytest.importorskip("pandas")
    teacher = lt.Teacher(classifier(tokenizer), tokenizer)
    index = np.arange(len(TEXTS))[::-1]
    texts, labels = pandas.Series(TEXTS, index=index), pandas.Series(LABELS, index=index)
    own, usual = (teacher.signals(t, tmp_path / n, labels=l) for n, t, l in [("a", texts, labels), ("b", TEXTS, LABELS)])
    for tensor in ("logits", "labels"):
        np.testing.assert_array_equal(own.gather(range(60), tensor), usual.gather(range(60), tensor))
    with pytest.raises(lelp.InputError, match="put it into a list"):
        teacher.answer("a text")
    wrong = [(texts.to_frame("text"), "a column of texts is needed"), ([("a", "b"), "c"], "row 1 is a text, but row 0 is a pair")]
    with pytest.raises(lelp.InputError, match="label 7 is none of the teacher's 2 classes"):
        teacher.signals(TEXTS, tmp_path / "wrong", labels=[7] * 60)
    for rows, says in [*wrong, (["a", None], "row 1 is NoneType")]:
        with pytest.raises(lelp.InputError, match=says):
            teacher.signals(rows, tmp_path / "wrong")
    teacher.model.train()
    np.testing.assert_array_equal(*(teacher.answer(["a text"])[1].numpy() for _ in range(2)))
    assert not teacher.model.training


def test_a_decoders_embedding_is_that_of_the_position_that_answers(tokenizer, tmp_path):
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, num_labels=2, pad_token_id=0, n_positions=64
    )
    torch.manual_seed(0)
    teacher = lt.Teacher(AutoModelForSequenceClassification.from_config(config), tokenizer)
    embeddings, logits = teacher.answer(TEXTS[:9])
    assert embeddings.shape == (9, 16)
    torch.testing.assert_close(teacher.last(embeddings), logits, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def targets(tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("signals")
    teacher = lt.Teacher(classifier(tokenizer), tokenizer)
    logits = teacher.answer(TEXTS)[1]
    with torch.no_grad():
        # Half of the rows for each class.
        teacher.last.bias[1] += (logits[:, 0] - logits[:, 1]).median()
    signals = teacher.signals(TEXTS, folder, labels=LABELS)
    return SignalTargets(signals, lelp.LELP.from_signals(signals, subclasses=2))


def student(tokenizer):
    torch.manual_seed(1)
    config = classifier(tokenizer, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0).config
    return lt.SubclassForSequenceClassification.wrap(config, ["card", "other"], 2)


def trainer(tokenizer, targets, folder, batch, steps, with_labels=True, **settings):
    items = [dict(tokenizer(text), **({"labels": label} if with_labels else {})) for text, label in zip(TEXTS, LABELS)]
    dataset = SubclassDataset(items, targets)
    arguments = transformers.TrainingArguments(
        folder, per_device_train_batch_size=batch, gradient_accumulation_steps=steps, max_steps=2, report_to=[],
        remove_unused_columns=False, use_cpu=True, seed=3, logging_steps=1, learning_rate=1e-2, save_strategy="no",
        **settings,
    )  # fmt: skip
    collate = SubclassCollator(transformers.DataCollatorWithPadding(tokenizer), targets)
    return lt.LelpTrainer(
        model=student(tokenizer), args=arguments, train_dataset=dataset, eval_dataset=items, data_collator=collate,
        loss=SubclassLoss(2, alpha=0.25),
    )  # fmt: skip


def test_a_temperature_divides_the_logits_of_classes_and_is_saved(tokenizer, tmp_path):
    model = student(tokenizer).eval()
    inputs = tokenizer(TEXTS[:5], padding=True, return_tensors="pt")
    with torch.no_grad():
        plain = model(**inputs).logits
        model.config.calibration_temperature = 2.0
        model.save_pretrained(tmp_path)
        again = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
        torch.testing.assert_close(again(**inputs).logits, plain / 2, rtol=0, atol=1e-5)


@pytest.mark.parametrize("with_labels", [True, False])
def test_one_batch_of_32_is_four_of_8(tokenizer, targets, tmp_path, with_labels):
    whole = trainer(tokenizer, targets, tmp_path / "a", 32, 1, with_labels)
    parts = trainer(tokenizer, targets, tmp_path / "b", 8, 4, with_labels)
    whole.train(), parts.train()
    losses = [[line["loss"] for line in run.state.log_history if "loss" in line] for run in (whole, parts)]
    assert len(losses[0]) == 2
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    for (name, one), (_, other) in zip(whole.model.named_parameters(), parts.model.named_parameters()):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4, msg=name)


def test_the_checkpoint_answers_with_classes_through_the_ordinary_pipeline(tokenizer, targets, tmp_path):
    run = trainer(tokenizer, targets, tmp_path / "run", 32, 1)
    run.train()
    run.save_model(tmp_path / "student")
    tokenizer.save_pretrained(tmp_path / "student")
    card = (tmp_path / "student/README.md").read_text()
    assert "2 subclasses for each of 2 classes" in card and "- card\n- other\n" in card
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "student")
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits, subclass = loaded(**inputs).logits, loaded(**inputs).subclass_logits
        torch.testing.assert_close(logits, run.model.eval()(**inputs).logits)
    assert logits.shape == (60, 2) and subclass.shape == (60, 4)
    torch.testing.assert_close(logits, torch.logsumexp(subclass.view(60, 2, 2), 2))
    pipeline = transformers.pipeline("text-classification", model=str(tmp_path / "student"))
    answers = pipeline(TEXTS[:5], top_k=None)
    p = torch.softmax(logits, 1)
    for row, answer in enumerate(answers):
        found = {line["label"]: line["score"] for line in answer}
        assert found["card"] == pytest.approx(p[row, 0].item(), abs=1e-5) and set(found) == {"card", "other"}


def test_a_wrapped_checkpoint_keeps_the_weights_of_its_base(tokenizer, tmp_path):
    base = classifier(tokenizer)
    base.save_pretrained(tmp_path / "base")
    wrapped = lt.SubclassForSequenceClassification.wrap(tmp_path / "base", ["a", "b", "c"], 2)
    assert wrapped.inner.classifier.out_features == 6
    own, theirs = wrapped.inner.bert.state_dict(), base.bert.state_dict()
    assert all(torch.equal(own[name], theirs[name]) for name in theirs)


def test_an_evaluation_without_targets_has_the_cross_entropy_of_its_labels(tokenizer, targets, tmp_path):
    run = trainer(tokenizer, targets, tmp_path / "run", 32, 1)
    run.data_collator = transformers.DataCollatorWithPadding(tokenizer)
    figures = run.evaluate()
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = run.model.eval()(**inputs).logits
    wanted = torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS))
    assert figures["eval_loss"] == pytest.approx(wanted.item(), rel=1e-4)


def test_what_the_trainer_would_drop_is_said(tokenizer, targets, tmp_path):
    with pytest.raises(lelp.InputError, match="remove_unused_columns=False"):
        lt.LelpTrainer(
            model=student(tokenizer), args=transformers.TrainingArguments(tmp_path, report_to=[], use_cpu=True),
            loss=SubclassLoss(2),
        )  # fmt: skip


def test_a_loss_of_other_subclasses_than_the_models_is_refused(tokenizer, tmp_path):
    model = student(tokenizer)
    arguments = transformers.TrainingArguments(tmp_path, report_to=[], use_cpu=True, remove_unused_columns=False)
    with pytest.raises(lelp.InputError, match="but the loss is of 5"):
        lt.LelpTrainer(model=model, args=arguments, loss=SubclassLoss(5))
    labels = torch.tensor([0, -1])
    inputs = tokenizer(TEXTS[:2], padding=True, return_tensors="pt")
    assert model(**inputs, labels=labels).loss.isfinite()
