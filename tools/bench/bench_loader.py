"""Compares the loader with others on the same image files: files per CPU second on one core.

    python tools/bench/bench_loader.py DATA [--recipe v1|v2] [--files N] [--rounds N] [--short-side 256]
        [--kind jpeg|png|webp|tiff] [--moco build/bin/moco]

DATA is a folder of images, as `moco-synth` makes it. The files of one kind are read, JPEG without --kind. Each loader reads
the same files, makes two views of 224 pixels of each, and normalises them. The loaders take turns, so that other work on the
machine slows all of them. Loaders that work ahead (moco and DALI) are measured from one rest to the next, so that only the
counted files are measured. The other loaders are torchvision with Pillow (as in the reference), torchvision.transforms.v2 on
tensors, DALI on the CPU, and albumentations; those that are not installed are left out. --short-side first shrinks the files
with `moco pack`.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import tarfile
import tempfile
import time

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HUE = {"v1": 0.4, "v2": 0.1}
ENDINGS = {"jpeg": (".jpg", ".jpeg"), "png": (".png",), "webp": (".webp",), "tiff": (".tif", ".tiff")}


def installed(*modules):
    return all(importlib.util.find_spec(module) for module in modules)


def use_torchvision(files, recipe):
    import torch
    from PIL import Image, ImageFilter
    from torchvision import transforms as T

    torch.set_num_threads(1)

    class Blur:
        def __call__(self, image):
            return image.filter(ImageFilter.GaussianBlur(radius=float(torch.empty(1).uniform_(0.1, 2.0))))

    jitter = T.ColorJitter(0.4, 0.4, 0.4, HUE[recipe])
    crop, flip = T.RandomResizedCrop(224, scale=(0.2, 1.0)), T.RandomHorizontalFlip()
    end = [flip, T.ToTensor(), T.Normalize(MEAN, STD)]
    if recipe == "v1":
        augment = T.Compose([crop, T.RandomGrayscale(p=0.2), jitter] + end)
    else:
        augment = T.Compose([crop, T.RandomApply([jitter], p=0.8), T.RandomGrayscale(p=0.2), T.RandomApply([Blur()], p=0.5)] +
                            end)

    def run():
        for file in files:
            image = Image.open(file).convert("RGB")
            augment(image), augment(image)

    return run


def use_tensors(files, recipe):
    import torch
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms import v2 as T

    torch.set_num_threads(1)
    jitter = T.ColorJitter(0.4, 0.4, 0.4, HUE[recipe])
    crop, flip = T.RandomResizedCrop(224, scale=(0.2, 1.0), antialias=True), T.RandomHorizontalFlip()
    end = [flip, T.ToDtype(torch.float32, scale=True), T.Normalize(MEAN, STD)]
    if recipe == "v1":
        augment = T.Compose([crop, T.RandomGrayscale(p=0.2), jitter] + end)
    else:
        blur = T.GaussianBlur(kernel_size=9, sigma=(0.1, 2.0))
        augment = T.Compose([crop, T.RandomApply([jitter], p=0.8), T.RandomGrayscale(p=0.2), T.RandomApply([blur], p=0.5)] +
                            end)

    def run():
        for file in files:
            image = decode_image(file, ImageReadMode.RGB)
            augment(image), augment(image)

    return run


def use_albumentations(files, recipe):
    import albumentations as A
    import cv2
    from albumentations.pytorch import ToTensorV2

    cv2.setNumThreads(0)
    jitter = A.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=HUE[recipe], p=1.0 if recipe == "v1" else 0.8)
    crop, grey = A.RandomResizedCrop(size=(224, 224), scale=(0.2, 1.0)), A.ToGray(p=0.2)
    end = [A.HorizontalFlip(p=0.5), A.Normalize(MEAN, STD), ToTensorV2()]
    if recipe == "v1":
        augment = A.Compose([crop, grey, jitter] + end)
    else:
        augment = A.Compose([crop, jitter, grey, A.GaussianBlur(sigma_limit=(0.1, 2.0), blur_limit=0, p=0.5)] + end)

    def run():
        for file in files:
            image = cv2.cvtColor(cv2.imread(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            augment(image=image), augment(image=image)

    return run


def use_dali(files, recipe):
    from nvidia.dali import fn, pipeline_def, types

    def view(images):
        coin = lambda p: fn.random.coin_flip(probability=p)
        out = fn.random_resized_crop(images, size=[224, 224], random_area=[0.2, 1.0], random_aspect_ratio=[3 / 4, 4 / 3])
        apply = coin(1.0 if recipe == "v1" else 0.8)
        factor = lambda: 1.0 + apply * fn.random.uniform(range=[-0.4, 0.4])
        hue = apply * fn.random.uniform(range=[-360 * HUE[recipe], 360 * HUE[recipe]])
        saturation = factor() * (1 - coin(0.2))
        out = fn.color_twist(out, brightness=factor(), contrast=factor(), saturation=saturation, hue=hue)
        if recipe == "v2":
            out = fn.gaussian_blur(out, sigma=1e-2 + coin(0.5) * fn.random.uniform(range=[0.1, 2.0]))
        return fn.crop_mirror_normalize(out, mirror=coin(0.5), mean=[255 * m for m in MEAN], std=[255 * s for s in STD],
                                        dtype=types.FLOAT, output_layout="CHW")

    @pipeline_def(batch_size=32, num_threads=1, device_id=None, seed=1)
    def pipeline():
        encoded, _ = fn.readers.file(files=files, random_shuffle=False)
        images = fn.decoders.image(encoded, device="cpu", output_type=types.RGB)
        return view(images), view(images)

    pipe = pipeline()
    pipe.build()

    def run():
        for _ in range(len(files) // 32):
            pipe.run()

    return run


def use_moco(program, data, count, recipe, precision):
    def run():
        command = [program, "bench", "loader", data, "--recipe", recipe, "--workers", "1", "--limit", str(count), "--json",
                   "--augment-precision", precision]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return result["files"], result["cpu_seconds"]

    return run


def await_rest():
    """Waits until the threads of this process rest, as those of DALI work ahead."""
    before, now = -1, time.process_time()
    while now - before > 0.001:
        time.sleep(0.05)
        before, now = now, time.process_time()


def timed(run, count):
    """Wraps a run in this process; the threads of DALI count too."""

    def measure():
        await_rest()
        start = time.process_time()
        run()
        await_rest()
        return count, time.process_time() - start

    return measure


def contenders(args, data, files):
    found = {"moco": use_moco(args.moco, data, len(files), args.recipe, "exact"),
             "moco, fast (other pixels)": use_moco(args.moco, data, len(files), args.recipe, "fast")}
    if installed("torchvision", "PIL"):
        found["torchvision and PIL"] = timed(use_torchvision(files, args.recipe), len(files))
    if args.kind != "jpeg":
        return found
    if installed("torchvision"):
        found["torchvision.transforms.v2"] = timed(use_tensors(files, args.recipe), len(files))
    if installed("albumentations", "cv2"):
        found["albumentations"] = timed(use_albumentations(files, args.recipe), len(files))
    if installed("nvidia.dali") if installed("nvidia") else False:
        found["DALI on the CPU"] = timed(use_dali(files, args.recipe), len(files))
    return found


def shrink(moco, data, folder, short_side):
    """Shrinks the files with `moco pack`; all loaders read the result."""
    shards = pathlib.Path(folder, "shards.tar")
    subprocess.run([moco, "pack", data, "--out", shards, "--short-side", str(short_side), "--quality", "90"], check=True,
                   capture_output=True)
    target = pathlib.Path(folder, "shrunk")
    with tarfile.open(shards) as tar:
        tar.extractall(target, [member for member in tar if member.name.lower().endswith((".jpg", ".jpeg"))])
    return target


def link(files, folder):
    """Makes a folder of only these files."""
    target = pathlib.Path(folder, "files")
    target.mkdir()
    for number, file in enumerate(files):
        source = pathlib.Path(file).resolve()
        (target / f"{number:06}{source.suffix.lower()}").symlink_to(source)
    return target


def list_files(data, kind, limit):
    files = sorted(str(path) for path in pathlib.Path(data).rglob("*") if path.suffix.lower() in ENDINGS[kind])
    if not files:
        raise SystemExit(f"bench_loader.py: no file that ends with {' or '.join(ENDINGS[kind])} is in {data}")
    return files[: max(64, min(limit, len(files)) // 64 * 64)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--recipe", choices=["v1", "v2"], default="v2")
    parser.add_argument("--files", type=int, default=256, help="files per round, a multiple of 64")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--short-side", type=int, default=0)
    parser.add_argument("--kind", choices=list(ENDINGS), default="jpeg", help="other kinds are only compared with Pillow")
    parser.add_argument("--moco", default="build/bin/moco")
    args = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        data = shrink(args.moco, args.data, folder, args.short_side) if args.short_side else args.data
        files = list_files(data, args.kind, args.files)
        found = contenders(args, link(files, folder), files)
        speeds = {name: [] for name in found}
        for turn in range(args.rounds + 1):
            for name, measure in found.items():
                count, seconds = measure()
                if turn > 0:  # the first turn warms up
                    speeds[name].append(count / seconds)
    exact, fast = (statistics.median(speeds[name]) for name in list(speeds)[:2])
    print(f"recipe {args.recipe}, {len(files)} {args.kind} files, {args.rounds} rounds"
          + (f", short side {args.short_side}" if args.short_side else "") + "; files per CPU second:")
    for name, values in speeds.items():
        middle = statistics.median(values)
        print(f"  {name:26} {middle:7.0f}  ({min(values):.0f} to {max(values):.0f})   moco is {exact / middle:.2f} times as fast, "
              f"its fast mode {fast / middle:.2f} times")


if __name__ == "__main__":
    main()
