#!/usr/bin/env bash
# check_exports.sh INCLUDE LIBRARY CC: the library exports each function that the headers declare, and nothing else.
set -euo pipefail

include=$1 library=$2 cc=$3

exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u) # A: the version

# Reads the output of the preprocessor, so that comments are not taken for declarations.
declared=$(printf '#include <moco.h>\n' | "$cc" -E -P -std=c99 -I "$include" -x c - | tr '\n' ' ' |
    sed 's/__attribute__((visibility("default")))/\nexported /g' |
    sed 's/__attribute__((\([^()]\|([^()]*)\)*))//g' |
    sed -n 's/^exported [^(;]*\b\(moco_[a-z0-9_]*\) *(.*/\1/p' | sort -u)

missing=$(comm -23 <(printf '%s\n' "$declared") <(printf '%s\n' "$exported"))
surplus=$(comm -13 <(printf '%s\n' "$declared") <(printf '%s\n' "$exported"))
[ -z "$missing" ] || printf 'declared but not exported:\n%s\n' "$missing" >&2
[ -z "$surplus" ] || printf 'exported but not declared:\n%s\n' "$surplus" >&2
printf '%d functions declared, %d symbols exported\n' "$(wc -l <<<"$declared")" "$(wc -l <<<"$exported")"
[ -z "$missing" ] && [ -z "$surplus" ]
