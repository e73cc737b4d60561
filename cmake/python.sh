#!/usr/bin/env bash
# python.sh: a Python with what the tests compare with, PyTorch first, in the cache folder; prints its path. It is set
# up once, 5 GB on disk, since PyTorch's wheel requires NVIDIA's libraries even without a GPU.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/moco
folder=$cache/python-torch-2.11.0
packages=(torch==2.11.0 torchvision==0.26.0 numpy==2.4.6 pillow==13.0.0 safetensors==0.8.0 scikit-learn==1.9.1
    timm==1.0.31)

if [ ! -e "$folder/.complete" ]; then
    printf 'installing %s into %s\n' "${packages[*]}" "$folder" >&2
    rm -rf "$folder"
    mkdir -p "$cache"
    python3 -m venv "$folder" >&2
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >&2
    touch "$folder/.complete"
fi
printf '%s\n' "$folder/bin/python"
