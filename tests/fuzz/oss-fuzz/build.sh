#!/bin/bash -eu
# Builds the fuzz targets as OSS-Fuzz wants them: each program in $OUT, with its corpus, its dictionary, and in $OUT/lib
# the libraries that it needs. OSS-Fuzz sets CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE, SRC, WORK and OUT.
source=${MOCO_SOURCE:-$SRC/moco}
tests=$source/tests

# The system's OpenCV is a C++ library, and built with libstdc++.
export CXXFLAGS=${CXXFLAGS//-stdlib=libc++/}
# shellcheck disable=SC2016 # the linker expands $ORIGIN
cmake -G Ninja -S "$source" -B "$WORK/build" -DMOCO_FUZZ=ONLY \
    -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON '-DCMAKE_INSTALL_RPATH=$ORIGIN/lib'
ninja -C "$WORK/build"

declare -A images=([jpeg]='jpg' [png]='png' [tiff]='tif' [webp]='webp' [bmp]='bmp' [netpbm]='pbm pgm ppm pnm' [npy]='npy')
mkdir -p "$OUT/lib"
for program in "$WORK"/build/bin/fuzz-*; do
    name=${program##*/fuzz-}
    cp "$program" "$OUT/"
    seeds=$(find "$tests/fuzz/corpus/$name" -type f 2>/dev/null || true)
    for ending in ${images[$name]:-}; do
        seeds+=$'\n'$(find "$tests/golden/images" "$tests/data/bands" -name "*.$ending")
    done
    # shellcheck disable=SC2086 # no name has a space
    zip -qj "$OUT/fuzz-${name}_seed_corpus.zip" $seeds
    if [ -f "$tests/fuzz/dictionaries/$name.dict" ]; then
        cp "$tests/fuzz/dictionaries/$name.dict" "$OUT/fuzz-$name.dict"
    fi
    ldd "$program" | awk '$3 ~ /^\// { print $3 }' | grep -vE '/lib(c|m|dl|rt|pthread|resolv)\.so' | xargs -I{} cp -Lu {} "$OUT/lib/"
done
