"""What the peers of luma's benchmark have in common: the lines they print, the bytes they work on."""
import json
import os

import numpy as np


def emit(name, unit, best):
    print(json.dumps({"name": name, "unit": unit, "best": best}), flush=True)


def threads_text(n):
    return f"{n} thread" + ("" if n == 1 else "s")


def bytes_of(folder, name, header, shape):
    """The bytes of a plain IDX file behind its header; random ones where it is not there."""
    path = os.path.join(folder or "", name)
    if folder and os.path.exists(path):
        return np.fromfile(path, dtype=np.uint8)[header:].reshape(shape)
    high = 10 if len(shape) == 1 else 256
    return np.random.default_rng(1).integers(0, high, shape, dtype=np.uint8)


def train_images(folder, *item):
    """The images of MNIST's training set, each in the shape given."""
    return bytes_of(folder, "train-images-idx3-ubyte", 16, (60000, *item))


def train_labels(folder):
    return bytes_of(folder, "train-labels-idx1-ubyte", 8, (60000,))


def test_images(folder, *item):
    return bytes_of(folder, "t10k-images-idx3-ubyte", 16, (10000, *item))


def test_labels(folder):
    return bytes_of(folder, "t10k-labels-idx1-ubyte", 8, (10000,))
