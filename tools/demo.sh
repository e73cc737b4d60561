#!/usr/bin/env bash
# Pretrains on Fashion-MNIST and compares the features with raw pixels and with those of the untrained network.
#
#     tools/demo.sh [RUN]
set -euo pipefail
cd "$(dirname "$0")/.."

moco=build/bin/moco
data=${MOCO_DEMO_DATA:-/usr/share/datasets/fashion-mnist}
run=${1:-runs/demo-$(date +%Y%m%d-%H%M%S)}

# Prints a row of the table: kNN with 5, 20 and 200 neighbours, and a linear classifier.
row() {
    local name=$1 baseline=$2 network=$run
    local sets=(--train "$data" --quiet --json --baseline "$baseline")
    [[ $baseline == none ]] || network=--preset=fashion-mnist
    printf '  %-18s' "$name"
    "$moco" knn "$run" --test "$data" "${sets[@]}" -k 5,20,200 |
        grep -o '"k": [0-9]*, "temperature": [0-9.e-]*, "knn_acc1": [0-9.]*' | awk '{ printf "%7.1f %%", $NF }'
    "$moco" linear "$network" --val "$data" "${sets[@]}" --cached --epochs 20 --batch 1024 |
        grep -o '"acc1": [0-9.]*' | awk 'NR == 1 { printf "%7.1f %%\n", $NF }'
}

printf 'Pretraining on the 60,000 training images of Fashion-MNIST, without their labels.\n\n'
start=$SECONDS
"$moco" train "$data" --out "$run" --preset fashion-mnist
printf '\nHow many of the 10,000 test images do their nearest training images, or a linear classifier, get right?\n\n'
printf '  %-18s%9s%9s%9s%9s\n' '' 'k 5' 'k 20' 'k 200' linear
row 'raw pixels' pixels
row 'untrained network' random
row 'pretrained network' none
printf '\nThis took %d seconds. Plots: %s/plots/*.png   Checkpoints: %s/checkpoints\n' $((SECONDS - start)) "$run" "$run"
