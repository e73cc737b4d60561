#!/usr/bin/env bash
# check_install.sh BUILD CC CMAKE [OPTION...]: installs into a temporary prefix, then builds and runs a consumer there.
# Then uninstalls it.
set -euo pipefail

build=$1 cc=$2 cmake=$3
shift 3
consumer=$(dirname "$0")/consumer
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cflags=${1#-DCMAKE_C_FLAGS=}

"$cmake" --build "$build" --target ship >/dev/null # copies libtorch's runtime
# Moved after installing: no file in the prefix may hold its path.
"$cmake" --install "$build" --prefix "$folder/first" --strip >/dev/null
mv "$folder/first" "$folder/prefix"
prefix=$folder/prefix
pkgconfig=$(dirname "$(find "$prefix" -name moco.pc)")

echo '-- with CMake'
"$cmake" -S "$consumer" -B "$folder/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" "$@" >/dev/null
"$cmake" --build "$folder/cmake"
"$folder/cmake/consumer"

echo '-- with pkg-config'
export PKG_CONFIG_PATH=$pkgconfig
read -ra flags < <(pkg-config --cflags --libs moco)
# shellcheck disable=SC2086
"$cc" -std=c99 -Wall -Wextra -Wpedantic -Werror $cflags "$consumer/consumer.c" -o "$folder/consumer" "${flags[@]}" \
    -Wl,-rpath,"$(pkg-config --variable=libdir moco)"
"$folder/consumer"

echo '-- the tool'
"$prefix/bin/moco" --version
grep -q '^\.TH MOCO 1' "$prefix"/share/man/man1/moco.1
bash -c "source '$prefix/share/bash-completion/completions/moco' && declare -F _moco" >/dev/null

echo '-- uninstall'
mv "$prefix" "$folder/first"
touch "$folder/first/lib/other"
"$(dirname "$0")/../../cmake/uninstall.sh" "$build"
left=$(find "$folder/first" -type f)
[ "$left" = "$folder/first/lib/other" ]
[ ! -e "$folder/first/include/moco" ]
