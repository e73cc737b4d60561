#!/usr/bin/env python3
"""The weighted kNN classifier in scikit-learn, on the features that `moco knn --features-out F` wrote.

    knn_reference.py F.safetensors RESULT.json

RESULT.json is what `moco knn --json` printed, of one setting or of a sweep. Every accuracy must be scikit-learn's, but
for --within points (images whose neighbours or votes tie to the last bit). Exits with 77 where scikit-learn is missing.
"""
import argparse
import json
import sys

try:
    import numpy as np
    from sklearn.neighbors import KNeighborsClassifier
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from features import read_safetensors


def accuracy(tensors, k, temperature):
    bank, queries = tensors["train.features"], tensors["val.features"]
    # Rows of norm 1: cosine = 1 - distance^2 / 2.
    classifier = KNeighborsClassifier(
        min(k, len(bank)), algorithm="brute", weights=lambda d: np.exp((1 - d.astype(np.float64) ** 2 / 2) / temperature)
    )
    classifier.fit(bank, tensors["train.labels"])
    return 100.0 * float((classifier.predict(queries) == tensors["val.labels"]).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features")
    parser.add_argument("result")
    parser.add_argument("--within", type=float, default=0.0)
    options = parser.parse_args()
    tensors = read_safetensors(options.features)
    with open(options.result) as file:
        result = json.load(file)
    failed = False
    for ours in result.get("sweep", [result]):
        theirs = accuracy(tensors, ours["k"], ours["temperature"])
        apart = abs(ours["knn_acc1"] - theirs)
        failed = failed or apart > options.within + 1e-3
        print(f"k {ours['k']}, temperature {ours['temperature']:g}: scikit-learn {theirs:.4f}%, "
              f"moco {ours['knn_acc1']:.4f}%", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
