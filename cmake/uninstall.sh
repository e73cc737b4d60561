#!/usr/bin/env bash
# uninstall.sh BUILD [DESTDIR]: removes the files that the last install from BUILD wrote, and the folders that it made if
# nothing else is in them.
set -euo pipefail

manifest=$1/install_manifest.txt
root=${2:-}
if [ ! -e "$manifest" ]; then
    printf 'uninstall: %s does not exist: nothing was installed from here, or it was removed already\n' "$manifest" >&2
    exit 1
fi
count=0
while IFS= read -r file || [ -n "$file" ]; do
    rm -f "$root$file"
    count=$((count + 1))
    folder=$(dirname "$root$file")
    while [[ $folder =~ /moco(/|$) ]] && rmdir "$folder" 2>/dev/null; do
        folder=$(dirname "$folder")
    done
done <"$manifest"
rm "$manifest"
printf 'uninstall: removed %d files\n' "$count"
