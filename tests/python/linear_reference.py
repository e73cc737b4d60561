#!/usr/bin/env python3
"""The linear protocol in PyTorch, on the features that `moco linear --cached --features-out F` wrote,
from the same first weights and in the same batches.

    linear_reference.py F.safetensors --lr 0.1,1,10 [--epochs 100] [--batch 256] [--json RESULT.json --within 0.3]

With --json it compares with what `moco linear --json` printed: top-1 after the last epoch, of each learning rate, and
fails where one differs by more than --within points. Exits with 77 where PyTorch is missing.
"""
import argparse
import json
import sys

try:
    import torch
    from torch import nn
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from features import read_safetensors


def train(tensors, lr, options):
    x, y = tensors["train.features"], tensors["train.labels"]
    val_x, val_y = tensors["val.features"], tensors["val.labels"]
    fc = nn.Linear(x.shape[1], int(max(y.max(), val_y.max())) + 1)
    with torch.no_grad():
        fc.weight.copy_(tensors["first.weight"])
        fc.bias.zero_()
    optimizer = torch.optim.SGD(fc.parameters(), lr, momentum=0.9, weight_decay=0.0)
    milestones = [round(0.6 * options.epochs), round(0.8 * options.epochs)]
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones)
    best = 0.0
    for epoch in range(options.epochs):
        for part in tensors["order"][epoch].long().split(options.batch):
            loss = nn.functional.cross_entropy(fc(x[part]), y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        with torch.no_grad():
            last = 100.0 * (fc(val_x).argmax(1) == val_y).float().mean().item()
        best = max(best, last)
    return last, best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features")
    parser.add_argument("--lr", default="1")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--json")
    parser.add_argument("--within", type=float, default=0.3)
    options = parser.parse_args()
    tensors = {name: torch.from_numpy(array.copy()) for name, array in read_safetensors(options.features).items()}
    ours = {}
    if options.json:
        with open(options.json) as file:
            ours = {rate["lr"]: rate["last_acc1"] for rate in json.load(file)["rates"]}
    failed = False
    for lr in [float(text) for text in options.lr.split(",")]:
        last, best = train(tensors, lr, options)
        line = f"lr {lr:g}: PyTorch {last:.2f}% (best {best:.2f}%)"
        if ours:
            apart = abs(ours[lr] - last)
            failed = failed or apart > options.within
            line += f", moco {ours[lr]:.2f}%, apart {apart:.2f}"
        print(line, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
