#!/usr/bin/env bash
# report_skips.sh BUILD: prints which tests of the last run were skipped, and why. In CI (CI=true) it fails if one of them
# is not in expected-skips.txt.
set -euo pipefail
shopt -s nullglob

[ $# -eq 1 ] || { echo "usage: report_skips.sh BUILD" >&2; exit 2; }
here=$(dirname "$0")
files=("$1"/skips/*.txt)
[ ${#files[@]} -gt 0 ] || exit 0

mapfile -t expected < <(grep -v '^#' "$here/expected-skips.txt" | grep .)

# is_expected TEST
is_expected()
{
    local pattern
    for pattern in "${expected[@]}"; do
        # shellcheck disable=SC2053
        [[ $1 == $pattern ]] && return 0
    done
    return 1
}

count=0 unexpected=0
while IFS= read -r line; do
    mark=' '
    if ! is_expected "${line%%: *}"; then
        mark='!'
        unexpected=$((unexpected + 1))
    fi
    count=$((count + 1))
    printf '%s %s\n' "$mark" "$line"
done < <(cat "${files[@]}") >"$1/skips/report"

printf '%d skipped, %d of them unexpected%s:\n' "$count" "$unexpected" "$([ "$unexpected" -eq 0 ] || printf ' (!)')"
cat "$1/skips/report"
if [ "${CI:-}" = true ] && [ "$unexpected" -gt 0 ]; then
    printf 'tests/expected-skips.txt lists the tests that may be skipped in CI\n' >&2
    exit 1
fi
