#!/usr/bin/env bash
# check_package.sh BUILD: tries the packages in BUILD as on another machine: in a root of Debian 12's smallest system,
# where the sources, the build and its cache do not exist, as a user without rights and without a network.
#
# Runs as root, with debootstrap, and with Debian's packages in reach. The system is kept in the cache folder.
set -euo pipefail

build=$(realpath "$1")
tests=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/moco
base=$cache/debian-bookworm

die()
{
    printf 'check_package: %s\n' "$*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || die "changing the root folder needs root; use sudo"
command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
deb=$(ls "$build"/moco_*.deb) || die "there is no package in $build; run \`make package\`"
archive=$(ls "$build"/moco-*.tar.zst)
if [ "${check_package_unshared:-}" = "" ]; then # mounts end with this process
    check_package_unshared=1 exec unshare --mount --propagation private "$0" "$@"
fi

if [ ! -e "$base/.complete" ]; then
    rm -rf "$base"
    debootstrap --variant=minbase bookworm "$base" >/dev/null
    touch "$base/.complete"
fi
root=$(mktemp -d)
trap 'umount "$root/proc"; rm -rf "$root"' EXIT
cp -a "$base/." "$root"
mount -t proc proc "$root/proc"
cp /etc/resolv.conf "$root/etc/"

as_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive "$@"; }
as_user() { unshare --net chroot --userspec=tester:tester "$root" env -i HOME=/home/tester PATH=/usr/bin:/bin bash -euc "cd; $1"; }
apt_get() { as_root apt-get --yes --no-install-recommends "$@" >"$root/tmp/apt.log" 2>&1 || die "$(<"$root/tmp/apt.log")"; }
# shellcheck disable=SC2016 # dpkg-query's variables
packages() { as_root dpkg-query --show --showformat '${Package} ${Installed-Size}\n' | sort; }

as_root useradd --create-home tester
apt_get update
cp -r "$tests/data/fashion-mnist" "$tests/install/consumer" "$root/home/tester/"
chmod -R a+rX "$root/home/tester"

# try_tool FOLDER: runs the tool in FOLDER/bin.
try_tool()
{
    as_user "echo '\$ moco --version'; $1/bin/moco --version
        rm -rf run; echo '\$ moco train images --preset tiny'; images=fashion-mnist/t10k-images-idx3-ubyte
        $1/bin/moco train \$images --preset tiny --threads 1 --out run
        $1/bin/moco knn run --train \$images --test \$images --threads 1
        test -s run/plots/loss.png; test -s run/report.html; test -s $1/share/man/man1/moco.1"
}

# try_library FOLDER: builds a program with the library in FOLDER.
try_library()
{
    as_user "echo '\$ gcc, by pkg-config'; export PKG_CONFIG_PATH=$1/lib/pkgconfig
        gcc -std=c99 consumer/consumer.c -o by-pkg-config \$(pkg-config --cflags --libs moco) -Wl,-rpath,$1/lib
        ./by-pkg-config
        rm -rf by-cmake; echo '\$ cmake'
        cmake -S consumer -B by-cmake -DCMAKE_PREFIX_PATH=$1 >/dev/null
        cmake --build by-cmake >/dev/null; by-cmake/consumer"
}

echo "-- $(basename "$deb"), $(stat -c %s "$deb") bytes"
before=$(packages)
cp "$deb" "$root/tmp/moco.deb"
apt_get install /tmp/moco.deb
comm -13 <(echo "$before") <(packages) | awk '{ n += 1; kib += $2; print "  " $0 } END {
    print n " packages, " int(kib / 1024) " MiB" }'
try_tool /usr
apt_get install gcc libc6-dev pkg-config cmake make
try_library /usr
apt_get remove moco
left=$(find "$root/usr" -path '*moco*')
[ -z "$left" ] || die "the package left $left"

echo "-- $(basename "$archive"), $(stat -c %s "$archive") bytes"
(cd "$root/home/tester" && cmake -E tar xf "$archive")
mv "$root"/home/tester/moco-* "$root/home/tester/anywhere"
du -sm "$root/home/tester/anywhere" | awk '{ print $1 " MiB unpacked" }'
try_tool /home/tester/anywhere
try_library /home/tester/anywhere
echo "both packages work"
