#!/usr/bin/env bash
# check_plugin.sh LIBRARY: libmoco_cuda.so has NCCL in it, and finds every symbol that it needs in libtorch and NVIDIA's
# libraries. Needs no GPU, and of CUDA only what `make deps CUDA=1` installs.
set -euo pipefail

missing=$(ldd -r "$1" 2>&1 | grep -E 'undefined symbol|not found' | head -n 5 || true)
if [ -n "$missing" ]; then
    printf '%s cannot be loaded:\n%s\n' "$1" "$missing" >&2
    exit 1
fi
# Symbols of the class are undefined here, since libtorch_cuda.so has them.
symbols=$(nm -DC "$1")
for symbol in c10d::ProcessGroupNCCL:: cudaGetDeviceCount moco_cuda_plugin_of; do
    grep -qF "$symbol" <<<"$symbols" || { printf '%s does not use %s\n' "$1" "$symbol" >&2; exit 1; }
done
printf '%s is complete\n' "$1"
