"""Trains from Python by the C interface alone: ctypes, no other package.

    python3 examples/ffi.py LIBRARY DATA RUN

LIBRARY is build/lib/libmoco.so. Any language that can call C can do the same.
"""
import ctypes
import sys
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_size_t, c_uint64, c_void_p


class Progress(ctypes.Structure):
    """moco_progress of moco/train.h."""
    _fields_ = ([(name, c_uint64) for name in ("step", "steps", "epoch", "epochs", "epoch_step", "epoch_steps")]
                + [("has_metrics", c_bool)]
                + [(name, c_double) for name in ("loss", "acc1", "acc5", "lr", "images_per_s", "data_wait", "eta_s",
                                                 "knn_acc1", "val_acc1")])


OnStep = ctypes.CFUNCTYPE(c_int, POINTER(Progress), c_void_p)


class TrainOptions(ctypes.Structure):
    """moco_train_options of moco/train.h. moco_train_options_init() sets the defaults."""
    _fields_ = [("struct_size", c_size_t), ("progress", OnStep), ("payload", c_void_p), ("peers", c_void_p),
                ("resume_existing", c_bool)]


def check(status):
    """Turns a moco_status other than MOCO_OK into an exception with the library's message."""
    if status != 0:
        raise RuntimeError(moco.moco_error_message().decode())


@OnStep
def on_step(progress, payload):
    """moco_train() calls this after every step; a non-zero result stops the run."""
    now = progress.contents
    if now.has_metrics:
        print(f"step {now.step} of {now.steps}: loss {now.loss:.3f}, {now.images_per_s:.0f} images/s", flush=True)
    return 0


library, data, run = sys.argv[1:]
moco = ctypes.CDLL(library)
moco.moco_error_message.restype = c_char_p

config = ctypes.create_string_buffer(1 << 14)  # a moco_config is smaller; only the library looks inside
moco.moco_config_init(config, c_size_t(ctypes.sizeof(config)))
check(moco.moco_config_apply_preset(config, b"tiny"))
for name, value in ((b"data", data.encode()), (b"out", run.encode()), (b"print-freq", b"1")):
    check(moco.moco_config_set(config, name, value))

options = TrainOptions()
moco.moco_train_options_init(ctypes.byref(options), c_size_t(ctypes.sizeof(options)))
options.progress = on_step
check(moco.moco_train(config, ctypes.byref(options)))
print(f"done; checkpoints are in {run}/checkpoints")
