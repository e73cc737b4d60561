"""Computes golden cases of the mechanisms other than MoCo's, with plain PyTorch in float64.

    python make_mechanisms.py [--out tests/golden/cases] [NAME...]

The arithmetic is written here from the papers alone (arXiv 1911.05722, figure 2; 1805.01978; 2104.02057) and shares
nothing with libmoco but the inputs: weights, images, permutations and the rows of the bank that are drawn come from the
streams of stream.h and from Philox4x32-10. All ranks are computed in one process: the loss is the mean of theirs.

A ReLU whose input is nearly 0 may let a gradient pass in float64 and not in float32. So images are drawn again, with
another "salt" in their streams' names, until all inputs are MARGIN away from 0.

A tensor is noted by its size, its norm, and its dot product with the stream "dot". Each step has the loss, that of each
rank, and logits, queries and all gradients; at the end there are the weights and the bank.
"""
import argparse
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

MASK = (1 << 64) - 1
MARGIN = 2e-6
BASE = dict(arch="resnet20", size=8, batch=16, K=24, dim=16, T=0.2, m=0.9, mlp=False, world=1, bn_splits=2,
            symmetric=False, cifar_stem=False, lr=0.02, wd=1e-3, steps=3, images=60, seed=7, predictor=24)
CASES = {
    "e2e": dict(mechanism="end-to-end"),
    "e2e_world2": dict(mechanism="end-to-end", world=2),
    "e2e_separate": dict(mechanism="end-to-end", separate=True),
    "e2e_separate_world2": dict(mechanism="end-to-end", separate=True, world=2),
    "bank": dict(mechanism="memory-bank"),
    "bank_world2": dict(mechanism="memory-bank", world=2),
    "bank_query_world2": dict(mechanism="memory-bank", per_query=True, world=2),
    "v3": dict(mechanism="momentum-batch", symmetric=True, mlp=True, bn_splits=1),
    "v3_world2": dict(mechanism="momentum-batch", symmetric=True, world=2, bn_splits=1),
    "v3_groups": dict(mechanism="momentum-batch", batch=32),
    "v3_plain": dict(mechanism="momentum-batch", predictor=0),
}


# --- the streams

def uniform(name, n):
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(40)).astype(np.float64) / 8388608 - 1


def tensor(name, *shape):
    return torch.from_numpy(uniform(name, math.prod(shape)).reshape(shape))


def permutation(number, n):
    return torch.from_numpy(np.argsort(uniform(f"perm.{number}", n), kind="stable"))


def philox(key, counter):
    """The words of a block of Philox4x32-10 (Salmon et al., 2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def draw(seed, number, count, bound):
    """The rows of the bank of a dictionary: stream 8 of the seed, whole numbers by Lemire's method."""
    rows, block, words = [], 0, []
    while len(rows) < count:
        if not words:
            words = philox((seed & 0xFFFFFFFF, seed >> 32), (block, 8 << 24, number & 0xFFFFFFFF, number >> 32))
            block += 1
        product = words.pop(0) * bound
        if product & 0xFFFFFFFF >= (1 << 32) % bound:
            rows.append(product >> 32)
    return rows


# --- the network: ResNet-20 of He et al. with shortcuts without parameters

def shapes(case):
    yield "conv1.weight", (16, 3, 3, 3)
    yield from (("bn1.weight", (16,)), ("bn1.bias", (16,)))
    width = 16
    for stage, planes in enumerate((16, 32, 64)):
        for block in range(3):
            name = f"layer{stage + 1}.{block}."
            for i, inputs in ((1, width), (2, planes)):
                yield f"{name}conv{i}.weight", (planes, inputs, 3, 3)
                yield from ((f"{name}bn{i}.weight", (planes,)), (f"{name}bn{i}.bias", (planes,)))
            width = planes
    for fc, outputs in (("fc.0", 64), ("fc.2", case["dim"])) if case["mlp"] else (("fc", case["dim"]),):
        yield from ((fc + ".weight", (outputs, 64)), (fc + ".bias", (outputs,)))


def first_value(prefix, name, shape):
    x = tensor(prefix + name, *shape)
    if len(shape) == 4:
        return x * math.sqrt(6 / (shape[0] * shape[2] * shape[3]))
    if len(shape) == 2:
        return x / math.sqrt(shape[1])
    if name.startswith("fc"):
        return x * 0.01
    return x * 0.1 + (1 if name.endswith("weight") else 0)


def parameters(prefix, named_shapes):
    # float32 first: the program starts from these very numbers
    return {n: first_value(prefix, n, s).float().double().requires_grad_() for n, s in named_shapes}


nearest = math.inf  # of all inputs of ReLUs to 0


def relu(x):
    global nearest
    if x.requires_grad:
        nearest = min(nearest, x.detach().abs().min().item())
    return F.relu(x)


def norm(x, weight, bias, groups):
    """Batch norm over the groups of samples n mod groups."""
    out = torch.empty_like(x)
    for g in range(groups):
        part = x[g::groups]
        axes = (0, 2, 3) if x.dim() == 4 else (0,)
        mean, var = part.mean(axes, keepdim=True), part.var(axes, unbiased=False, keepdim=True)
        view = [1, -1] + [1] * (x.dim() - 2)
        out[g::groups] = (part - mean) / torch.sqrt(var + 1e-5) * weight.view(view) + bias.view(view)
    return out


def embed(p, x, groups):
    x = relu(norm(F.conv2d(x, p["conv1.weight"], padding=1), p["bn1.weight"], p["bn1.bias"], groups))
    for stage in range(3):
        for block in range(3):
            name = f"layer{stage + 1}.{block}."
            stride = 2 if stage > 0 and block == 0 else 1
            y = F.conv2d(x, p[name + "conv1.weight"], stride=stride, padding=1)
            y = relu(norm(y, p[name + "bn1.weight"], p[name + "bn1.bias"], groups))
            y = norm(F.conv2d(y, p[name + "conv2.weight"], padding=1), p[name + "bn2.weight"], p[name + "bn2.bias"],
                     groups)
            if stride == 2:
                more = (y.shape[1] - x.shape[1]) // 2
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, more))
            x = relu(y + x)
    x = x.mean((2, 3))
    if "fc.0.weight" in p:
        return F.linear(relu(F.linear(x, p["fc.0.weight"], p["fc.0.bias"])), p["fc.2.weight"], p["fc.2.bias"])
    return F.linear(x, p["fc.weight"], p["fc.bias"])


def predict(p, x, groups):
    x = norm(F.linear(x, p["predictor.0.weight"]), p["predictor.1.weight"], p["predictor.1.bias"], groups)
    return F.linear(relu(x), p["predictor.3.weight"])


# --- the mechanisms

class Run:
    def __init__(self, case):
        self.case, self.shuffles = case, 0
        named = list(shapes(case))
        self.q = parameters("", named)
        self.k = None
        self.p = {}
        if case["mechanism"] == "momentum-batch":
            self.k = {n: v.detach().clone() for n, v in self.q.items()}
            h, c = case["predictor"], case["dim"]
            if h > 0:
                self.p = parameters("", [("predictor.0.weight", (h, c)), ("predictor.1.weight", (h,)),
                                         ("predictor.1.bias", (h,)), ("predictor.3.weight", (c, h))])
        elif case.get("separate"):
            self.k = parameters("k.", named)
        if case["mechanism"] == "memory-bank":
            bank = tensor("bank", case["images"], case["dim"])
            self.bank = (bank / bank.norm(dim=1, keepdim=True)).float().double()
        learning = list(self.q.values()) + list(self.p.values())
        learning += list(self.k.values()) if case.get("separate") else []
        self.sgd = torch.optim.SGD(learning, lr=case["lr"], momentum=0.9, weight_decay=case["wd"])

    def by_rank(self, x):
        return x.chunk(self.case["world"])

    def queries(self, x):
        groups = self.case["bn_splits"]
        y = [embed(self.q, part, groups) for part in self.by_rank(x)]
        if self.p:
            y = [predict(self.p, part, groups) for part in y]
        return F.normalize(torch.cat(y))

    def keys(self, x, weights):
        order = permutation(self.shuffles, len(x))
        self.shuffles += 1
        y = torch.cat([F.normalize(embed(weights, part, self.case["bn_splits"])) for part in self.by_rank(x[order])])
        return y[torch.argsort(order)]

    def in_batch(self, views, weights, factor):
        pairs = [(0, 1), (1, 0)] if self.case["symmetric"] else [(0, 1)]
        keys = [self.keys(views[b], weights) for _, b in pairs]
        n = len(views[0]) // self.case["world"]
        losses, outputs = 0, None
        for (a, _), k in zip(pairs, keys):
            q = self.queries(views[a])
            logits = q @ k.T / self.case["T"]
            each = F.cross_entropy(logits, torch.arange(len(q)), reduction="none") * factor
            losses = losses + each.view(-1, n).mean(1)
            outputs = outputs or (q, k, logits)
        return losses, outputs

    def with_bank(self, view, samples, step):
        case = self.case
        q, k, n = self.queries(view), self.bank[samples], len(samples)
        if case.get("per_query"):
            rows = [draw(case["seed"], step * n + i, case["K"], case["images"]) for i in range(n)]
            negative = torch.einsum("nc,nkc->nk", q, self.bank[torch.tensor(rows)])
        else:
            negative = q @ self.bank[draw(case["seed"], step, case["K"], case["images"])].T
        logits = torch.cat([(q * k).sum(1, keepdim=True), negative], 1) / case["T"]
        each = F.cross_entropy(logits, torch.zeros(n, dtype=torch.long), reduction="none")
        new = F.normalize((k + q.detach()) / 2)
        for i, image in enumerate(samples.tolist()):  # of an image that comes twice the last one counts
            self.bank[image] = new[i]
        return each.view(case["world"], -1).mean(1), (q, k, logits)

    def step(self, number):
        case = self.case
        size = (case["batch"], 3, case["size"], case["size"])
        views = [tensor(f"{v}.{number}{case['salt']}", *size) for v in ("im_q", "im_k")]
        samples = torch.from_numpy(((uniform(f"samples.{number}", case["batch"]) + 1) / 2 * case["images"]).astype(int))
        self.sgd.zero_grad()
        if case["mechanism"] == "end-to-end":
            losses, outputs = self.in_batch(views, self.k or self.q, 1)
        elif case["mechanism"] == "momentum-batch":
            with torch.no_grad():
                for name, value in self.k.items():
                    value.mul_(case["m"]).add_(self.q[name], alpha=1 - case["m"])
            losses, outputs = self.in_batch(views, self.k, 2 * case["T"])
        else:
            losses, outputs = self.with_bank(views[0], samples, number)
        losses.mean().backward()
        self.sgd.step()
        named = {"q": self.q, "p": self.p, "k": self.k if case.get("separate") else {}}
        return {"loss": losses.mean().item(), "loss_per_rank": losses.tolist(),
                "q": note(outputs[0]), "k": note(outputs[1]), "logits": note(outputs[2]),
                "gradients": {which: [note(t.grad) for t in tensors.values()] for which, tensors in named.items()}}

    def end(self):
        named = {"q": self.q, "p": self.p, "k": self.k or {}}
        end = {which: [note(t) for t in tensors.values()] for which, tensors in named.items()}
        return {"weights": end, **({"bank": note(self.bank)} if hasattr(self, "bank") else {})}


def note(x):
    x = x.detach().reshape(-1).numpy()
    return [x.size, float(f"{np.linalg.norm(x):.9g}"), float(f"{x @ uniform('dot', x.size):.9g}")]


def compute(case):
    global nearest
    for salt in range(1000):
        run, nearest = Run({**case, "salt": f".{salt}"}), math.inf
        steps = []
        while len(steps) < case["steps"] and nearest > MARGIN:
            steps.append(run.step(len(steps)))
        if nearest > MARGIN:
            return {"case": run.case, "steps": steps, "end": run.end()}
    raise SystemExit("no salt keeps all inputs of ReLUs away from 0")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases"))
    parser.add_argument("names", nargs="*", default=list(CASES), help="cases to compute; default: all")
    args = parser.parse_args()
    for name in args.names:
        more = CASES[name]
        result = compute({**BASE, **more})
        with open(os.path.join(args.out, f"mechanism_{name}.json"), "w", encoding="ascii") as file:
            file.write(json.dumps(result).replace('{"loss"', '\n{"loss"') + "\n")
        print(name, result["case"]["salt"], [step["loss"] for step in result["steps"]], flush=True)


if __name__ == "__main__":
    main()
