"""Holds moco's files against PyTorch's own readers and the reference's programs.

    python roundtrip.py --moco build/bin/moco --work EMPTY_FOLDER [--reference DIR]

1. A file as main_moco.py writes it -> moco export -> torch.load(weights_only=True) -> torchvision.resnet50, strict but
   for fc: every tensor is equal, and features of JPEG files agree with moco embed of either file.
2. moco import -> moco export --format reference: every tensor is the original's, and what main_lincls.py does with a
   checkpoint accepts it.
3. moco export --format detectron2 is what the reference's converter makes: its renaming is done here, and with
   --reference its program is run too.
The checkpoint is built here from torchvision, with the names that the reference gives. Ends with 77 where torch,
torchvision or Pillow is missing.
"""
import argparse
import collections
import pathlib
import pickle
import subprocess
import sys

try:
    import numpy
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms
except ImportError as missing:
    print(missing)
    sys.exit(77)


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def make_images(folder):
    folder.mkdir()
    random = numpy.random.default_rng(0)
    for i in range(6):
        coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=numpy.uint8))
        coarse.resize((300 + 20 * i, 260), Image.BICUBIC).save(folder / f"{i}.jpg", quality=90)


def make_encoder():
    encoder = torchvision.models.resnet50(num_classes=128)
    encoder.fc = torch.nn.Sequential(torch.nn.Linear(2048, 2048), torch.nn.ReLU(), encoder.fc)
    return encoder


def write_reference_checkpoint(path):
    torch.manual_seed(0)
    query, key = make_encoder(), make_encoder()
    query.train()(torch.randn(4, 3, 64, 64)).sum().backward()
    optimizer = torch.optim.SGD(query.parameters(), 0.03, momentum=0.9, weight_decay=1e-4)
    optimizer.step()
    state = collections.OrderedDict()
    state["module.queue"] = torch.nn.functional.normalize(torch.randn(128, 256), dim=0)
    state["module.queue_ptr"] = torch.tensor([64])
    for name, encoder in (("encoder_q", query), ("encoder_k", key)):
        state.update((f"module.{name}.{k}", v) for k, v in encoder.state_dict().items())
    torch.save({"epoch": 7, "arch": "resnet50", "state_dict": state, "optimizer": optimizer.state_dict()}, path)
    return state


def check(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")
    print(f"ok: {text}")


def backbone(state):
    """What main_lincls.py keeps of a checkpoint."""
    prefix = "module.encoder_q."
    return {k[len(prefix):]: v for k, v in state.items() if k.startswith(prefix) and not k.startswith(prefix + "fc")}


def features_of(model, folder):
    prepare = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
                                  transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    model.fc = torch.nn.Identity()
    images = [prepare(Image.open(p).convert("RGB")) for p in sorted(folder.glob("*.jpg"))]
    with torch.no_grad():
        return model.eval()(torch.stack(images)).numpy()


def check_torchvision(args, source, state):
    path = args.work / "torchvision.pth"
    run(args.moco, "export", source, "--format", "torchvision", "--out", path)
    loaded = torch.load(path, weights_only=True)
    model = torchvision.models.resnet50()
    missing, unexpected = model.load_state_dict(loaded, strict=False)
    check(set(missing) == {"fc.weight", "fc.bias"} and not unexpected, "torchvision.resnet50 takes all but fc")
    expected = backbone(state)
    check(loaded.keys() == expected.keys() and all(torch.equal(loaded[k], expected[k]) for k in expected),
          f"all {len(expected)} tensors are equal")
    reference = features_of(model, args.images)
    for file in (source, path):
        out = args.work / "features.npy"
        run(args.moco, "embed", file, args.images, "--out", out, "--no-normalise", "--threads", 1)
        ours = numpy.load(out)
        apart = float(numpy.abs(ours - reference).max() / numpy.abs(reference).max())
        check(apart < 1e-5, f"features of {file.name}: largest deviation {apart:.1e} of the largest feature")


def check_reference(args, source, state):
    run(args.moco, "import", source, "--out", args.work / "run", "--data", args.images, "--batch", 4)
    path = args.work / "back.pth.tar"
    run(args.moco, "export", args.work / "run", "--format", "reference", "--out", path)
    back = torch.load(path, weights_only=True)
    check(back["arch"] == "resnet50" and back["epoch"] == 7, "epoch and arch come back")
    check(back["state_dict"].keys() == state.keys() and
          all(torch.equal(back["state_dict"][k], state[k].reshape(back["state_dict"][k].shape)) for k in state),
          f"all {len(state)} tensors of the state come back")
    before = torch.load(source, weights_only=True)["optimizer"]["state"]
    after = back["optimizer"]["state"]
    check(all(torch.equal(after[i]["momentum_buffer"], before[i]["momentum_buffer"]) for i in before),
          f"all {len(before)} momentum buffers come back")
    model = torchvision.models.resnet50()
    missing = model.load_state_dict(backbone(back["state_dict"]), strict=False).missing_keys
    check(set(missing) == {"fc.weight", "fc.bias"}, "main_lincls.py's loading takes it")


def detectron2_names(state):
    out = {}
    for k, v in state.items():
        if not k.startswith("module.encoder_q."):
            continue
        k = k.replace("module.encoder_q.", "")
        k = k if "layer" in k else "stem." + k
        for i in (1, 2, 3, 4):
            k = k.replace(f"layer{i}", f"res{i + 1}")
        for i in (1, 2, 3):
            k = k.replace(f"bn{i}", f"conv{i}.norm")
        out[k.replace("downsample.0", "shortcut").replace("downsample.1", "shortcut.norm")] = v.numpy()
    return out


def same_pickles(one, other):
    return (one["__author__"] == other["__author__"] and one["matching_heuristics"] == other["matching_heuristics"] and
            one["model"].keys() == other["model"].keys() and
            all(numpy.array_equal(one["model"][k], other["model"][k]) for k in one["model"]))


def check_detectron2(args, source, state):
    path = args.work / "detectron2.pkl"
    run(args.moco, "export", source, "--format", "detectron2", "--out", path)
    ours = pickle.loads(path.read_bytes())
    expected = {"model": detectron2_names(state), "__author__": ours["__author__"], "matching_heuristics": True}
    check(same_pickles(ours, expected), f"all {len(ours['model'])} tensors have Detectron2's names")
    if args.reference:
        theirs = args.work / "theirs.pkl"
        run(sys.executable, args.reference / "detection" / "convert-pretrain-to-detectron2.py", source, theirs)
        check(same_pickles(ours, pickle.loads(theirs.read_bytes())), "the reference's converter makes the same")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("moco", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--reference", type=pathlib.Path)
    args = parser.parse_args()
    args.images = args.work / "images"
    make_images(args.images)
    torch.set_num_threads(1)
    source = args.work / "reference.pth.tar"
    state = write_reference_checkpoint(source)
    check_torchvision(args, source, state)
    check_detectron2(args, source, state)
    check_reference(args, source, state)


if __name__ == "__main__":
    main()
