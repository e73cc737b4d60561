"""Measures the loader and the training step on this machine, and writes the tables of docs/benchmark.md.

    make bench [MOCO_REFERENCE=DIR] [MOCO_PYTHON=python-with-torch]

With both of these the step is also compared with the reference (see bench_reference.py).
"""
import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
R50 = ["--arch", "resnet50", "--size", "224", "--batch", "16", "-k", "65536"]
CIFAR = ["--arch", "resnet18", "--cifar-stem", "--size", "32", "--batch", "128", "-k", "4096", "--splits", "8"]
VARIANTS = [("fp32", "nchw"), ("fp32", "nhwc"), ("bf16", "nhwc")]
BF16 = ["--precision", "bf16", "--layout", "nhwc"]


def replaced(words, name, value):
    """Returns the options with another value for one of them."""
    at = words.index(name) + 1
    return words[:at] + [str(value)] + words[at + 1 :]


def first_line(path, key):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "unknown"


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)] + rows
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def prose(text):
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n\n"


def mib(size):
    return f"{size / 2**20:.0f} MiB"


class Bench:
    def __init__(self, args):
        self.args = args
        cores = sorted(os.sched_getaffinity(0))
        if args.threads < 1 or args.threads > len(cores):
            sys.exit(f"bench_report: --threads {args.threads} is more than the {len(cores)} cores")
        self.cores = cores[-args.threads :]

    def moco(self, *words):
        command = [self.args.moco, "bench", *words, "--json"]
        print("moco bench", *words, file=sys.stderr, flush=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, self.cores))
        if done.returncode:
            sys.exit(f"bench_report: failed with exit code {done.returncode}: {' '.join(command)}")
        return json.loads(done.stdout)

    def step(self, *words, steps=1, repeats=5, warmup=2):
        return self.moco("step", *words, "--threads", str(self.args.threads), "--steps", str(steps), "--repeats",
                         str(repeats), "--warmup", str(warmup))

    def loader(self, data):
        rows = []
        for recipe in ("v1", "v2"):
            r = self.moco("loader", data, "--recipe", recipe, "--workers", "1")
            rows.append([recipe, f"{r['files_per_second']:.0f}", f"{r['files_per_cpu_second']:.0f}", mib(r["peak_bytes"])])
        return ("## Loader\n\n" + prose("`moco bench loader` on files of `moco-synth`: one worker, two views of 224 pixels per file.")
                + table(["recipe", "files/s", "files/s of CPU time", "peak of memory"], rows))

    def steps(self):
        rows, phases = [], {}
        for name, words in (("ResNet-50, 224 pixels, batch 16, K 65536", R50),
                            ("ResNet-18, CIFAR stem, 32 pixels, batch 128, 8 groups, K 4096", CIFAR)):
            for precision, layout in VARIANTS:
                r = self.step(*words, "--precision", precision, "--layout", layout)
                wall, cpu = r["wall_ms"], r["cpu_ms"]
                rows.append([name, f"{precision} {layout}", f"{wall['median']:.0f}", f"{wall['min']:.0f}",
                             f"{100 * wall['spread']:.1f} %", f"{cpu['median']:.0f}", f"{r['images_per_second']:.1f}",
                             mib(r["peak_bytes"])])
                phases[f"{r['arch']} {precision} {layout}"] = r["phases_wall_ms"]
        text = ("## Step\n\n" + prose("`moco bench step` on random images, in milliseconds per step. Spread is the range of the middle "
                                      "half of the repeats, as a share of the median.")
                + table(["configuration", "arithmetic", "wall", "least", "spread", "CPU", "images/s", "peak of memory"], rows))
        names = [name for name in next(iter(phases.values())) if name not in ("data wait", "total")]
        rows = [[name] + [f"{p[name]:.1f} ({100 * p[name] / p['total']:.1f} %)" for p in phases.values()] for name in names]
        return text + "\nThe phases of one more step, in milliseconds:\n\n" + table(["phase"] + list(phases), rows)

    def train(self, data):
        rows = []
        for name, words, recipe in (("ResNet-50, 224 pixels, batch 16", R50, "v2"),
                                    ("ResNet-18, CIFAR stem, 32 pixels, batch 64", replaced(CIFAR, "--batch", 64), "cifar")):
            r = self.moco("train", data, *words, *BF16, "--recipe", recipe, "--workers", "1", "--threads",
                          str(self.args.threads), "--steps", "4", "--repeats", "3", "--warmup", "2")
            rows.append([name, f"{r['wall_ms']['median']:.0f}", f"{100 * r['wall_ms']['spread']:.1f} %",
                         f"{r['cpu_ms']['median']:.0f}", f"{r['data_wait_ms']:.1f}", f"{r['images_per_second']:.1f}",
                         mib(r["peak_bytes"])])
        return ("## Loader and step together\n\n" + prose("`moco bench train` on the same files, in bf16 nhwc, with one worker "
                                                         "on the same cores; milliseconds per step.")
                + table(["configuration", "wall", "spread", "CPU", "waits for data", "images/s", "peak of memory"], rows))

    def growth(self):
        """Fits a line through the time against the batch, and says how far the medians are from it."""
        batches, times = [4, 8, 16, 32], []
        for batch in batches:
            times.append(self.step(*replaced(R50, "--batch", batch), *BF16, repeats=3)["cpu_ms"]["median"])
        slope, start = statistics.linear_regression(batches, times)
        rows = [[b, f"{t:.0f}", f"{t / b:.1f}", f"{100 * (t / (start + slope * b) - 1):+.1f} %"]
                for b, t in zip(batches, times)]
        return (prose("With the batch (ResNet-50, 224 pixels, bf16, K 65536), in CPU milliseconds per step: "
                      f"{start:.0f} + {slope:.1f} x batch, correlation {statistics.correlation(batches, times):.4f}.")
                + table(["batch", "step", "per image", "off the line"], rows))

    def flatness(self):
        """Fits a line through the time against the step, while the queue wraps around, and says how much it rises."""
        r = self.step(*replaced(replaced(CIFAR, "--batch", 32), "-k", 1024), *BF16, repeats=96, warmup=4)
        times = r["cpu_ms"]["repeats"]
        slope, _ = statistics.linear_regression(range(len(times)), times)
        first, last = statistics.median(times[:24]), statistics.median(times[-24:])
        return prose(f"Over the steps of a run (ResNet-18, batch 32, K 1024, {len(times)} steps, three times round the queue): "
                     f"the median of the last quarter differs by {100 * (last / first - 1):+.1f} % from that of the first; a "
                     f"line through all steps rises by {100 * slope * len(times) / r['cpu_ms']['median']:+.1f} % over the run.")

    def queue_share(self):
        """Measures the cost of loss and queue with a network that is small enough to show it."""
        small = replaced(replaced(R50, "--arch", "resnet20"), "--size", 16)
        differences = []
        for _ in range(5):
            large, little = (self.step(*replaced(small, "-k", k), repeats=20)["cpu_ms"]["median"] for k in (65536, 64))
            differences.append(large - little)
        cost = statistics.median(differences)
        rows = []
        for precision in ("fp32", "bf16"):
            r = self.step(*R50, "--precision", precision, "--layout", "nhwc", repeats=3, warmup=1)
            phases = r["phases_cpu_ms"]
            share = (phases["loss"] + phases["metrics"] + phases["enqueue"]) / phases["total"]
            rows.append([precision, f"{r['cpu_ms']['median']:.0f}", f"{100 * share:.2f} %",
                         f"{100 * cost / r['cpu_ms']['median']:.2f} %"])
        return (prose(f"Loss and queue, with their backward pass, cost {cost:.1f} CPU milliseconds per step "
                      f"({min(differences):.1f} to {max(differences):.1f}) at K 65536 and batch 16. This is the difference between "
                      "K 65536 and K 64, measured with a small network (ResNet-20 at 16 pixels). The table shows it as a share "
                      "of a step of ResNet-50 at 224 pixels, beside the share of the phases loss, metrics and enqueue.")
                + table(["arithmetic", "step, CPU ms", "phases", "with backward pass"], rows))

    def compare(self, configuration, threads, words):
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            command = [self.args.python, HERE / "bench_reference.py", "--configuration", configuration, "--reference",
                       self.args.reference, "--moco", self.args.moco, "--threads", str(threads), "--json", out.name]
            print("bench_reference.py", configuration, threads, *words, file=sys.stderr, flush=True)
            if subprocess.run(command + words, stdout=sys.stderr).returncode:
                sys.exit("bench_report: the comparison failed")
            result = json.loads(pathlib.Path(out.name).read_text())
        s = result["settings"]
        rows = []
        for name, row in result["programs"].items():
            cells = [name]
            for measure in ("cpu_ms", "wall_ms", "memory_mib"):
                m = row[measure]
                cells += [f"{m['median']:.0f}", f"{m['ratio']:.2f} ({m['ratio_min']:.2f} to {m['ratio_max']:.2f})"]
            rows.append(cells)
        return (prose(f"{s['arch']}, {s['size']} pixels, batch {s['batch']}, K {s['k']}, {threads} "
                      f"{'thread' if threads == 1 else 'threads'}, {s['pairs']} turns of {s['steps']} steps "
                      f"after {s['warmup']} to warm up, PyTorch {result['torch']}, moco {s['layout']}:")
                + table(["", "CPU ms", "ratio", "wall ms", "ratio", "MiB", "ratio"], rows))

    def reference(self):
        text = "## Against the reference\n\n"
        if not self.args.reference:
            return text + "Not measured in this run: it takes `MOCO_REFERENCE` and `MOCO_PYTHON`.\n"
        return (text + prose("`tools/bench/bench_reference.py`: the step of facebookresearch/moco at 3b42c2a (for ResNet-18 its CIFAR "
                "notebook's arithmetic) as published, moco, and the fastest PyTorch that we know (channels-last, fused SGD, the "
                "momentum update over all parameters at once). The programs take turns, each as a separate process on the same "
                "cores. A ratio is the reference's value divided by the program's, of the same turn (range over the turns): "
                "above 1 the program is faster or smaller. Memory is the peak of the process, with interpreter and libraries.")
                + "\n".join(self.compare(configuration, threads, words + ["--pairs", "3", "--steps", "2"])
                            for threads in range(1, min(2, len(os.sched_getaffinity(0))) + 1)
                            for configuration, words in (("r50", ["--batch", "16"]), ("cifar", []))))

    def head(self):
        git = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True)
        memory = int(first_line("/proc/meminfo", "MemTotal").split()[0]) / 2**20
        torch = " MOCO_REFERENCE=... MOCO_PYTHON=..." if self.args.reference else ""
        load = os.getloadavg()
        return ("# Benchmark\n\nWritten by `make bench`; do not edit. All figures are from one run on one machine.\n\n"
                + table(["", "this run"],
                        [["machine", f"{first_line('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {memory:.0f} GiB"],
                         ["threads", f"{self.args.threads}"],
                         ["load at the start", f"{load[0]:.2f} over 1 minute, {load[1]:.2f} over 5"],
                         ["commit", git.stdout.strip() or "unknown"], ["command", f"`make bench{torch}`"],
                         ["date", datetime.date.today().isoformat()]]).replace("---:", "---"))

    def run(self):
        head = self.head()
        with tempfile.TemporaryDirectory() as data:
            if subprocess.run([self.args.synth, data, "200"], stdout=subprocess.DEVNULL).returncode:
                sys.exit(f"bench_report: {self.args.synth} failed")
            parts = [head, self.loader(data), self.steps(), self.train(data)]
        parts.append("## How the step grows\n\n" + "\n".join([self.growth(), self.flatness() + self.queue_share()]))
        parts.append(self.reference())
        return "\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--moco", default="build/bin/moco", metavar="FILE")
    parser.add_argument("--synth", default="build/bin/moco-synth", metavar="FILE")
    parser.add_argument("--reference", default="", metavar="DIR", help="a clone of facebookresearch/moco at 3b42c2a")
    parser.add_argument("--python", default="", metavar="FILE", help="a Python with torch and torchvision")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", default="docs/benchmark.md")
    args = parser.parse_args()
    if bool(args.reference) != bool(args.python):
        sys.exit("bench_report: the comparison needs both MOCO_REFERENCE=DIR (a clone of facebookresearch/moco at 3b42c2a) "
                 "and MOCO_PYTHON=FILE (a Python with torch and torchvision)")
    for program in (args.moco, args.synth):
        if not os.access(program, os.X_OK):
            sys.exit(f"bench_report: {program} is not a program; run `make bench`, which builds it")
    text = Bench(args).run()
    pathlib.Path(args.out).write_text(text)
    print(f"wrote {args.out}")


if __name__ == "__main__":
    main()
