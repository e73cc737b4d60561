#!/usr/bin/env bash
# deps.sh [ship]: installs what libmoco needs and this machine lacks: Debian packages, and libtorch into a cache folder.
# With `ship`, only what the library and the tool need; without it, what the tests and developers need, too.
#
# Environment: CUDA=1 or 0 selects libtorch with or without NVIDIA's libraries (default: with, if there is a GPU);
# MOCO_LIBTORCH=/folder uses that libtorch instead of downloading one; XDG_CACHE_HOME moves the cache.
# A second run finds everything in place and ends at once.
set -euo pipefail

torch_version=2.11.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/moco

packages=(
    build-essential cmake ninja-build pkg-config file python3
    libopencv-imgproc-dev libjpeg62-turbo-dev libpng-dev libtiff-dev libwebp-dev
    zlib1g-dev libarchive-dev libcairo2-dev fonts-dejavu-core
    libyaml-dev libjansson-dev librandom123-dev libgloo-dev
)
developer_packages=(
    ccache libgtest-dev librapidcheck-dev clang-format clang-tidy dataset-fashion-mnist
    iproute2 abigail-tools python3-numpy
)
[ "${1:-}" = ship ] || packages+=("${developer_packages[@]}")

# cpu_wheels: what libtorch_cpu.so loads, and the headers that the CUDA plug-in needs. cuda_wheels: what libtorch_cuda.so
# loads besides. The versions are those that torch's wheel requires.
cpu_wheels=("torch==$torch_version" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85 nvidia-cuda-crt==13.0.88)
cuda_wheels=(
    nvidia-cublas==13.1.0.3 nvidia-cuda-nvrtc==13.0.88 nvidia-cudnn-cu13==9.19.0.56 nvidia-cufft==12.0.0.61
    nvidia-cufile==1.15.1.6 nvidia-curand==10.4.0.35 nvidia-cusolver==12.0.4.66 nvidia-cusparse==12.6.3.3
    nvidia-cusparselt-cu13==0.8.0 nvidia-nccl-cu13==2.28.9 nvidia-nvjitlink==13.0.88
    nvidia-nvshmem-cu13==3.4.5 nvidia-nvtx==13.0.85
)

say() { printf 'deps: %s\n' "$*"; }
die()
{
    printf 'deps: %s\n' "$*" >&2
    exit 1
}

# Prints the arguments that are not installed Debian packages.
missing_packages()
{
    local installed
    installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
    local package
    for package in "$@"; do
        grep -qxF "installed $package" <<<"$installed" || printf '%s\n' "$package"
    done
}

# Installs the Debian packages named that are missing.
install_packages()
{
    if ! command -v dpkg-query >/dev/null; then
        say "this is not a Debian machine; please install the equivalents of these Debian packages: $*"
        return
    fi
    local missing
    mapfile -t missing < <(missing_packages "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    local as_root=(env)
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            die "Debian packages are missing; as root, run: apt-get update &&" \
                "apt-get install --no-install-recommends ${missing[*]}"
        fi
        as_root=(sudo env)
    fi
    say "installing Debian packages: ${missing[*]}"
    local apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600
        -o Acquire::Retries=3)
    "${apt[@]}" update || say "apt-get update failed; using the existing package lists"
    if ! "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" </dev/null; then
        die "apt-get could not install: ${missing[*]}; see its message above, then run \`make deps\` again"
    fi
}

# Prints which libtorch this machine needs: cpu or cuda.
flavour()
{
    case "${CUDA:-auto}" in
    1) echo cuda ;;
    0) echo cpu ;;
    auto)
        if [ -e /dev/nvidia0 ] || nvidia-smi -L >/dev/null 2>&1; then
            echo cuda
        else
            echo cpu
        fi
        ;;
    *) die "CUDA=$CUDA is neither 0 nor 1" ;;
    esac
}

# Whether the cache holds a flavour. The stamp is written last, and the folder is renamed after that.
complete()
{
    local stamp=$cache/libtorch-$torch_version-$1/.complete wheels=("${cpu_wheels[@]}")
    [ "$1" = cpu ] || wheels+=("${cuda_wheels[@]}")
    [ -e "$stamp" ] && [ "$(<"$stamp")" = "${wheels[*]}" ]
}

# Prints a Python that has pip. Any version works, since the wheels are chosen below.
python_with_pip()
{
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
}

# unpack_wheels FOLDER WHEEL...: downloads wheels and unpacks them into the folder.
unpack_wheels()
{
    local folder=$1 python
    shift
    python=$(python_with_pip)
    if [ -z "$python" ]; then
        install_packages python3-pip
        python=$(python_with_pip)
    fi
    [ -n "$python" ] || die "a Python with pip is needed to download libtorch; please install python3-pip"

    local machine options=(--no-deps --no-compile --no-cache-dir --only-binary=:all: --target "$folder"
        --disable-pip-version-check --retries 5 --python-version 3.11 --implementation cp --abi cp311 --abi abi3
        --abi none)
    machine=$(uname -m)
    local platform
    for platform in manylinux_2_{28..5} manylinux2014 manylinux2010 manylinux1; do
        options+=(--platform "${platform}_$machine")
    done
    [ -t 1 ] || options+=(--quiet)
    # Unpacks beside the target, so that nothing is copied between file systems, and ignores the user's pip settings.
    mkdir -p "$folder.tmp"
    TMPDIR=$folder.tmp PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore \
        "$python" -m pip install "${options[@]}" "$@" ||
        die "libtorch could not be downloaded; see pip's message above, then run \`make deps\` again"
    rm -rf "$folder.tmp"

    local file
    for file in torch/include/ATen/ATen.h torch/lib/libc10.so torch/lib/libtorch_cpu.so; do
        [ -s "$folder/$file" ] || die "the download lacks $file; run \`make deps\` again"
    done
    "$python" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$folder/torch/lib/libtorch_cpu.so" ||
        die "libtorch was downloaded but this machine cannot load it; see the message above"
}

# Fills the cache with one flavour of libtorch. The folder gets its final name once it is complete.
install_libtorch()
{
    local kind=$1 needs_kib=$2
    shift 2
    local final=$cache/libtorch-$torch_version-$kind
    mkdir -p "$cache"
    exec 9>"$cache/.lock"
    if ! flock --nonblock 9; then
        say "waiting for another download to end"
        flock 9
    fi
    if complete "$kind"; then
        return
    fi
    rm -rf "$cache"/.partial-*
    local free_kib
    free_kib=$(df --output=avail -k "$cache" | tail -n 1)
    if [ "$free_kib" -lt "$needs_kib" ]; then
        die "libtorch ($kind) needs $((needs_kib / 1024)) MiB in $cache while it unpacks, $((free_kib / 1024)) are free;" \
            "set XDG_CACHE_HOME to a folder with more room"
    fi
    partial=$cache/.partial-$$
    trap 'rm -rf "$partial" "$partial.tmp"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    mkdir "$partial"
    say "downloading libtorch $torch_version ($kind) into $cache"
    unpack_wheels "$partial" "$@"
    printf '%s\n' "$*" >"$partial/.complete"
    sync -f "$partial/.complete"
    rm -rf "$final"
    mv "$partial" "$final"
    say "libtorch is in $final"
}

# Finds libtorch, or downloads it.
provide_libtorch()
{
    if [ -n "${MOCO_LIBTORCH:-}" ]; then
        [ -e "$MOCO_LIBTORCH/lib/libtorch_cpu.so" ] || die "MOCO_LIBTORCH=$MOCO_LIBTORCH holds no lib/libtorch_cpu.so"
        return
    fi
    local kind
    kind=$(flavour)
    if [ "$kind" = cuda ] && ! complete cuda; then
        install_libtorch cuda $((11 * 1024 * 1024)) "${cpu_wheels[@]}" "${cuda_wheels[@]}"
    elif [ "$kind" = cpu ] && ! complete cpu && ! complete cuda; then
        install_libtorch cpu $((3 * 1024 * 1024)) "${cpu_wheels[@]}"
    fi
}

if [ -z "$(python_with_pip)" ]; then # it comes by apt
    install_packages "${packages[@]}"
    provide_libtorch
else
    install_packages "${packages[@]}" & # ^C does not reach it, and leaves no package half unpacked
    provide_libtorch
    wait $!
fi
say "all in place"
