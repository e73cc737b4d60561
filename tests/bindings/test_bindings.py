"""The Python package: arrays in and out, errors, lifetimes, callbacks, and the layout of every struct.

    test_bindings.py INCLUDE CC      with PYTHONPATH and MOCO_LIBRARY set
"""
import copy
import ctypes
import gc
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import numpy

import moco
from moco import _interface


def random(*shape):
    return numpy.random.default_rng(1).random(shape, "float32")


class Bindings(unittest.TestCase):
    def tearDown(self):
        gc.collect()
        self.assertEqual(moco.live_handles(), 0)

    def test_arrays_go_in_and_out(self):
        for name in ("float32", "float64", "int64", "int32", "uint8", "bool"):
            array = (random(3, 4) * 9).astype(name)
            numpy.testing.assert_array_equal(moco.tensor(array).numpy(), array)
        numpy.testing.assert_array_equal(moco.tensor(random(4, 6).T).numpy(), random(4, 6).T)

    def test_operators_are_called_by_name(self):
        a, b = random(3, 5), random(5, 2)
        product = moco.call("aten::mm", moco.tensor(a), moco.tensor(b))
        numpy.testing.assert_allclose(product.numpy(), a @ b, rtol=1e-5)
        sums = moco.call("aten::sum", moco.tensor(a), [1], keepdim=True, dtype=numpy.dtype("float64"))
        numpy.testing.assert_allclose(sums.numpy(), a.sum(1, keepdims=True), rtol=1e-5)
        values, indices = moco.call("aten::max", moco.tensor(a), 1, results=2)
        numpy.testing.assert_array_equal(values.numpy(), a.max(1))
        numpy.testing.assert_array_equal(indices.numpy(), a.argmax(1))
        both = moco.call("aten::cat", [moco.tensor(a), moco.tensor(a)], 1)
        numpy.testing.assert_array_equal(both.numpy(), numpy.concatenate([a, a], 1))
        clamped = moco.call("aten::clamp", moco.tensor(a), None, 0.5)
        numpy.testing.assert_array_equal(clamped.numpy(), a.clip(None, 0.5))
        row = moco.call("aten::narrow", moco.tensor(a), numpy.int64(0), numpy.int32(1), 1)
        numpy.testing.assert_array_equal(moco.call("aten::mul", row, numpy.float32(2)).numpy(), a[1:2] * 2)
        with self.assertRaisesRegex(moco.Error, "did you mean 'aten::logsumexp'"):
            moco.call("aten::logsumex", moco.tensor(a))

    def test_failures_raise(self):
        with self.assertRaises(moco.Error) as caught:
            moco.encoder_create(moco.defaults(moco.EncoderOptions, arch="resnet19"))
        self.assertEqual(caught.exception.status, moco.EINVALID)
        self.assertIn("resnet19", str(caught.exception))
        with self.assertRaises(AttributeError):
            moco.defaults(moco.EncoderOptions, architecture="resnet18")
        with self.assertRaises(TypeError):
            moco.encoder_create()
        with self.assertRaisesRegex(TypeError, "no tensors of complex64"):
            moco.tensor(random(2).astype("complex64"))
        with self.assertRaisesRegex(TypeError, "no bfloat16"):
            moco.tensor_empty(moco.BFLOAT16, moco.Device(), (ctypes.c_int64 * 1)(2), 1).numpy()
        with self.assertRaises(ValueError):
            moco.tensor_to_host(random(4, 6).T, 96, moco.tensor(random(6, 4)))
        with self.assertRaises(TypeError):
            moco.tensor_empty(moco.FLOAT32, moco.Device(), random(2), 1)

    def test_a_model_trains(self):
        encoder = moco.defaults(moco.EncoderOptions, arch="resnet20", dim=16)
        model = moco.model_create(moco.defaults(moco.ModelOptions, encoder=encoder, queue_size=16))
        before = moco.queue_keys(moco.model_queue(model)).numpy()
        step = moco.model_step(model, moco.tensor(random(8, 3, 16, 16)), moco.tensor(random(8, 3, 16, 16)), 0.03, 0.99)
        self.assertGreater(moco.tensor_item(moco.Tensor(step.loss, owned=False)), 0)
        self.assertFalse((moco.queue_keys(moco.model_queue(model)).numpy() == before).all())

    def test_a_handle_keeps_what_it_was_made_from(self):
        def read(image, index, payload):
            if index == 2:
                raise KeyError("no such image")
            pixels = numpy.full((8, 8, 3), index, "uint8")
            moco.image_set(moco.Image(image, owned=False), moco.FRAME_RGB, 8, 8, 0, pixels)

        dataset = moco.dataset_from_callbacks(4, 0, moco.defaults(moco.DatasetCallbacks, read=read), None)
        gc.collect()
        image = moco.image_create()
        moco.dataset_read(dataset, image, 3)
        self.assertEqual(moco.image_width(image), 8)
        with self.assertRaises(TypeError):
            moco.dataset_read(image, dataset, 3)
        with self.assertRaisesRegex(moco.Error, "KeyError: 'no such image'"):
            moco.dataset_read(dataset, image, 2)

    def test_arrays_of_any_order_and_shape_are_copied(self):
        numbers = numpy.arange(6, dtype=">f4").reshape(2, 3)
        numpy.testing.assert_array_equal(moco.tensor(numbers).numpy(), numbers)
        self.assertEqual(moco.tensor(numpy.float32(3)).numpy().shape, ())
        with self.assertRaisesRegex(TypeError, "holds >f4"):
            moco.tensor_set_from_host(moco.tensor(random(2, 3)), numbers, 24)
        fixed = random(3)
        fixed.setflags(write=False)
        with self.assertRaisesRegex(ValueError, "read-only"):
            moco.tensor_to_host(fixed, 12, moco.tensor(random(3)))
        numpy.testing.assert_array_equal(moco.tensor(fixed).numpy(), fixed)

    def test_what_c_would_cut_is_refused(self):
        tensor = moco.tensor(random(3))
        for call in (lambda: moco.threads_set(2**32 + 1), lambda: moco.tensor_size(tensor, -1),
                     lambda: moco.defaults(moco.SamplerOptions, world=2**32 + 1),
                     lambda: moco.call("aten::add", tensor, 2**64), lambda: moco.call("aten::sum", tensor, [2**64])):
            with self.assertRaises(OverflowError):
                call()
        for call in (lambda: moco.dataset_open("a\0b", None), lambda: moco.call("aten::relu\0", tensor),
                     lambda: moco.defaults(moco.EncoderOptions, arch="resnet18\0")):
            with self.assertRaisesRegex(ValueError, "NUL"):
                call()
        with self.assertRaisesRegex(TypeError, "moco.tensor"):
            moco.call("aten::relu", random(3))

    def test_paths_and_members_take_what_python_has(self):
        for path in ("/nowhere/\udcff", pathlib.Path("/nowhere")):
            with self.assertRaisesRegex(moco.Error, "/nowhere"):
                moco.dataset_open(path, None)
        rates = moco.defaults(moco.LinearOptions, rates=[1, 2.5], rate_count=2).rates
        self.assertEqual(rates[:3], [1, 2.5, 0])
        sampler = moco.sampler_create(moco.defaults(moco.SamplerOptions, count=4, batch=4,
                                                    weights=numpy.array([0, 0, 1, 0], "float64")))
        indices, count = numpy.zeros(4, "uint64"), numpy.zeros(1, "uint64")
        moco.sampler_next(sampler, indices, count, None, None)
        numpy.testing.assert_array_equal(indices, 2)
        with self.assertRaisesRegex(TypeError, "weights holds"):
            moco.defaults(moco.SamplerOptions, weights=random(4))

    def test_handles_are_not_copied(self):
        tensor = moco.tensor(random(2))
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            with self.assertRaisesRegex(TypeError, "cannot be copied"):
                copied(tensor)

    def read_one(self, read, image=None, **others):
        dataset = moco.dataset_from_callbacks(1, 3 if "label" in others else 0,
                                              moco.defaults(moco.DatasetCallbacks, read=read, **others), None)
        moco.dataset_read(dataset, image or moco.image_create(), 0)
        return dataset

    def test_whatever_a_callable_raises_ends_the_call(self):
        def interrupt(*_):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.read_one(interrupt)
        with self.assertRaises(SystemExit):
            self.read_one(lambda *_: sys.exit(3))
        with self.assertRaisesRegex(moco.Error, "TypeError"):
            self.read_one(lambda *_: "no number")
        with self.assertRaisesRegex(moco.Error, "OverflowError"):
            self.read_one(lambda *_: 2**32)
        with self.assertRaises(moco.Error):
            self.read_one(lambda *_: 1)

    def test_ctrl_c_ends_a_call(self):
        options = moco.defaults(moco.TsneOptions, iterations=100000, progress=lambda *_: 0)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        with self.assertRaises(KeyboardInterrupt):
            moco.tsne(moco.tensor(random(40, 4)), options)

    def test_a_label_that_raises_is_no_image_without_label(self):
        def fill(image, index, payload):
            moco.image_fill(moco.Image(image, owned=False), 8, 8, 0)

        def name(index, buffer, size, payload):
            ctypes.memmove(buffer, b"frame 7\0", 8)

        dataset = self.read_one(fill, label=lambda *_: 1 // 0, name=name)
        with self.assertRaises(moco.Error) as caught:
            moco.dataset_check_pair(dataset, dataset)
        self.assertIn("frame 7 has label", str(caught.exception))
        self.assertIsInstance(caught.exception.__cause__, ZeroDivisionError)

    def test_close_frees_at_once(self):
        with moco.tensor(random(2)) as tensor:
            self.assertEqual(moco.live_handles(), 1)
        self.assertEqual(moco.live_handles(), 0)
        with self.assertRaises(moco.Error):
            moco.tensor_item(tensor)

    def test_every_function_is_there(self):
        for name in _interface.FUNCTIONS:
            self.assertTrue(callable(getattr(moco, name.removeprefix("moco_"))), name)
            self.assertIn(name, getattr(moco, name.removeprefix("moco_")).__doc__)

    def test_structs_have_the_layout_of_c(self):
        include, compiler = sys.argv[1:3]
        structs = [kind for kind in vars(_interface).values()
                   if isinstance(kind, type) and issubclass(kind, ctypes.Structure) and kind is not ctypes.Structure]
        self.assertGreater(len(structs), 50)
        lines, expected = [], []
        for kind in structs:
            lines.append(f'printf("%zu\\n", sizeof({kind.__doc__}));')
            expected.append((kind.__doc__, ctypes.sizeof(kind)))
            for name, *_ in kind._fields_:
                lines.append(f'printf("%zu\\n", offsetof({kind.__doc__}, {name}));')
                expected.append((f"{kind.__doc__}.{name}", getattr(kind, name).offset))
        source = "#include <moco.h>\n#include <stdio.h>\nint main(void)\n{\n" + "\n".join(lines) + "\nreturn 0;\n}\n"
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "layout")
            subprocess.run([compiler, "-x", "c", "-I", include, "-o", program, "-"], input=source, text=True, check=True)
            printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
        for (name, offset), value in zip(expected, printed, strict=True):
            self.assertEqual(offset, int(value), name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
