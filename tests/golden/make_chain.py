"""Writes what Pillow and torchvision make of random JPEG files with MoCo's complete augmentation, and its parameters.

    python make_chain.py MOCO_SYNTH [--out tests/golden/chain.txt]

MOCO_SYNTH is the built program `moco-synth`. Each line is a view: the file's number, its CRC-32, the crop's top, left,
height and width, the order of brightness (0), contrast (1), saturation (2) and hue (3), their factors, whether it is made
grey, sigma of the blur (0: none), whether it is mirrored, and the CRC-32 of the normalised 3 x 224 x 224 float32 values.
"""
import argparse
import os
import random
import subprocess
import tempfile
import zlib

import PIL
import torchvision
from PIL import Image, ImageFilter
from torchvision import transforms
from torchvision.transforms import functional as F

FILES, CLASSES, SEED = 220, 10, 7
ADJUST = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue]


def draw(rng, image, recipe):
    crop = transforms.RandomResizedCrop.get_params(image, (0.2, 1.0), (3 / 4, 4 / 3))
    order = rng.sample(range(4), 4) if recipe == 1 or rng.random() < 0.8 else []
    hue = 0.4 if recipe == 1 else 0.1
    factors = [rng.uniform(0.6, 1.4) for _ in range(3)] + [rng.uniform(-hue, hue)]
    sigma = rng.uniform(0.1, 2.0) if recipe == 2 and rng.random() < 0.5 else 0.0
    return crop, order, factors, rng.random() < 0.2, sigma, rng.random() < 0.5


def view(image, crop, order, factors, grey, sigma, mirrored):
    out = F.resized_crop(image, *crop, (224, 224), antialias=True)
    for which in order:
        out = ADJUST[which](out, factors[which])
    if grey:
        out = F.rgb_to_grayscale(out, num_output_channels=3)
    if sigma > 0:
        out = out.filter(ImageFilter.GaussianBlur(radius=sigma))
    if mirrored:
        out = F.hflip(out)
    return F.normalize(F.to_tensor(out), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("synth")
    parser.add_argument("--out", default=os.path.join(here, "chain.txt"))
    args = parser.parse_args()
    rng = random.Random(1)
    import torch

    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder, open(args.out, "w", encoding="ascii") as table:
        subprocess.run([args.synth, folder, str(FILES), str(CLASSES), str(SEED)], check=True, stdout=subprocess.DEVNULL)
        table.write(f"# Pillow {PIL.__version__}, torchvision {torchvision.__version__.split('+')[0]}\n")
        for number in range(FILES):
            path = os.path.join(folder, f"class_{number % CLASSES}", f"{number:06}.jpg")
            with open(path, "rb") as file:
                crc = zlib.crc32(file.read())
            image = Image.open(path).convert("RGB")
            for recipe in (1, 2):
                crop, order, factors, grey, sigma, mirrored = drawn = draw(rng, image, recipe)
                values = zlib.crc32(view(image, *drawn).contiguous().numpy().tobytes())
                fields = [number, crc, *crop, "".join(map(str, order)) or "-", *map(repr, factors), int(grey), repr(sigma),
                          int(mirrored), values]
                table.write(" ".join(map(str, fields)) + "\n")


if __name__ == "__main__":
    main()
