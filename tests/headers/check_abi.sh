#!/usr/bin/env bash
# check_abi.sh FOLDER INCLUDE CC BUILD: the types and functions of the headers are those of the stored dump, with nothing
# but additions. abidw reads them from a library of empty functions, so neither libtorch nor debug symbols are needed.
#
# check_abi.sh --store ... writes the dump again: when the soname changes, and for each release.
set -euo pipefail

store=false
[ "$1" != --store ] || { store=true; shift; }
folder=$1 include=$2 cc=$3 build=$4

if ! command -v abidiff >/dev/null; then
    echo "skipped: there is no abidiff; install Debian's abigail-tools"
    exit 77
fi
mkdir -p "$build"
"${PYTHON:-python3}" "$folder/../misuse/make_calls.py" stubs "$include" "$build/abi_stubs.c"
"$cc" -g -std=c11 -shared -fPIC -w -I "$include" -Wl,-soname,libmoco.so -o "$build/libmoco_stubs.so" "$build/abi_stubs.c"
abidw --no-show-locs --no-corpus-path --no-comp-dir-path --headers-dir "$include" \
    --out-file "$build/moco.abi" "$build/libmoco_stubs.so"
if $store; then
    cp "$build/moco.abi" "$folder/moco.abi"
    exit 0
fi
abidiff --no-added-syms --suppr "$folder/appended.suppr" "$folder/moco.abi" "$build/moco.abi"
