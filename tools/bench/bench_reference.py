"""Compares the training step with the reference and with the fastest PyTorch that we know, in turns, on the same cores.

    python tools/bench/bench_reference.py --reference DIR [--configuration r50|cifar] [--pairs N] [--json OUT]

DIR is a clone of github.com/facebookresearch/moco at commit 3b42c2a, which this project does not contain; the Python
needs torch and torchvision. Each program runs in a separate process, which warms up and then times a few steps on random
images. The programs take turns, so that other work on the machine slows all of them. bench_torch.py and `moco bench
--help` say what is timed. A ratio is the value of the reference divided by that of a program in the same turn: above 1
the program is faster or takes less memory.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CONFIGURATIONS = {
    "r50": dict(arch="resnet50", size=224, batch=32, k=65536, splits=1),
    "cifar": dict(arch="resnet18", size=32, batch=128, k=4096, splits=8),
}
MEASURES = ("cpu_ms", "wall_ms", "memory_mib")


def fail(message):
    sys.exit(f"bench_reference: {message}")


def check(args):
    if args.configuration == "r50" and not args.reference:
        fail("--reference DIR is missing: a clone of facebookresearch/moco at commit 3b42c2a")
    if args.reference and not pathlib.Path(args.reference, "moco", "builder.py").is_file():
        fail(f"{args.reference} has no moco/builder.py; clone facebookresearch/moco and check out 3b42c2a, since its "
             "later commits are empty")
    if not os.access(args.moco, os.X_OK):
        fail(f"{args.moco} is not a program; run `make build`, or give --moco FILE")
    found = subprocess.run([sys.executable, "-c", "import torch, torchvision"], capture_output=True, text=True)
    if found.returncode:
        fail(f"{sys.executable} cannot import torch and torchvision: {found.stderr.strip().splitlines()[-1]}")
    for name, least in (("pairs", 1), ("steps", 1), ("warmup", 0), ("threads", 1), ("batch", 2), ("k", 1), ("splits", 1)):
        if getattr(args, name) < least:
            fail(f"--{name} {getattr(args, name)} is below {least}")
    if args.k % args.batch:
        fail(f"the reference needs a queue (--k {args.k}) that is a multiple of --batch {args.batch}")
    if args.batch % args.splits:
        fail(f"--batch {args.batch} does not divide into --splits {args.splits}")
    cores = sorted(os.sched_getaffinity(0))
    if args.threads > len(cores):
        fail(f"--threads {args.threads} is more than the {len(cores)} cores")
    return cores[-args.threads :]


def programs(args):
    """Returns name and command of each program in the order of the table; the others are compared with the first."""
    shared = ["--arch", args.arch, "--size", args.size, "--batch", args.batch, "--splits", args.splits, "--threads",
              args.threads, "--warmup", args.warmup] + (["--mlp"] if args.mlp else [])
    torch = shared + ["--configuration", args.configuration, "--steps", args.steps, "--k", args.k]
    moco = shared + ["-k", args.k, "--steps", 1, "--repeats", args.steps, "--json", "--layout", args.layout]
    if args.configuration == "cifar":
        moco.append("--cifar-stem")
    script = [sys.executable, HERE / "bench_torch.py"]
    reference = script + ["reference"] + torch + (["--reference", args.reference] if args.reference else [])
    found = {"reference": reference}
    for precision in ("fp32", "bf16") if args.precision == "both" else (args.precision,):
        end = ["--precision", precision]
        found[f"moco {precision}"] = [args.moco, "bench", "step"] + moco + end
        found[f"PyTorch {precision}"] = script + ["best"] + torch + end
        if args.compile:
            found[f"PyTorch {precision}, compiled"] = script + ["compiled"] + torch + end
    return {name: [str(word) for word in command] for name, command in found.items()}


def run(name, command, cores):
    """Runs one turn: medians of the steps in milliseconds, and the peak memory of the process."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(len(cores)))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment,
                               preexec_fn=lambda: os.sched_setaffinity(0, cores))
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        fail(f"{name} failed with exit code {process.returncode}: {' '.join(command)}")
    values = json.loads(output)

    def steps_of(key):
        return values[key]["repeats"] if isinstance(values[key], dict) else values[key]

    return {"cpu_ms": statistics.median(steps_of("cpu_ms")), "wall_ms": statistics.median(steps_of("wall_ms")),
            "memory_mib": usage.ru_maxrss / 1024, "torch": values.get("torch")}


def summarize(turns):
    """Returns for each program and measure the median, the values, and the ratios to the reference of the same turn."""
    result = {}
    for name, rows in turns.items():
        result[name] = {}
        for measure in MEASURES:
            values = [row[measure] for row in rows]
            ratios = [base[measure] / value for base, value in zip(turns["reference"], values)]
            result[name][measure] = {"median": statistics.median(values), "values": values,
                                     "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios)}
    return result


def report(args, result):
    print(f"{args.arch}, {args.size} pixels, batch {args.batch}, K {args.k}, {args.threads} threads, {args.pairs} turns of "
          f"{args.steps} steps; medians, and ratios to the reference (range)")
    for name, row in result.items():
        cells = [f"{row[m]['median']:9.1f} {unit} {row[m]['ratio']:5.2f}x ({row[m]['ratio_min']:.2f} to {row[m]['ratio_max']:.2f})"
                 for m, unit in zip(MEASURES, ("ms CPU", "ms wall", "MiB"))]
        print(f"  {name:24}" + "  ".join(cells))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reference", metavar="DIR", help="a clone of facebookresearch/moco at 3b42c2a; not for cifar")
    parser.add_argument("--configuration", choices=CONFIGURATIONS, default="r50")
    parser.add_argument("--pairs", type=int, default=3, metavar="N", help="turns per program")
    parser.add_argument("--json", metavar="OUT", help="also write the results to this file")
    for name in ("arch", "size", "batch", "k", "splits"):
        parser.add_argument(f"--{name}", type=str if name == "arch" else int, help="replaces the value of the configuration")
    parser.add_argument("--mlp", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2, help="timed steps per turn")
    parser.add_argument("--warmup", type=int, default=1, help="steps before them")
    parser.add_argument("--precision", choices=["fp32", "bf16", "both"], default="both", help="of moco and best PyTorch")
    parser.add_argument("--layout", choices=["nchw", "nhwc"], default="nhwc", help="of moco")
    parser.add_argument("--moco", default="build/bin/moco", metavar="FILE")
    parser.add_argument("--compile", action="store_true", help="also measure torch.compile; needs a C++ compiler and some minutes")
    args = parser.parse_args()
    for name, value in CONFIGURATIONS[args.configuration].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return args


def main():
    args = parse()
    cores = check(args)
    commands = programs(args)
    turns = {name: [] for name in commands}
    for _ in range(args.pairs):
        for name, command in commands.items():
            turns[name].append(run(name, command, cores))
    result = summarize(turns)
    report(args, result)
    if args.json:
        torch = turns["reference"][0]["torch"]
        pathlib.Path(args.json).write_text(json.dumps({"settings": vars(args), "torch": torch, "programs": result}, indent=1))


if __name__ == "__main__":
    main()
