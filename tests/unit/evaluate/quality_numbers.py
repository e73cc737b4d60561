#!/usr/bin/env python3
"""Prints the numbers of test_quality.cpp by numpy alone, from the definitions in the papers."""
import numpy as np


def rows(n, d):
    i, j = np.meshgrid(np.arange(n), np.arange(d), indexing="ij")
    return (np.sin(0.7 * i + 1.3 * j) + 0.3 * np.cos(0.11 * i * j)).astype(np.float32).astype(np.float64)


def entropy_rank(values, room):
    share = values / values.sum() + room
    return np.exp(-(share * np.log(share)).sum())


def measure(z):
    n, d = z.shape
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    spread = unit.std(axis=0, ddof=1).mean() * np.sqrt(d)
    rankme = entropy_rank(np.linalg.svd(z, compute_uv=False), 1e-7)
    values = np.sort(np.linalg.eigvalsh(np.cov(z, rowvar=False)))[::-1]
    kept = values > 1e-10 * values[0]
    place = np.arange(1, d + 1)[kept]
    alpha = -np.polyfit(np.log(place), np.log(values[kept]), 1)[0]
    return spread, rankme, alpha


def pairs(q, k):
    q = q / np.linalg.norm(q, axis=1, keepdims=True)
    k = k / np.linalg.norm(k, axis=1, keepdims=True)
    distances = [np.sum((q[a] - q[b]) ** 2) for a in range(len(q)) for b in range(a)]
    alignment = np.mean(np.sum((q - k) ** 2, axis=1))
    return alignment, np.log(np.mean(np.exp(-2 * np.array(distances)))), q.std(axis=0, ddof=1).mean() * np.sqrt(q.shape[1])


def lidar(z, views):
    objects, d = len(z) // views, z.shape[1]
    z = z.reshape(objects, views, d)
    means = z.mean(axis=1)
    within = sum(np.outer(v - m, v - m) for object_, m in zip(z, means) for v in object_) / (objects * (views - 1))
    within += 1e-4 * np.eye(d)
    between = np.cov(means, rowvar=False)
    values, vectors = np.linalg.eigh(within)
    root = vectors @ np.diag(values**-0.5) @ vectors.T
    return entropy_rank(np.linalg.eigvalsh(root @ between @ root).clip(0), 1e-8)


for shape in [(40, 6), (5, 9)]:
    print(shape, ["%.9g" % v for v in measure(rows(*shape))])
print("pairs", ["%.9g" % v for v in pairs(rows(16, 4), rows(17, 4)[1:])])
print("lidar", "%.9g" % lidar(rows(24, 5), 4))
