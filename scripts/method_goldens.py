"""Writes what every distillation method gives on a small batch, from definitions written down again in PyTorch.

    pip install torch
    python scripts/method_goldens.py > crates/lelp-method/tests/conformance/goldens.json

All arithmetic is in double precision; gradients come from PyTorch. Inputs are multiples of 1/64, which single precision
holds exactly. The loss of a batch is the sum over its rows divided by their number; a label that is not there (-1) adds
nothing. Each case is a recipe's `[distill]` table, where its optimum is, the method's variables, and what one step of
plain gradient descent at rate 0.5 makes of them.
"""

import json
import random

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
RATE = 0.5

# Where each loss says that a student cannot do better: where its outputs are the teacher's logits, the softmax of its
# outputs the targets, its embedding the teacher's, or where a regressor that copies finds the teacher's embedding. None:
# the likelihood of `vid` is unbounded as its variances fall; the best of `crd` depends on its memory.
OPTIMUM = {
    "ce": None,
    "kd": "logits",
    "dkd": "logits",
    "dist": "logits",
    "lskd": "logits",
    "fitnet": "copied",
    "vid": None,
    "rkd": "embedding",
    "crd": None,
    "lelp": "targets",
}


def tensor(generator, *shape, bound=2.0):
    steps = int(64 * bound)
    values = [generator.randint(-steps, steps) / 64 for _ in range(torch.Size(shape).numel())]
    return torch.tensor(values).reshape(shape)


def problem(classes):
    """Six rows, of which a batch takes five in another order."""
    g = random.Random(classes)
    subclasses = 2
    split = torch.tensor([[1, 3], [1, 1], [5, 3], [7, 1], [2, 6], [4, 4]]) / torch.tensor([[4], [2], [8], [8], [8], [8]])
    shares = {2: [[3, 5], [7, 1], [2, 6], [4, 4], [1, 7], [6, 2]], 3: [[1, 2, 5], [4, 2, 2], [1, 6, 1], [3, 3, 2], [5, 1, 2], [2, 2, 4]]}
    probabilities = torch.tensor(shares[classes], dtype=torch.float64) / 8
    return {
        "classes": classes,
        "subclasses": subclasses,
        "rows": 6,
        "batch": torch.tensor([4, 0, 3, 1, 5]),
        "labels": torch.tensor([1, 0, classes - 1, -1, 0, 1]),
        "logits": tensor(g, 6, classes),
        "targets": (probabilities[:, :, None] * split[:, None, :]).reshape(6, -1),
        "teacher_embeddings": tensor(g, 6, 5),
        "student_embeddings": tensor(g, 5, 4),
        "outputs": tensor(g, 5, classes),
        "subclass_outputs": tensor(g, 5, classes * subclasses),
    }


def cross_entropy(p, outputs, subclasses=1):
    """Labels against outputs collapsed to classes."""
    collapsed = outputs.reshape(len(outputs), p["classes"], subclasses).logsumexp(-1)
    labels = p["labels"][p["batch"]]
    return F.cross_entropy(collapsed, labels, ignore_index=-1, reduction="sum") / len(outputs)


def kd(p, outputs, temperature):
    teacher = F.softmax(p["logits"][p["batch"]] / temperature, -1)
    return F.kl_div(F.log_softmax(outputs / temperature, -1), teacher, reduction="batchmean") * temperature**2


def dkd(p, outputs, temperature):
    """Target and non-target parts on the labelled rows, by renormalised probabilities."""
    target, others = [], []
    for row, s in zip(p["batch"], outputs):
        label = int(p["labels"][row])
        if label < 0:
            continue
        t, s = F.softmax(p["logits"][row] / temperature, 0), F.softmax(s / temperature, 0)
        keep = torch.arange(len(t)) != label
        pair = lambda x: torch.stack([x[label], 1 - x[label]])
        kl = lambda a, b: (a * (a / b).log()).sum()
        target.append(kl(pair(t), pair(s)))
        others.append(kl(t[keep] / t[keep].sum(), s[keep] / s[keep].sum()))
    return [temperature**2 * torch.stack(x).sum() / len(outputs) for x in (target, others)]


def dist(p, outputs, temperature):
    t, s = F.softmax(p["logits"][p["batch"]] / temperature, -1), F.softmax(outputs / temperature, -1)
    rho = lambda a, b: torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(a, b)]).mean()
    return [temperature**2 * (1 - rho(t, s)), temperature**2 * (1 - rho(t.T, s.T))]


def lskd(p, outputs, temperature):
    scale = lambda x: (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-7)
    t, s = scale(p["logits"][p["batch"]]) / temperature, scale(outputs) / temperature
    return F.kl_div(F.log_softmax(s, -1), F.softmax(t, -1), reduction="batchmean") * temperature**2


def split(p, outputs, temperature, weight):
    """Classes, and what is inside each of them by renormalised probabilities, the latter with a weight of its own."""
    t, s = (x.reshape(len(outputs), p["classes"], -1) for x in (p["targets"][p["batch"]], F.softmax(outputs / temperature, -1)))
    kl = lambda a, b: (a * (a / b).log()).sum(-1)
    inside = lambda x: x / x.sum(-1, keepdim=True)
    classes, splits = kl(t.sum(-1), s.sum(-1)), (t.sum(-1) * kl(inside(t), inside(s))).sum(-1)
    return temperature**2 * (classes + weight * splits).mean()


def linear(variables, name, x):
    """The arrays hold the weight `[outputs, inputs]`, then the bias."""
    inputs = x.shape[-1]
    outputs = len(variables[name]) // (inputs + 1)
    return F.linear(x, variables[name][: inputs * outputs].reshape(outputs, inputs), variables[name][inputs * outputs :])


def fitnet(p, embedding, variables):
    return F.mse_loss(linear(variables, "fitnet.regressor.0", embedding), p["teacher_embeddings"][p["batch"]])


def vid(p, embedding, variables):
    hidden = F.relu(linear(variables, "vid.regressor.0", embedding))
    mean = linear(variables, "vid.regressor.1", hidden)
    variance = (F.softplus(variables["vid.spread"]) + 1e-5).expand_as(mean)
    return F.gaussian_nll_loss(mean, p["teacher_embeddings"][p["batch"]], variance, eps=0)


def rkd(p, embedding):
    teacher = p["teacher_embeddings"][p["batch"]]

    def distances(x):
        d = torch.stack([torch.stack([((a - b) ** 2).sum().clamp(min=1e-12).sqrt() for b in x]) for a in x])
        d = d * (1 - torch.eye(len(x)))
        return d / d[d > 0].mean()

    def angles(x):
        e = F.normalize(x[None] - x[:, None], dim=-1)
        return e @ e.transpose(1, 2)

    return [F.smooth_l1_loss(f(embedding), f(teacher)) for f in (distances, angles)]


def crd(p, embedding, variables, settings):
    """All rows of a class have one memory, so that it does not matter which negatives are drawn."""
    batch, tau, n, k = p["batch"], settings["contrast_temperature"], p["rows"], settings["negatives"]
    views = {
        "student": F.normalize(linear(variables, "crd.student.projection.0", embedding), dim=-1),
        "teacher": F.normalize(linear(variables, "crd.teacher.projection.0", p["teacher_embeddings"][batch]), dim=-1),
    }
    classes = torch.where(p["labels"] < 0, p["logits"].argmax(-1), p["labels"])[batch]
    losses, buffers = [], {}
    for view, other in [("student", "teacher"), ("teacher", "student")]:
        memory = variables[f"crd.{other}.memory"].reshape(n, -1)
        positive = (views[view] * memory[batch]).sum(-1)
        stranger = torch.stack([memory[(p["class_of_row"] != c).nonzero()[0, 0]] for c in classes])
        negative = (views[view] * stranger).sum(-1)
        h = lambda x: (x / tau).exp()
        z = ((h(positive) + k * h(negative)) / (k + 1)).mean().detach() * n
        inside = lambda x: x / z / (x / z + k / n)
        losses.append(-(inside(h(positive)).log() + k * (1 - inside(h(negative))).log()).mean())
        buffers.setdefault("crd.normalisers", []).append(z.item())
    for view in views:
        memory = variables[f"crd.{view}.memory"].reshape(n, -1).clone()
        m = settings["momentum"]
        memory[batch] = F.normalize(m * memory[batch] + (1 - m) * views[view].detach(), dim=-1)
        buffers[f"crd.{view}.memory"] = memory.reshape(-1).tolist()
    return losses, buffers


def case(p, settings, g):
    method, alpha = settings["method"], settings.get("alpha", 1.0)
    subclasses = settings.get("subclasses", 1)
    outputs = (p["subclass_outputs"] if subclasses > 1 else p["outputs"]).clone().requires_grad_()
    embedding = p["student_embeddings"].clone().requires_grad_()
    variables, buffers = {}, {}
    draw = lambda name, inputs, out: variables.__setitem__(name, tensor(g, (inputs + 1) * out, bound=0.5).requires_grad_())
    temperature = settings.get("temperature", 1.0)
    if method == "ce":
        terms = {}
    elif method == "dkd":
        target, others = dkd(p, outputs, temperature)
        terms = {"dkd_target": (settings["target_weight"], target), "dkd_non_target": (settings["non_target_weight"], others)}
    elif method == "dist":
        rows, columns = dist(p, outputs, temperature)
        terms = {"dist_rows": (settings["row_weight"], rows), "dist_columns": (settings["column_weight"], columns)}
    elif method == "lskd":
        terms = {"lskd": (settings["weight"], lskd(p, outputs, temperature))}
    elif method == "lelp":
        terms = {"lelp": (1, split(p, outputs, temperature, settings["split_weight"]))}
    else:
        terms = {"kd": (1, kd(p, outputs, temperature))}
    terms = {name: ((1 - alpha) * weight, value) for name, (weight, value) in terms.items()}
    terms["ce"] = (alpha, cross_entropy(p, outputs, subclasses))
    weight = settings.get("weight")
    if method == "fitnet":
        draw("fitnet.regressor.0", 4, 5)
        terms["fitnet"] = (weight, fitnet(p, embedding, variables))
    elif method == "vid":
        draw("vid.regressor.0", 4, 5)
        draw("vid.regressor.1", 5, 5)
        variables["vid.spread"] = tensor(g, 5, bound=2.0).requires_grad_()
        terms["vid"] = (weight, vid(p, embedding, variables))
    elif method == "rkd":
        distance, angle = rkd(p, embedding)
        terms |= {"rkd_distance": (settings["distance_weight"], distance), "rkd_angle": (settings["angle_weight"], angle)}
    elif method == "crd":
        draw("crd.student.projection.0", 4, settings["dimensions"])
        draw("crd.teacher.projection.0", 5, settings["dimensions"])
        p["class_of_row"] = torch.where(p["labels"] < 0, p["logits"].argmax(-1), p["labels"])
        for view in ["student", "teacher"]:
            by_class = F.normalize(tensor(g, p["classes"], settings["dimensions"]), dim=-1)
            variables[f"crd.{view}.memory"] = by_class[p["class_of_row"]].float().double().reshape(-1)
        losses, buffers = crd(p, embedding, variables, settings)
        terms |= {"crd_student": (weight, losses[0]), "crd_teacher": (weight, losses[1])}
    loss = sum(weight * value for weight, value in terms.values())
    loss.backward()
    step = lambda v: (v - RATE * v.grad).tolist() if v.requires_grad else v.tolist()
    after = {name: step(value) for name, value in variables.items()} | buffers
    flat = lambda x: x.reshape(-1).tolist()
    zero = torch.zeros_like(embedding)
    return {
        "classes": p["classes"],
        "settings": settings,
        "optimum": OPTIMUM[method],
        "state": {name: value.tolist() for name, value in variables.items()},
        "terms": {name: [weight, value.item()] for name, (weight, value) in terms.items()},
        "loss": loss.item(),
        "output_gradient": flat(outputs.grad),
        "embedding_gradient": flat(embedding.grad if embedding.grad is not None else zero),
        "state_after": after,
    }


def main():
    mixed = {"alpha": 0.25, "temperature": 2.0}
    recipes = [
        {"method": "ce"},
        {"method": "kd", **mixed},
        {"method": "dkd", **mixed, "target_weight": 1.5, "non_target_weight": 3.0},
        {"method": "dist", **mixed, "row_weight": 1.5, "column_weight": 0.75},
        {"method": "lskd", **mixed, "weight": 3.0},
        {"method": "fitnet", **mixed, "weight": 5.0},
        {"method": "vid", **mixed, "weight": 0.5},
        {"method": "rkd", **mixed, "distance_weight": 25.0, "angle_weight": 50.0},
        {"method": "crd", **mixed, "weight": 0.8, "dimensions": 3, "negatives": 7, "contrast_temperature": 0.5, "momentum": 0.25},
        {"method": "lelp", **mixed, "subclasses": 2, "split_weight": 1.0},
        {"method": "lelp", **mixed, "subclasses": 2, "split_weight": 0.3},
        {"method": "lelp", **mixed, "subclasses": 2, "split_weight": 0.0},
    ]
    problems = {classes: problem(classes) for classes in (2, 3)}
    cases = [
        case(problems[classes], recipe, random.Random(place))
        for place, recipe in enumerate(recipes)
        # With two classes every row of another class is of the one other class, and `lskd` is flat.
        for classes in ([2] if recipe["method"] == "crd" else [3] if recipe["method"] == "lskd" else [3, 2])
    ]
    plain = lambda p: {k: v.tolist() if isinstance(v, torch.Tensor) else v for k, v in p.items() if k != "class_of_row"}
    print(json.dumps({"rate": RATE, "problems": [plain(p) for p in problems.values()], "cases": cases}))


if __name__ == "__main__":
    main()
