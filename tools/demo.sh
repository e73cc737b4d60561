#!/usr/bin/env bash
# The demo: pretrains on Fashion-MNIST and compares the encoder with raw pixels and with the untrained network.
#
#     tools/demo.sh [RUN]
set -euo pipefail
cd "$(dirname "$0")/.."

moco=build/bin/moco
data=${MOCO_DEMO_DATA:-/usr/share/datasets/fashion-mnist}
run=${1:-runs/demo-$(date +%Y%m%d-%H%M%S)}

accuracy() {
    "$moco" knn "$run" --train "$data" --test "$data" --quiet --json "$@" | sed -n 's/.*"knn_acc1": \([0-9]*\.[0-9][0-9]\).*/\1/p'
}

printf 'Pretraining on the 60,000 training images of Fashion-MNIST, without their labels.\n\n'
start=$SECONDS
"$moco" train "$data" --out "$run" --preset fashion-mnist
printf '\nkNN accuracy on the 10,000 test images (k 200, weighted, all training images vote):\n'
printf '  raw pixels         %s %%\n' "$(accuracy --baseline pixels)"
printf '  untrained network  %s %%\n' "$(accuracy --baseline random)"
printf '  pretrained         %s %%\n' "$(accuracy)"
printf '\n%d s in all. Plots: %s/plots/*.png   Checkpoints: %s/checkpoints\n' $((SECONDS - start)) "$run" "$run"
