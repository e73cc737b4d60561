#!/usr/bin/env bash
# check_headers.sh INCLUDE CC CXX: each public header compiles by itself, without a warning, in three languages.
set -uo pipefail

include=$1 cc=$2 cxx=$3
warnings=(-Wall -Wextra -pedantic -Wconversion -Wshadow -Werror -fsyntax-only -I "$include")
failures=0

# compile LABEL COMMAND...: compiles a file that includes $header alone, from standard input.
compile()
{
    local label=$1
    shift
    if ! printf '#include <%s>\n' "$header" | "$@" "${warnings[@]}" -; then
        printf '%s does not compile alone as %s\n' "$header" "$label" >&2
        failures=$((failures + 1))
    fi
}

count=0
while read -r header; do
    compile C99 "$cc" -x c -std=c99 -Wstrict-prototypes
    compile C11 "$cc" -x c -std=c11 -Wstrict-prototypes
    compile C++17 "$cxx" -x c++ -std=c++17
    count=$((count + 1))
done < <(cd "$include" && find . -name '*.h' -printf '%P\n' | sort)

printf '%d headers, %d failures\n' "$count" "$failures"
[ "$count" -gt 0 ] && [ "$failures" -eq 0 ]
