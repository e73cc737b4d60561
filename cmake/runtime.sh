#!/usr/bin/env bash
# runtime.sh TORCH FOLDER: copies what libmoco loads of libtorch for the CPU, stripped, to FOLDER/lib, and the licences
# to FOLDER/licences. The libraries find each other, since their RPATH ends with $ORIGIN.
set -euo pipefail

torch=$1 out=$2

# take LIBRARY...: copies libraries and those that they load, as far as they come with libtorch.
take()
{
    local name file needed
    for name in "$@"; do
        [ ! -e "$out/lib/$name" ] || continue
        for file in "$torch/lib/$name" "$torch"/../nvidia/*/lib/"$name"; do
            if [ -e "$file" ]; then
                strip --strip-unneeded -o "$out/lib/$name" "$file"
                chmod 755 "$out/lib/$name"
                mapfile -t needed < <(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
                take "${needed[@]}"
                break
            fi
        done
    done
}

rm -rf "$out"
mkdir -p "$out/lib" "$out/licences"
take libtorch_cpu.so libc10.so
for package in torch nvidia_cuda_runtime nvidia_cuda_cupti; do
    for file in "$torch"/../"$package"-*.dist-info/licenses/*; do
        [ ! -e "$file" ] || install -m 644 "$file" "$out/licences/$package-$(basename "$file")"
    done
done
touch "$out/.complete"
