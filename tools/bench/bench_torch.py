"""Times the training step of MoCo in PyTorch, in one process; bench_reference.py starts it once per turn.

    python tools/bench/bench_torch.py reference|best|compiled --configuration r50|cifar [--reference DIR] ...

`reference` is the published step. For r50 this is moco/builder.py of the reference, imported from DIR, with its loss and
optimiser but without DistributedDataParallel; a Gloo group of one process serves its gathers, and .cuda() does nothing.
For cifar the reference is a notebook, whose arithmetic is written again here. `best` is the same method in the fastest
PyTorch that we know: channels-last, SGD and momentum update over all parameters at once, autocast to bfloat16 on request.
`compiled` adds torch.compile to that. Images are random, as in `moco bench step`.
Prints the milliseconds of each step after the warm-up as JSON.
"""
import argparse
import importlib
import json
import pathlib
import sys
import tempfile
import time

import torch
from torch import nn
from torch.nn import functional as F

OPTIMIZER = {"r50": dict(lr=0.03, momentum=0.9, weight_decay=1e-4), "cifar": dict(lr=0.06, momentum=0.9, weight_decay=5e-4)}


class SplitNorm(nn.BatchNorm2d):
    """Takes batch statistics within groups; sample n belongs to group n mod splits."""

    splits = 8

    def forward(self, x):
        n, c, h, w = x.shape
        g = self.splits
        mean, var = self.running_mean.repeat(g), self.running_var.repeat(g)
        y = F.batch_norm(x.view(n // g, c * g, h, w), mean, var, self.weight.repeat(g), self.bias.repeat(g), True,
                         self.momentum, self.eps)
        with torch.no_grad():
            self.running_mean.copy_(mean.view(g, c).mean(0))
            self.running_var.copy_(var.view(g, c).mean(0))
        return y.view(n, c, h, w)


class SplitNormLast(nn.BatchNorm2d):
    """Does the same if the samples of a group are consecutive; channels-last images are then split without a copy."""

    splits = 8

    def forward(self, x):
        return torch.cat([super(SplitNormLast, self).forward(part) for part in x.chunk(self.splits)])


def make_encoder(args, norm):
    import torchvision

    if args.configuration == "r50" or norm is None:
        encoder = getattr(torchvision.models, args.arch)(num_classes=128)
    else:
        norm.splits = args.splits
        encoder = getattr(torchvision.models, args.arch)(num_classes=128, norm_layer=norm)
    if args.configuration == "cifar":
        encoder.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        encoder.maxpool = nn.Identity()
    return encoder


def published_step(args, backend, place):
    """Makes the model of the reference with its own code; `place` puts it where it computes."""
    store = tempfile.NamedTemporaryFile()
    torch.distributed.init_process_group(backend, init_method="file://" + store.name, rank=0, world_size=1)
    import torchvision

    sys.path.insert(0, str(pathlib.Path(args.reference).resolve()))
    builder = importlib.import_module("moco.builder")
    model = place(builder.MoCo(getattr(torchvision.models, args.arch), 128, args.k, 0.999, 0.07, args.mlp))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), **OPTIMIZER["r50"])

    def step(im_q, im_k):
        output, target = model(im_q=im_q, im_k=im_k)
        loss = criterion(output, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step.store = store
    return step


def published_step_on_cpu(args):
    torch.Tensor.cuda = lambda self, *_, **__: self
    return published_step(args, "gloo", lambda model: model)


def notebook_step(args):
    """Computes as the CIFAR notebook: one process, groups of normalisation, keys in shuffled order."""
    encoder_q, encoder_k = make_encoder(args, SplitNorm), make_encoder(args, SplitNorm)
    encoder_k.load_state_dict(encoder_q.state_dict())
    encoder_k.requires_grad_(False)
    queue, pointer = F.normalize(torch.randn(128, args.k), dim=0), 0
    optimizer = torch.optim.SGD(encoder_q.parameters(), **OPTIMIZER["cifar"])

    def step(im_q, im_k):
        nonlocal pointer
        with torch.no_grad():
            for q, k in zip(encoder_q.parameters(), encoder_k.parameters()):
                k.data = k.data * 0.99 + q.data * 0.01
            order = torch.randperm(len(im_k))
            keys = F.normalize(encoder_k(im_k[order]), dim=1)[torch.argsort(order)]
        queries = F.normalize(encoder_q(im_q), dim=1)
        positive = torch.einsum("nc,nc->n", queries, keys).unsqueeze(-1)
        negative = torch.einsum("nc,ck->nk", queries, queue.clone())
        logits = torch.cat([positive, negative], dim=1) / 0.1
        loss = F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        queue[:, pointer : pointer + len(keys)] = keys.T
        pointer = (pointer + len(keys)) % args.k

    return step


def best_step(args, compiled):
    encoder_q = make_encoder(args, SplitNormLast)
    if args.mlp:
        width = encoder_q.fc.weight.shape[1]
        encoder_q.fc = nn.Sequential(nn.Linear(width, width), nn.ReLU(), encoder_q.fc)
    encoder_k = make_encoder(args, SplitNormLast)
    if args.mlp:
        encoder_k.fc = nn.Sequential(nn.Linear(width, width), nn.ReLU(), encoder_k.fc)
    encoder_k.load_state_dict(encoder_q.state_dict())
    encoder_k.requires_grad_(False)
    encoder_q, encoder_k = (e.to(memory_format=torch.channels_last) for e in (encoder_q, encoder_k))
    weights_q, weights_k = list(encoder_q.parameters()), list(encoder_k.parameters())
    m, temperature = (0.999, 0.07) if args.configuration == "r50" else (0.99, 0.1)
    queue, pointer = F.normalize(torch.randn(args.k, 128), dim=1), 0
    optimizer = torch.optim.SGD(weights_q, fused=True, **OPTIMIZER[args.configuration])
    forward_q, forward_k = (torch.compile(e) if compiled else e for e in (encoder_q, encoder_k))

    def embed(forward, images):
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            return F.normalize(forward(images).float(), dim=1)

    def step(im_q, im_k):
        nonlocal pointer
        queries = embed(forward_q, im_q)
        with torch.no_grad():
            torch._foreach_lerp_(weights_k, weights_q, 1 - m)
            order = torch.randperm(len(im_k))
            keys = embed(forward_k, im_k[order])[torch.argsort(order)]
        positive = (queries * keys).sum(1, keepdim=True)
        logits = torch.cat([positive, queries @ queue.T], dim=1).div_(temperature)
        loss = F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        queue[pointer : pointer + len(keys)] = keys
        pointer = (pointer + len(keys)) % args.k

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", choices=["reference", "best", "compiled"])
    parser.add_argument("--configuration", choices=["r50", "cifar"], required=True)
    parser.add_argument("--reference", help="a clone of facebookresearch/moco at 3b42c2a")
    parser.add_argument("--arch", default="resnet50")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--k", type=int, default=65536)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--mlp", action="store_true")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if args.program != "reference":
        step, layout = best_step(args, args.program == "compiled"), torch.channels_last
    else:
        step = published_step_on_cpu(args) if args.configuration == "r50" else notebook_step(args)
        layout = torch.contiguous_format
    im_q, im_k = (torch.randn(args.batch, 3, args.size, args.size).contiguous(memory_format=layout) for _ in range(2))
    wall, cpu = [], []
    for number in range(args.warmup + args.steps):
        start = time.perf_counter(), time.process_time()
        step(im_q, im_k)
        if number >= args.warmup:
            wall.append(1e3 * (time.perf_counter() - start[0]))
            cpu.append(1e3 * (time.process_time() - start[1]))
    print(json.dumps({"wall_ms": wall, "cpu_ms": cpu, "torch": torch.__version__, "threads": torch.get_num_threads()}))


if __name__ == "__main__":
    main()
