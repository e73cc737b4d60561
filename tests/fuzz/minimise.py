#!/usr/bin/env python3
"""Adds to a corpus the few inputs of a fuzzing run that reach most of what the corpus does not.

    minimise.py FUZZER NEW CORPUS [--files 24] [--bytes 2048]

NEW is the folder that FUZZER wrote to. libFuzzer's merge says what each input reaches; inputs of more than --bytes are
passed over, and of the others at most --files are taken, each time the one that adds most per byte.
"""
import argparse
import hashlib
import os
import shutil
import subprocess
import tempfile


def reached_by(fuzzer, folders):
    """Returns what each file reaches, as a dictionary from paths to sets of numbers."""
    with tempfile.TemporaryDirectory() as scratch:
        control = os.path.join(scratch, "control")
        os.mkdir(os.path.join(scratch, "out"))
        subprocess.run([fuzzer, "-merge=1", "-merge_control_file=" + control, os.path.join(scratch, "out")] + folders,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(control) as file:
            lines = file.read().split("\n")
    first = int(lines[1])  # files of the folder that is merged into
    count = int(lines[0])
    paths = lines[2:2 + count]
    reached = {path: set() for path in paths}
    for line in lines[2 + count:]:
        words = line.split()
        if len(words) > 2 and words[0] in ("FT", "COV"):
            kind = 0 if words[0] == "FT" else 1
            reached[paths[int(words[1])]].update((kind, int(word)) for word in words[2:])
    assert first == 0
    return reached


def choose(reached, known, files, most):
    left = {path: marks - known for path, marks in reached.items() if os.path.getsize(path) <= most}
    chosen = []
    while left and len(chosen) < files:
        best = max(left, key=lambda path: len(left[path]) / (64 + os.path.getsize(path)))
        gained = left.pop(best)
        if not gained:
            break
        chosen.append(best)
        left = {path: marks - gained for path, marks in left.items()}
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("fuzzer")
    parser.add_argument("new")
    parser.add_argument("corpus")
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--bytes", type=int, default=2048)
    options = parser.parse_args()
    folders = [options.new] + ([options.corpus] if os.path.isdir(options.corpus) else [])
    reached = reached_by(options.fuzzer, folders)
    corpus = os.path.abspath(options.corpus)
    old = [path for path in reached if os.path.dirname(os.path.abspath(path)) == corpus]
    known = set().union(*(reached[path] for path in old))
    new = {path: marks for path, marks in reached.items() if path not in old}
    os.makedirs(corpus, exist_ok=True)
    for path in choose(new, known, options.files, options.bytes):
        with open(path, "rb") as file:
            name = "found_" + hashlib.sha1(file.read()).hexdigest()[:12]
        shutil.copyfile(path, os.path.join(corpus, name))


if __name__ == "__main__":
    main()
