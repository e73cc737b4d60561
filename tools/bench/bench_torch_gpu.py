"""Times the training step of MoCo in PyTorch on a GPU, in one process; gpu.py starts it once per program.

    python tools/bench/bench_torch_gpu.py reference|eager|graph|compiled|compiled-graph --configuration r50|cifar
        [--reference DIR] ...

`reference` is the published step, unchanged: moco/builder.py of a clone of facebookresearch/moco at 3b42c2a, in a group of
one process, in float32 with TF32 convolutions, PyTorch's default. The others are the same method in the fastest PyTorch
that we know: channels-last, autocast to bfloat16, SGD and momentum update over all parameters at once, cuDNN's benchmark.
`graph` replays the whole eager step as one CUDA graph, `compiled` adds torch.compile in its default mode, `compiled-graph`
both. (The mode max-autotune was tried once, and had not compiled after the minutes that there were.)
Images are random and already on the GPU, as in `moco bench step`. Prints the milliseconds per step of each repeat as JSON.
`--device cpu` tries the programs without a GPU, and measures nothing worth reading.
"""
import argparse
import json
import sys
import time

import bench_torch
import torch
from torch import nn
from torch.nn import functional as F


def published_step(args):
    return bench_torch.published_step(
        args, "nccl", lambda model: nn.parallel.DistributedDataParallel(model.cuda(), device_ids=[0]))


def make_pair(args):
    encoders = []
    for _ in range(2):
        encoder = bench_torch.make_encoder(args, bench_torch.SplitNormLast if args.splits > 1 else None)
        if args.mlp:
            width = encoder.fc.weight.shape[1]
            encoder.fc = nn.Sequential(nn.Linear(width, width), nn.ReLU(), encoder.fc)
        encoders.append(encoder.to(args.device, memory_format=torch.channels_last))
    encoders[1].load_state_dict(encoders[0].state_dict())
    encoders[1].requires_grad_(False)
    return encoders


def best_step(args):
    """Everything that a step changes is in tensors of the GPU, so that a graph of it can be replayed."""
    encoder_q, encoder_k = make_pair(args)
    weights_q, weights_k = list(encoder_q.parameters()), list(encoder_k.parameters())
    m, temperature = (0.999, 0.07) if args.configuration == "r50" else (0.99, 0.1)
    queue = F.normalize(torch.randn(args.k, 128, device=args.device), dim=1)
    rows = torch.arange(args.batch, device=args.device)
    labels = torch.zeros(args.batch, dtype=torch.long, device=args.device)
    optimizer = torch.optim.SGD(weights_q, fused=True, **bench_torch.OPTIMIZER[args.configuration])
    compiled = args.program.startswith("compiled")
    forward_q, forward_k = (torch.compile(e) if compiled else e for e in (encoder_q, encoder_k))

    def embed(forward, images):
        with torch.autocast(args.device, torch.bfloat16, enabled=args.precision == "bf16", cache_enabled=False):
            return F.normalize(forward(images).float(), dim=1)

    def step(im_q, im_k):
        with torch.no_grad():
            torch._foreach_lerp_(weights_k, weights_q, 1 - m)
            order = torch.rand(args.batch, device=args.device).argsort()
            keys = torch.empty(args.batch, 128, device=args.device)
            keys[order] = embed(forward_k, im_k[order])
        queries = embed(forward_q, im_q)
        positive = (queries * keys).sum(1, keepdim=True)
        logits = torch.cat([positive, queries @ queue.T], dim=1).div_(temperature)
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        queue.index_copy_(0, rows, keys)
        rows.add_(args.batch).remainder_(args.k)

    return step


def captured(step, images):
    """Returns a step that replays a CUDA graph of another one."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(*images)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(*images)
    return lambda *_: graph.replay()


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", choices=["reference", "eager", "graph", "compiled", "compiled-graph"])
    parser.add_argument("--configuration", choices=["r50", "cifar"], required=True)
    parser.add_argument("--reference", help="a clone of facebookresearch/moco at 3b42c2a")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--arch", default="resnet50")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--k", type=int, default=65536)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--mlp", action="store_true")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    parser.add_argument("--steps", type=int, default=20, help="per repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=10)
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        sys.exit("bench_torch_gpu: this PyTorch sees no GPU")
    if args.program not in ("eager", "compiled") and args.device == "cpu":
        sys.exit(f"bench_torch_gpu: {args.program} needs a GPU")
    if args.program == "reference" and not args.reference:
        sys.exit("bench_torch_gpu: --reference DIR is missing: a clone of facebookresearch/moco at commit 3b42c2a")
    return args


def main():
    args = parse()
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    step = published_step(args) if args.program == "reference" else best_step(args)
    layout = torch.contiguous_format if args.program == "reference" else torch.channels_last
    images = [torch.randn(args.batch, 3, args.size, args.size, device=args.device).contiguous(memory_format=layout)
              for _ in range(2)]
    if args.program.endswith("graph"):
        step = captured(step, images)
    for _ in range(args.warmup):
        step(*images)
    wall = []
    for _ in range(args.repeats):
        synchronize(args.device)
        start = time.perf_counter()
        for _ in range(args.steps):
            step(*images)
        synchronize(args.device)
        wall.append(1e3 * (time.perf_counter() - start) / args.steps)
    peak = torch.cuda.max_memory_allocated() if args.device == "cuda" else 0
    print(json.dumps({"wall_ms": wall, "device_peak_bytes": peak, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
