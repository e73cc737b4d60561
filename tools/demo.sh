#!/usr/bin/env bash
# Pretrains on Fashion-MNIST and compares the features with raw pixels and with those of the untrained network.
#
#     tools/demo.sh [RUN]
set -euo pipefail
cd "$(dirname "$0")/.."

moco=build/bin/moco
data=${MOCO_DEMO_DATA:-/usr/share/datasets/fashion-mnist}
run=${1:-runs/demo-$(date +%Y%m%d-%H%M%S)}

# Prints a row of the table.
row() {
    local name=$1
    shift
    "$moco" knn "$run" --train "$data" --test "$data" --quiet --json "$@" |
        grep -o '"k": [0-9]*, "temperature": [0-9.e-]*, "knn_acc1": [0-9.]*' |
        awk -v name="$name" 'BEGIN { printf "  %-18s", name } { printf "%7.1f %%", $NF } END { print "" }'
}

printf 'Pretraining on the 60,000 training images of Fashion-MNIST, without their labels.\n\n'
start=$SECONDS
"$moco" train "$data" --out "$run" --preset fashion-mnist
printf '\nHow many of the 10,000 test images do their nearest training images classify correctly?\n\n'
row 'raw pixels' --baseline pixels
row 'untrained network' --baseline random
row 'pretrained network'
printf '\nThis took %d seconds. Plots: %s/plots/*.png   Checkpoints: %s/checkpoints\n' $((SECONDS - start)) "$run" "$run"
