"""Runs on this machine's GPUs what cannot be tried without one, and writes the tables of docs/gpu.md.

    make gpu [MOCO_REFERENCE=DIR] [MOCO_PYTHON=python-with-torch] [MINUTES=5]

Checks: the unit tests of tensors, networks and steps, the golden cases of the reference, a training against the CPU's,
determinism, CUDA graphs, exact resume, NCCL over all GPUs, a killed rank. Measures: a training that a loader feeds, and the
step against PyTorch's (bench_torch_gpu.py); the latter need a Python with PyTorch for CUDA and torchvision, and the
reference a clone of facebookresearch/moco at 3b42c2a. A check that fails is written down as such, and the exit code is then
1. --quick does less of everything, to try the script itself.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "<!-- written by make gpu -->"
# Networks so deep for their small batches that the last bits grow; tests/golden/CMakeLists.txt has the same on a CPU.
GOLDEN = {"nchw": {"r34_odd": "--steps 3", "r50_v2": "--steps 1 --slack 5", "r101_v1": "--steps 1 --slack 5",
                   "rx50": "--slack 5", "wrn50": "--slack 5"},
          "nhwc": {name: "--steps 1 --slack 5" for name in ("r34_odd", "r50_v2", "r101_v1", "rx50", "wrn50")}}
UNIT = ("Step.*:Momentum.*:Queue*:InfoNce.*:Profile.*:Tensor*:Sgd*:Encoder.*:GpuRanks.*:GpuCopies.*:LateGpu.*:*FusedNorm*"
        "-TensorMisuse.*:*Parameter*:*Widened*:*Initial*")
SMALL = ["--preset", "tiny", "--arch", "resnet18", "--image-size", "32", "--batch", "64", "--queue-size", "512", "--no-plots",
         "--knn-every", "0", "--print-freq", "1", "--precision", "fp32", "--threads", "4", "--max-steps", "40"]
STEPS = [("ResNet-50, 224 pixels, batch 256, K 65536, one group", "r50", dict(arch="resnet50", size=224, batch=256, k=65536, splits=1)),
         ("ResNet-50, 224 pixels, batch 32, K 65536, 8 groups", "r50", dict(arch="resnet50", size=224, batch=32, k=65536, splits=8)),
         ("ResNet-18, CIFAR stem, 32 pixels, batch 512, K 4096, 8 groups", "cifar",
          dict(arch="resnet18", size=32, batch=512, k=4096, splits=8))]
QUICK = [("ResNet-18, CIFAR stem, 32 pixels, batch 16, K 64, 8 groups", "cifar",
          dict(arch="resnet18", size=32, batch=16, k=64, splits=8))]
TORCH = ["eager", "graph", "compiled", "compiled-graph"]


class Failed(Exception):
    pass


def run(command, limit=1800, **more):
    """Runs a program and returns its output; raises Failed with the tests that failed, or its last line."""
    print("+", " ".join(str(word) for word in command), file=sys.stderr, flush=True)
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=limit, **more)
    except subprocess.TimeoutExpired:
        raise Failed(f"took more than {limit} s") from None
    if done.returncode:
        tests = re.findall(r"(?m)^\[  FAILED  \] (\S+) \(", done.stdout)
        lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        raise Failed(f"exit code {done.returncode}: {', '.join(tests) or lines[-1]}")
    return done.stdout + done.stderr


def table(head, rows):
    lines = [head, ["---"] * len(head)] + rows
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


class Machine:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.moco = str(self.program("moco"))
        self.data = args.data
        self.environment = dict(os.environ, MOCO_TEST_DEVICE="cuda")
        self.gpus = self.find_gpus()
        self.failures = 0

    def program(self, name):
        return pathlib.Path(self.args.build, "bin", name).resolve()

    def find_gpus(self):
        text = run([self.moco, "doctor"])
        gpus = re.findall(r"(?m)^cuda:\d+\s+(.*)$", text)
        if not gpus:
            reason = re.search(r"(?m)^cuda\s+(.*)$", text)
            sys.exit("gpu: moco can use no GPU here, so nothing was run and nothing written: "
                     + (reason.group(1) if reason else "moco doctor names none"))
        return gpus

    def train(self, out, *words, **more):
        return run([self.moco, "train", self.data, "--out", self.folder / out, *SMALL, *words], **more)

    def losses(self, out):
        lines = (self.folder / out / "metrics.jsonl").read_text().splitlines()
        return [json.loads(line)["loss"] for line in lines if '"loss"' in line]

    def last(self, out, tensors_alone=False):
        """The bytes of a run's last checkpoint, with or without the settings in its header."""
        files = list((self.folder / out / "checkpoints").glob("*.safetensors"))
        if not files:
            raise Failed(f"the run '{out}' left no checkpoint")
        data = max(files).read_bytes()
        return data[8 + int.from_bytes(data[:8], "little") :] if tensors_alone else data

    # ---- checks: each returns what it found, or raises Failed

    def unit(self):
        text = run([self.program("moco-unit"), f"--gtest_filter={UNIT}"], env=self.environment)
        return re.search(r"(\d+ tests)\.", text).group(1) + " pass"

    def golden(self):
        cases, left_out = [], 0
        for case in sorted((ROOT / "tests/golden/cases").glob("*.json"))[: 1 if self.args.quick else None]:
            world = re.search(r"_world(\d+)", case.stem)
            if world and int(world.group(1)) > len(self.gpus):
                left_out += 1
            else:
                cases.append(case)
        with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() // 3)) as pool:
            failed = [text for text in pool.map(self.golden_case, cases) if text]
        passed = len(cases) - len(failed)
        if failed:
            raise Failed(f"{passed} cases hold, {len(failed)} do not: " + "; ".join(failed))
        return f"{passed} cases hold in nchw and nhwc" + (f", {left_out} need more GPUs" if left_out else "")

    def golden_case(self, case):
        try:
            for layout, words in GOLDEN.items():
                run([self.program("moco-golden"), "--layout", layout, *words.get(case.stem, "").split(), case],
                    env=self.environment)
        except Failed as error:
            return f"{case.stem}: {error}"
        return None

    def parity(self):
        self.train("cpu", "--device", "cpu")
        self.train("gpu", "--device", "cuda")
        # Each step multiplies what the last bits differ: in ten steps, two layouts on one CPU differ by a percent.
        pairs = list(zip(self.losses("cpu"), self.losses("gpu")))[:3]
        worst = max(abs(a - b) / abs(a) for a, b in pairs)
        if worst > 0.002:
            raise Failed(f"the losses of the first {len(pairs)} steps differ by up to {100 * worst:.2f} %")
        return f"the losses of the first {len(pairs)} steps differ by at most {100 * worst:.4f} %"

    def determinism(self):
        for out in ("one", "two"):
            self.train(out, "--device", "cuda", "--deterministic")
        if self.last("one") != self.last("two"):
            raise Failed("two runs with --deterministic end with different checkpoints")
        return "two runs with --deterministic end with equal checkpoints"

    def graph(self):
        for out, mode in (("recorded", "on"), ("eager", "off")):
            self.train(out, "--device", "cuda", "--deterministic", "--cuda-graph", mode)
        if self.last("recorded", tensors_alone=True) != self.last("eager", tensors_alone=True):
            raise Failed("a run with a CUDA graph ends with other weights than one without")
        return "runs with and without a CUDA graph end with equal weights"

    def resume(self):
        """Stops a run in the middle; needs what determinism() left."""
        command = [self.moco, "train", self.data, "--out", self.folder / "stopped", *SMALL, "--device", "cuda",
                   "--deterministic"]
        process = subprocess.Popen([str(w) for w in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        metrics = self.folder / "stopped" / "metrics.jsonl"
        while process.poll() is None and not (metrics.exists() and len(metrics.read_text().splitlines()) > 1):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        if process.wait() == 0:
            raise Failed("the run ended before it could be stopped")
        run([self.moco, "resume", self.folder / "stopped"])
        if self.last("stopped") != self.last("one"):
            raise Failed("a run that was stopped and resumed differs from an uninterrupted one")
        return "a run that was stopped and resumed ends with the checkpoint of an uninterrupted one"

    def world(self):
        """The largest power of two that is not above the number of GPUs: batches can be shared out to as many."""
        return 1 << (len(self.gpus).bit_length() - 1)

    def need_several(self):
        if len(self.gpus) < 2:
            raise LookupError("needs two GPUs")

    def nccl(self):
        self.need_several()
        run([self.moco, "doctor", "--distributed", "--nproc", "auto", "--device", "cuda", "--timeout", "60"])
        world = self.world()
        self.train("alone", "--device", "cuda", "--bn-splits", world)
        self.train("all", "--device", "cuda", "--bn-splits", world, "--nproc", world)
        pairs = list(zip(self.losses("alone"), self.losses("all")))[:3]  # as in parity()
        worst = max(abs(a - b) / abs(a) for a, b in pairs)
        if worst > 0.002:
            raise Failed(f"with {world} GPUs the losses differ from those with one by up to {100 * worst:.2f} %")
        return f"{world} GPUs; the first losses differ from those of one GPU by at most {100 * worst:.4f} %"

    def killed_rank(self):
        self.need_several()
        limit = 20
        command = [self.moco, "train", self.data, "--out", self.folder / "killed", *SMALL, "--max-steps", "100000",
                   "--device", "cuda", "--nproc", "2", "--timeout", str(limit)]
        process = subprocess.Popen([str(w) for w in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   start_new_session=True)
        metrics = self.folder / "killed" / "metrics.jsonl"
        while process.poll() is None and not (metrics.exists() and metrics.read_text().strip()):
            time.sleep(0.05)
        children = run(["ps", "--ppid", process.pid, "-o", "pid="]).split()
        start = time.monotonic()
        os.kill(int(children[-1]), signal.SIGKILL)
        try:
            text, _ = process.communicate(timeout=limit + 60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Failed(f"rank 0 still waits for the killed rank 1 after {limit + 60} s") from None
        if not re.search(r"rank 0: error: .*rank 1 ", text):
            raise Failed("rank 0 does not name the killed rank 1: " + text.strip().splitlines()[-1])
        return f"rank 0 names it after {time.monotonic() - start:.0f} s"

    # ---- measurements

    def photos(self, count, copies):
        """Draws photos, and links each several times: drawing one takes longer than a step."""
        folder = self.folder / "photos"
        run([self.program("moco-synth"), folder, count])
        for photo in [path for path in folder.rglob("*") if path.is_file()]:
            for i in range(1, copies):
                os.link(photo, photo.with_name(f"{i}-{photo.name}"))
        return folder

    def fed(self):
        images = self.photos(64 if self.args.quick else 512, 1 if self.args.quick else 40)
        shape = ["--arch", "resnet18", "--image-size", "32", "--batch", "32"] if self.args.quick else ["--batch", "256"]
        command = [self.moco, "train", images, "--out", self.folder / "fed", "--preset", "v2", *shape, "--queue-size", "1024",
                   "--epochs", "100000", "--no-plots", "--knn-every", "0", "--print-freq", "1" if self.args.quick else "20",
                   "--nproc", self.world(), "--device", "cuda"]
        process = subprocess.Popen([str(w) for w in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, errors = process.communicate(timeout=60 * self.args.minutes)
            raise Failed(errors.strip().splitlines()[-1])
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            process.communicate()
        rows = [json.loads(line) for line in (self.folder / "fed" / "metrics.jsonl").read_text().splitlines()]
        rows = rows[len(rows) // 2 :]
        speed = statistics.median(row["images_per_s"] for row in rows)
        wait = statistics.median(row["data_wait"] for row in rows)
        return f"{speed:.0f} images/s on {self.world()} GPU(s) and {os.cpu_count()} cores, {100 * wait:.0f} % data wait"

    def step_rows(self, before):
        """Adds the table of the step to a text, and returns it."""
        rows = []
        for title, kind, c in QUICK if self.args.quick else STEPS:
            for name, command in self.programs(kind, c):
                try:
                    values = json.loads(run(command).splitlines()[0])
                    wall = values["wall_ms"]
                    ms = statistics.median(wall["repeats"] if isinstance(wall, dict) else wall)
                    peak = f"{values['device_peak_bytes'] / 2**30:.1f} GiB"
                    rows.append([title, name, f"{ms:.2f}", f"{1e3 * c['batch'] / ms:.0f}", peak])
                except Failed as error:
                    self.failures += 1
                    rows.append([title, name, f"failed: {error}", "", ""])
                print("gpu:", *rows[-1], file=sys.stderr, flush=True)
                text = before + table(["setting", "program", "ms", "images/s", "peak memory"], rows)
                self.write(text)
        return text

    def programs(self, kind, c):
        size = ["1", "1", "1"] if self.args.quick else [self.args.steps, self.args.repeats, 10]
        shape = ["--arch", c["arch"], "--size", c["size"], "--batch", c["batch"], "-k", c["k"], "--splits", c["splits"]]
        stem = ["--cifar-stem"] if kind == "cifar" else []
        timing = ["--steps", size[0], "--repeats", size[1], "--warmup", size[2]]
        timing[-1] = max(int(timing[-1]), 14)  # a graph is recorded after 11 steps
        for name, more in (("bf16, CUDA graph", ["bf16", "--cuda-graph", "on"]), ("bf16", ["bf16"]),
                           ("fp32 with TF32", ["fp32", "--tf32"]), ("fp32", ["fp32"])):
            yield f"moco {name}", [self.moco, "bench", "step", *shape, *stem, *timing, "--device", "cuda", "--json",
                                   "--precision", *more]
        if not self.args.python:
            return
        torch = [self.args.python, ROOT / "tools/bench/bench_torch_gpu.py"]
        shape = ["--configuration", kind, *["--k" if word == "-k" else word for word in shape], *timing]
        for program in self.args.programs:
            yield f"PyTorch bf16, {program}", torch + [program, *shape]
        if self.args.reference and kind == "r50":
            yield "reference, fp32 with TF32", torch + ["reference", *shape, "--reference", self.args.reference]

    def held(self, name, check):
        """Runs a check and returns its row of the table."""
        try:
            return [name, "held", check()]
        except LookupError as reason:
            return [name, "not run", reason]
        except Failed as error:
            return [name, "**failed**", error]

    def report(self):
        # Lists run beside each other; the checks of a list one after another.
        together = [[("unit tests", self.unit)], [("golden cases of the reference", self.golden)],
                    [("training against the CPU's", self.parity)],
                    [("determinism", self.determinism), ("CUDA graphs", self.graph), ("resume", self.resume)]]
        alone = [[("NCCL", self.nccl), ("a killed rank", self.killed_rank), ("training fed by the loader", self.fed)]]
        version = run([self.moco, "--version"]).strip()
        head = (f"On {datetime.date.today()}: {len(self.gpus)} x {self.gpus[0]}; {version}; "
                f"{os.cpu_count()} cores; Linux {platform.release()}.\n\n### Checks\n\n")
        rows = {name: None for lists in (together, alone) for checks in lists for name, _ in checks}
        lock = threading.Lock()

        def text():
            return head + table(["check", "result", "what was found"], [row for row in rows.values() if row])

        def run_list(checks):
            for check in checks:
                row = self.held(*check)
                with lock:
                    rows[row[0]] = row
                    print("gpu:", *row, file=sys.stderr, flush=True)
                    self.write(text())

        for lists in (together, alone):
            with concurrent.futures.ThreadPoolExecutor(len(lists)) as pool:
                list(pool.map(run_list, lists))
        self.failures += sum(row[1] == "**failed**" for row in rows.values())
        return self.step_rows(text() + "\n### The step\n\n")

    def write(self, text):
        """Replaces what stands below the mark, so that a time limit loses only what was not run."""
        out = self.args.out
        before = out.read_text().split(MARK)[0] if out.exists() else ""
        out.write_text(before + MARK + "\n\n" + text)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=ROOT / "build", metavar="DIR")
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", metavar="DATA", help="images of the checks")
    parser.add_argument("--python", metavar="FILE", help="a Python with PyTorch for CUDA and torchvision")
    parser.add_argument("--reference", metavar="DIR", help="a clone of facebookresearch/moco at 3b42c2a")
    parser.add_argument("--minutes", type=float, default=5, help="of the training that a loader feeds")
    parser.add_argument("--out", default=ROOT / "docs/gpu.md", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--steps", type=int, default=20, help="per repeat of a measurement")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--programs", nargs="*", choices=TORCH, default=["eager", "graph", "compiled-graph"],
                        help="of PyTorch, to compare with")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def main():
    args = parse()
    for program in ("moco", "moco-unit", "moco-golden", "moco-synth"):
        if not os.access(pathlib.Path(args.build, "bin", program), os.X_OK):
            sys.exit(f"gpu: {args.build}/bin/{program} is missing; run make gpu, or make build and build that target")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="moco-gpu-"))
    try:
        machine = Machine(args, folder)
        own = args.out.resolve() == (ROOT / "docs/gpu.md").resolve()
        if own and any("pretended" in name for name in machine.gpus):
            sys.exit("gpu: these GPUs are pretended and prove nothing for docs/gpu.md; give --out FILE to try the script")
        text = machine.report()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(text)
    if machine.failures:
        sys.exit(f"gpu: {machine.failures} checks or measurements failed; see {args.out}")


if __name__ == "__main__":
    main()
