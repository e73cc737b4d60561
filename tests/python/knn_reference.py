#!/usr/bin/env python3
"""The weighted kNN classifier in scikit-learn, on the features that `moco knn --features-out F` wrote.

    knn_reference.py F.safetensors RESULT.json

RESULT.json is what `moco knn --json` printed, of one setting or of a sweep. Every accuracy must be scikit-learn's, but
for images that single precision cannot decide: whose last neighbour or whose winning vote leads by less than rounding.
Exits with 77 where scikit-learn is missing.
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


ROUNDING = 2e-6  # of a cosine in single precision, summed over some hundred products


def compare(tensors, k, temperature):
    """Top-1 in percent, and how many images are undecided."""
    bank = tensors["train.features"].astype(np.float64)
    queries, labels = tensors["val.features"].astype(np.float64), tensors["val.labels"]
    k = min(k, len(bank))
    # Rows of norm 1: cosine = 1 - distance^2 / 2.
    classifier = KNeighborsClassifier(k, algorithm="brute", weights=lambda d: np.exp((1 - d**2 / 2) / temperature))
    classifier.fit(bank, tensors["train.labels"])
    votes = np.sort(classifier.predict_proba(queries), axis=1)
    undecided = votes[:, -1] - votes[:, -2] < votes[:, -1] * ROUNDING / temperature
    if k < len(bank):
        cosines = 1 - classifier.kneighbors(queries, k + 1)[0] ** 2 / 2
        undecided |= cosines[:, k - 1] - cosines[:, k] < ROUNDING
    return 100.0 * float((classifier.predict(queries) == labels).mean()), int(undecided.sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features")
    parser.add_argument("result")
    options = parser.parse_args()
    tensors = read_safetensors(options.features)
    with open(options.result) as file:
        result = json.load(file)
    failed = False
    for ours in result.get("sweep", [result]):
        theirs, undecided = compare(tensors, ours["k"], ours["temperature"])
        apart = abs(ours["knn_acc1"] - theirs) * len(tensors["val.labels"]) / 100  # images
        failed = failed or round(apart) > undecided
        print(f"k {ours['k']}, temperature {ours['temperature']:g}: scikit-learn {theirs:.4f}%, "
              f"moco {ours['knn_acc1']:.4f}%, {undecided} images undecided", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
