"""The other side of the tests of import and export: PyTorch, torchvision and, where MOCO_REFERENCE names a clone of
facebookresearch/moco at 3b42c2a, the reference's own code. Each command exits with 0 where all is as it should be, and with 77 where a module is
missing.

    ecosystem.py check                               whether Python has what the tests need
    ecosystem.py features STATE OUT ARCH             features of images by torchvision with an exported state_dict
    ecosystem.py files FOLDER                        draws JPEG files there
    ecosystem.py embedded STATE FOLDER FEATURES ARCH whether moco embed's features of them are torchvision's
    ecosystem.py checkpoint OUT AFTER STEP V ARCH    trains a step, saves as main_moco.py does, trains another step
    ecosystem.py compare A B ATOL RTOL               whether two checkpoints of the reference hold the same
    ecosystem.py lincls FILE ARCH                    whether a checkpoint loads by the rules of main_lincls.py
    ecosystem.py detectron2 FILE OURS                whether moco export follows the rules of the reference's converter
    ecosystem.py lincls_itself, detectron2_itself    the same by the reference's own programs
    ecosystem.py others FOLDER ARCH                  timm and safetensors, where they are installed
"""
import contextlib
import io
import os
import pickle
import runpy
import sys

try:
    import numpy
    import torch
    import torchvision
    from PIL import Image
    from torch import nn
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

REFERENCE = os.environ.get("MOCO_REFERENCE", "")
torch.set_num_threads(1)


def images(count, size, seed):
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def pooled(network, batch):
    """Features before fc, in evaluation mode."""
    network.eval()
    fc, network.fc = network.fc, nn.Identity()
    with torch.no_grad():
        result = network(batch)
    network.fc = fc
    return result


def load_strictly(network, state):
    """All of the network but fc, and nothing else."""
    result = network.load_state_dict(state, strict=False)
    assert set(result.missing_keys) == {"fc.weight", "fc.bias"}, result.missing_keys
    assert not result.unexpected_keys, result.unexpected_keys


def features(state_path, out, arch):
    state = torch.load(state_path, weights_only=True)
    network = getattr(torchvision.models, arch)()
    load_strictly(network, state)
    batch = images(4, 64, 7)
    torch.save({"images": batch, "features": pooled(network, batch)}, out)
    print("done")


def files(folder):
    """Photograph-like enough to be cut and shrunk."""
    os.mkdir(folder)
    random = numpy.random.default_rng(0)
    for i in range(6):
        coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=numpy.uint8))
        coarse.resize((300 + 20 * i, 260), Image.BICUBIC).save(os.path.join(folder, f"{i}.jpg"), quality=90)
    print("6 files")


def embedded(state_path, folder, features_path, arch):
    network = getattr(torchvision.models, arch)()
    load_strictly(network, torch.load(state_path, weights_only=True))
    prepare = torchvision.transforms.Compose([
        torchvision.transforms.Resize(256), torchvision.transforms.CenterCrop(224), torchvision.transforms.ToTensor(),
        torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    batch = torch.stack([prepare(Image.open(os.path.join(folder, f"{i}.jpg")).convert("RGB")) for i in range(6)])
    theirs, ours = pooled(network, batch).numpy(), numpy.load(features_path)
    apart = float(numpy.abs(ours - theirs).max() / numpy.abs(theirs).max())
    assert apart < 1e-5, apart
    print(f"features of 6 files: largest difference {apart:.1e} of the largest feature")


class Moco(nn.Module):
    """Momentum Contrast in one process, for where the reference is not at hand: its names, its order of tensors."""

    def __init__(self, arch, dim, keys, m, t, mlp):
        super().__init__()
        self.m, self.t, self.keys = m, t, keys
        for name in ("encoder_q", "encoder_k"):
            network = arch(num_classes=dim)
            if mlp:
                width = network.fc.in_features
                network.fc = nn.Sequential(nn.Linear(width, width), nn.ReLU(), network.fc)
            setattr(self, name, network)
        self.encoder_k.load_state_dict(self.encoder_q.state_dict())
        for parameter in self.encoder_k.parameters():
            parameter.requires_grad = False
        self.register_buffer("queue", nn.functional.normalize(torch.randn(dim, keys), dim=0))
        self.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))

    def forward(self, im_q, im_k):
        query = nn.functional.normalize(self.encoder_q(im_q), dim=1)
        with torch.no_grad():
            for new, old in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
                old.data = old.data * self.m + new.data * (1 - self.m)
            key = nn.functional.normalize(self.encoder_k(im_k), dim=1)
        positive = (query * key).sum(1, keepdim=True)
        logits = torch.cat([positive, query @ self.queue.clone()], dim=1) / self.t
        with torch.no_grad():
            place = int(self.queue_ptr)
            self.queue[:, place : place + len(key)] = key.T
            self.queue_ptr[0] = (place + len(key)) % self.keys
        return logits, torch.zeros(len(logits), dtype=torch.long)


def make_model(arch, mlp):
    """A model whose names begin with "module.", as those of DistributedDataParallel."""
    arguments = (getattr(torchvision.models, arch), 32, 64, 0.99, 0.2, mlp)
    if not REFERENCE:
        model = nn.Module()
        model.module = Moco(*arguments)
        model.forward = model.module.forward
        return model
    import torch.distributed as dist

    torch.Tensor.cuda = lambda self, *a, **k: self
    sys.path.insert(0, REFERENCE)
    from moco import builder

    store = dist.HashStore()
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    return nn.parallel.DistributedDataParallel(builder.MoCo(*arguments))


def train(model, optimizer, step):
    im_q, im_k = images(8, 64, 10 + step), images(8, 64, 20 + step)
    logits, labels = model(im_q, im_k)
    loss = nn.functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return {"im_q": im_q, "im_k": im_k, "loss": loss.detach()}


def save(path, model, optimizer, arch, epoch):
    torch.save({"epoch": epoch, "arch": arch, "state_dict": model.state_dict(),
                "optimizer": optimizer.state_dict()}, path, _use_new_zipfile_serialization=not path.endswith(".old"))


def checkpoint(out, after, step, version, arch):
    torch.manual_seed(3)
    model = make_model(arch, version == "v2")
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), 0.03, momentum=0.9, weight_decay=1e-4)
    train(model, optimizer, 0)
    save(out, model, optimizer, arch, 1)
    save(out + ".old", model, optimizer, arch, 1)
    network = getattr(torchvision.models, arch)()
    prefix = "module.encoder_q."
    state = {k[len(prefix):]: v for k, v in model.state_dict().items() if k.startswith(prefix) and ".fc." not in k}
    load_strictly(network, state)
    batch = images(4, 64, 7)
    record = {"images": batch, "features": pooled(network, batch)}
    record.update(train(model, optimizer, 1))
    torch.save(record, step)
    save(after, model, optimizer, arch, 2)
    print(f"made, loss {float(record['loss']):.6f}")


def compare(a_path, b_path, atol, rtol):
    a, b = (torch.load(path, weights_only=True) for path in (a_path, b_path))
    assert a["arch"] == b["arch"]
    assert list(a["state_dict"]) == list(b["state_dict"]), "other tensors, or another order"
    worst = 0.0

    def check(name, x, y):
        nonlocal worst
        assert x.dtype == y.dtype and x.shape == y.shape, name
        worst = max(worst, float((x.double() - y.double()).abs().max()) if x.numel() else 0)
        assert torch.allclose(x, y, atol=float(atol), rtol=float(rtol)), f"{name}: {(x - y).abs().max()}"

    for name, value in a["state_dict"].items():
        check(name, value, b["state_dict"][name])
    assert a["optimizer"]["state"].keys() == b["optimizer"]["state"].keys()
    for number, state in a["optimizer"]["state"].items():
        check(f"momentum buffer {number}", state["momentum_buffer"], b["optimizer"]["state"][number]["momentum_buffer"])
    for key in ("momentum", "dampening", "weight_decay", "nesterov", "params"):
        assert a["optimizer"]["param_groups"][0][key] == b["optimizer"]["param_groups"][0][key], key
    # torch's own optimiser takes the state.
    parameters = [nn.Parameter(torch.zeros(1)) for _ in b["optimizer"]["param_groups"][0]["params"]]
    torch.optim.SGD(parameters, 0.1).load_state_dict(b["optimizer"])
    print(f"largest difference {worst:.3g}, epochs {a['epoch']} and {b['epoch']}")


def wanted_by_lincls(path):
    """What main_lincls.py keeps of a checkpoint."""
    prefix = "module.encoder_q."
    state = torch.load(path, weights_only=True)["state_dict"]
    return {k[len(prefix):]: v for k, v in state.items() if k.startswith(prefix) and ".fc." not in k}


def lincls(path, arch):
    load_strictly(getattr(torchvision.models, arch)(), wanted_by_lincls(path))
    print("loaded as main_lincls.py loads it")


def lincls_itself(path, arch):
    sys.path.insert(0, REFERENCE)
    import main_lincls

    class Loaded(Exception):
        pass

    def stop(model):
        raise Loaded(model)

    torch.nn.DataParallel = stop  # what main_worker does next with the model that it has loaded
    sys.argv = ["main_lincls.py", "-a", arch, "--pretrained", path, "unused"]
    arguments = main_lincls.parser.parse_args()
    arguments.distributed = False
    try:
        main_lincls.main_worker(None, 0, arguments)
    except Loaded as loaded:
        state = loaded.args[0].state_dict()
        for name, value in wanted_by_lincls(path).items():
            assert torch.equal(state[name], value), name
        print("main_lincls.py has loaded it")
        return
    raise AssertionError("main_lincls.py did not come to its model")


def same_pickles(ours_path, theirs):
    with open(ours_path, "rb") as file:
        ours = pickle.load(file)
    assert list(ours) == list(theirs), list(ours)
    assert all(ours[key] == theirs[key] for key in ours if key != "model")
    assert list(ours["model"]) == list(theirs["model"])
    for name, value in theirs["model"].items():
        mine = ours["model"][name]
        assert mine.dtype == value.dtype and mine.shape == value.shape and (mine == value).all(), name
    return len(ours["model"])


def detectron2(path, ours_path):
    model = {}
    for name, value in torch.load(path, weights_only=True)["state_dict"].items():
        if name.startswith("module.encoder_q."):
            name = name[len("module.encoder_q."):]
            name = name if "layer" in name else "stem." + name
            for i in range(1, 5):
                name = name.replace(f"layer{i}", f"res{i + 1}")
                name = name.replace(f"bn{i}", f"conv{i}.norm")
            name = name.replace("downsample.0", "shortcut").replace("downsample.1", "shortcut.norm")
            model[name] = value.numpy()
    expected = {"model": model, "__author__": "MOCO", "matching_heuristics": True}
    print(f"{same_pickles(ours_path, expected)} arrays are those that the converter's rules give")


def detectron2_itself(path, ours_path):
    out = path + ".converted"
    sys.argv = ["convert", path, out]
    script = os.path.join(REFERENCE, "detection", "convert-pretrain-to-detectron2.py")
    with contextlib.redirect_stdout(io.StringIO()):
        runpy.run_path(script, run_name="__main__")
    with open(out, "rb") as file:
        print(f"{same_pickles(ours_path, pickle.load(file))} arrays are those that the converter gives")


def others(folder, arch):
    expected = torch.load(os.path.join(folder, "expected.pth"), weights_only=True)
    done = []
    try:
        import timm
    except ImportError:
        pass
    else:
        for name in ("timm.pth", "timm.safetensors"):
            network = timm.create_model(arch, checkpoint_path="")
            timm.models.load_checkpoint(network, os.path.join(folder, name), strict=False)
            network.reset_classifier(0)
            network.eval()
            with torch.no_grad():
                result = network(expected["images"])
            assert torch.allclose(result, expected["features"], atol=1e-5, rtol=1e-5)
        done.append(f"timm {timm.__version__}")
    try:
        import safetensors.torch
    except ImportError:
        pass
    else:
        state = safetensors.torch.load_file(os.path.join(folder, "head.safetensors"))
        reference = torch.load(os.path.join(folder, "torchvision.pth"), weights_only=True)
        assert all(torch.equal(state[name], value) for name, value in reference.items())
        assert {name for name in state if name not in reference} == {"fc.0.weight", "fc.0.bias", "fc.2.weight", "fc.2.bias"}
        done.append(f"safetensors {safetensors.__version__}")
    print("taken by " + (", ".join(done) if done else "nobody: neither timm nor safetensors is installed"))


def check():
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, reference {REFERENCE or 'none'}")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
