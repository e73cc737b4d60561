#!/usr/bin/env bash
# Repeats a comparison of the MoCo paper on small images, with three seeds, and draws it.
#
#     tools/paper.sh figure3|momentum|shuffle|width|monitors DATA OUT [OPTIONS OF MOCO SWEEP]
#
# figure3   mechanisms against the number of negative keys (figure 3)
# momentum  momentum of the key encoder (the table in section 4.1)
# shuffle   with and without shuffled batch norm (figure A.1)
# width     widths of ResNet-20 (of ResNet-50 in the table of section 4.1)
# monitors  how numbers without labels agree with kNN, over the epochs of runs that differ (one seed)
#
# The same command goes on after an interruption. MOCO names another tool than build/bin/moco.
set -euo pipefail

if (($# < 3)); then
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
fi
what=$1 data=$2 out=$3
shift 3
[[ " $* " == *" --dry-run "* ]] && runs=none || runs=made
moco=${MOCO:-$(dirname "$0")/../build/bin/moco}
common=(--preset fashion-mnist --weight-decay 0.0001 --image-size 14 --knn-image-size 20 --epochs 6 --knn-every 6 --no-plots --seeds 3)
small=(--batch 64 --lr 0.06 --bn-splits 4 --queue-size 1024)

sweep() {
    sweep_into "$out" "$@"
}

sweep_into() {
    "$moco" sweep "$data" --out "$1" "${common[@]}" "${@:2}"
}

# Looks at the runs, which a dry run does not make.
look() {
    [[ $runs == none ]] || "$moco" "$1" "$out" "${@:2}"
}

case $what in
figure3)
    sweep "${small[@]}" --mechanism moco,memory-bank --queue-size 64,256,1024,4096 "$@"
    # The negatives of end-to-end are the other images of the batch. The rate grows with its root.
    sweep_into "$out/end-to-end-64" "${small[@]}" --mechanism end-to-end --queue-size 64 "$@"
    sweep_into "$out/end-to-end-256" "${small[@]}" --mechanism end-to-end --queue-size 256 --batch 256 --lr 0.12 "$@"
    sweep_into "$out/end-to-end-1024" "${small[@]}" --mechanism end-to-end --queue-size 1024 --batch 1024 --lr 0.24 "$@"
    look plot --x queue-size --by mechanism --out "$out/figure3.png"
    ;;
momentum)
    sweep "${small[@]}" --momentum 0,0.9,0.99,0.999 "$@"
    look plot --x momentum --out "$out/momentum.png"
    look plot --x momentum --metric loss --out "$out/momentum-loss.png"
    ;;
shuffle)
    sweep "${small[@]}" --bn-splits 8 --shuffle alltoall,off "$@"
    look plot --x shuffle --out "$out/shuffle.png"
    look plot --x shuffle --metric acc1 --out "$out/shuffle-acc1.png"
    ;;
width)
    sweep "${small[@]}" --arch resnet20,resnet20w2x,resnet20w4x "$@"
    look plot --x arch --out "$out/width.png"
    ;;
monitors)
    watch=(--seeds 1 --epochs 8 --knn-every 1 --monitor-every 1 --lidar)
    sweep "${small[@]}" "${watch[@]}" --momentum 0.999,0 "$@"
    sweep "${small[@]}" "${watch[@]}" --bn-splits 8 --shuffle off "$@"
    look runs --agree knn_acc1
    ;;
*)
    echo "tools/paper.sh: unknown comparison '$what'; give figure3, momentum, shuffle, width or monitors" >&2
    exit 2
    ;;
esac
