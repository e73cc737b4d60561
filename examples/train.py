"""Trains from Python, by the package that stands on the C interface.

    PYTHONPATH=build/bindings MOCO_LIBRARY=build/lib/libmoco.so python3 examples/train.py DATA RUN
"""
import sys

import moco


def on_step(progress, payload):
    """Is called after every step; a non-zero result stops the run."""
    now = progress.contents
    if now.has_metrics:
        print(f"step {now.step} of {now.steps}: loss {now.loss:.3f}, {now.images_per_s:.0f} images/s", flush=True)
    return 0


data, run = sys.argv[1:]
config = moco.defaults(moco.Config)
moco.config_apply_preset(config, "tiny")
for name, value in (("data", data), ("out", run), ("print-freq", "1")):
    moco.config_set(config, name, value)
try:
    moco.train(config, moco.defaults(moco.TrainOptions, progress=on_step))
except moco.Error as error:
    sys.exit(f"train.py: {error}")
print(f"done; checkpoints are in {run}/checkpoints")
