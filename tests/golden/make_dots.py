"""Adds to golden cases the dot product of each tensor with a fixed random vector, as the reference computes it.

    python make_dots.py --generator DIR --reference DIR [--steps N] CASE.json...

--generator is the folder of make_golden.py, which runs the reference and made the other numbers of a case; --reference is a
clone of facebookresearch/moco. Each case is computed again; its other numbers stay, and how far the new ones are from them
is printed: they differ between processors. --steps gives dots to the first N steps alone: the later ones of r34_odd (2),
r50_v2 and r101_v1 (1) depend on the processor too much.

The dot product of a tensor x, row-major, is the sum of x[i] r[i] in float64; r is the stream "dot" (see stream.h). `names`
lists the tensors of an encoder once. `dots` has in each step a list in this order for each encoder (encoder_q, encoder_k)
and for SGD's momentum (null for running statistics, which have none), and a number each for q, k, logits and queue.
"""
import argparse
import json
import os
import sys
import tempfile

import numpy as np
import torch.multiprocessing

STEP = ("q", "k", "logits", "queue")


def add_dots(golden):
    """Lets the generator's functions note dots beside their own numbers."""
    optimizers = []
    sums, watch, sgd = golden.sums, golden.watch, golden.sgd

    def dot(tensor):
        x = tensor.detach().reshape(-1).numpy().astype(np.float64)
        return float(x @ golden.uniform("dot", x.size).astype(np.float64))

    def dots_of(encoder, alias):
        state = {n: t for n, t in encoder.state_dict().items() if not n.endswith("num_batches_tracked")}
        parameters = dict(encoder.named_parameters())
        buffers = [optimizers[0].state.get(parameters.get(n), {}).get("momentum_buffer") for n in state]
        return {"names": [(alias or {}).get(n, n) for n in state], "state": [dot(t) for t in state.values()],
                "momentum": [b if b is None else dot(b) for b in buffers]}

    golden.sums = lambda tensor: {**sums(tensor), "dot": dot(tensor)}
    golden.watch = lambda encoder, alias=None: {**watch(encoder, alias), "dots": dots_of(encoder, alias)}
    golden.sgd = lambda model, case: optimizers.append(sgd(model, case)) or optimizers[-1]


def run(rank, case, options, meeting, out):
    sys.path.insert(0, options.generator)
    import make_golden as golden

    add_dots(golden)
    if case["kind"] == "colab":
        golden.run_colab(case, options.reference, out)
    else:
        golden.run_builder(rank, case, options.reference, meeting, out)


def compute(case, options):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "case.json")
        arguments = (case, options, os.path.join(folder, "meeting"), out)
        torch.multiprocessing.spawn(run, arguments, nprocs=case["world"])
        with open(out, encoding="ascii") as file:
            return json.load(file)


def eight_digits(value):
    return [eight_digits(v) for v in value] if isinstance(value, list) else value and float(f"{value:.8g}")


def dots_of_step(step):
    dots = {name: step[name]["dot"] for name in STEP if name in step}
    dots.update({which: step[which]["dots"]["state"] for which in ("encoder_q", "encoder_k")})
    dots["momentum"] = step["encoder_q"]["dots"]["momentum"]
    return {name: eight_digits(value) for name, value in dots.items()}


def distances(old, new, path=""):
    """(distance, place) of the numbers of two files, as a share of the larger of 1 and the old number."""
    if isinstance(old, (dict, list)):
        for key in old if isinstance(old, dict) else range(len(old)):
            yield from distances(old[key], new[key], f"{path}/{key}")
    elif not isinstance(old, (str, bool)):
        yield abs(new - old) / max(1, abs(old)), path


def text(value, depth):
    """JSON with a line for each item of the outer `depth` levels."""
    if depth == 0 or not isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{json.dumps(k)}: {text(v, depth - 1)}" for k, v in value.items()) + "\n}"
    return "[\n" + ",\n".join(text(v, depth - 1) for v in value) + "\n]"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--generator", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("cases", nargs="+")
    options = parser.parse_args()
    for path in options.cases:
        with open(path, encoding="ascii") as file:
            old = json.load(file)
        new = compute(old["case"], options)
        steps = [{k: v for k, v in step.items() if k != "dots"} for step in old["steps"]]
        far, where = max(distances(steps, new["steps"]))
        print(f"{path}: the other numbers are at most {far:.1e} from before ({where})", flush=True)
        names = new["steps"][0]["encoder_q"]["dots"]["names"]
        for step, other in list(zip(steps, new["steps"]))[:options.steps]:
            step["dots"] = dots_of_step(other)
        with open(path, "w", encoding="ascii") as file:
            file.write(text({"case": old["case"], "names": names, "steps": steps}, 4) + "\n")


if __name__ == "__main__":
    main()
