"""OpenCV's and Keras' time for luma's rows "augment: ...", a JSON line a row: opencv_peer.py opencv|keras.

The same work as src/cli/bench_augment.c: 64 sources of random bytes in turn, maps up to 20 degrees, a tenth
of the size and 0.8 to 1.25 times as large, nearest fill, bilinear; bytes in, floats times 1/255 out, one
thread. OpenCV warps bytes (its own fixed-point weights of 1/32 pixel, faster than warping floats) and then
converts; Keras converts first, as its generator does.
"""
import json
import math
import sys
import time

import numpy as np

SOURCES = 64
ROWS = (("augment: warp 28x28x1", 28, 1, 20000, 300), ("augment: warp 224x224x3", 224, 3, 400, 10))
FLIP = "augment: flip 224x224x3"
SCALE = np.float32(1 / 255)


def emit(name, best):
    print(json.dumps({"name": name, "unit": "images/s", "best": best}), flush=True)


def parameters(rng, size):
    shift = 0.1 * size
    return {"theta": rng.uniform(-20, 20), "tx": rng.uniform(-shift, shift),
            "ty": rng.uniform(-shift, shift), "zx": rng.uniform(0.8, 1.25), "zy": rng.uniform(0.8, 1.25)}


def map_of(p, size):
    """Output to source, x before y, as cv2.warpAffine wants it with WARP_INVERSE_MAP."""
    a, centre = math.radians(p["theta"]), (size - 1) / 2
    m = np.array([[math.cos(a) * p["zx"], -math.sin(a) * p["zy"]],
                  [math.sin(a) * p["zx"], math.cos(a) * p["zy"]]])
    turn = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    shift = turn @ [p["tx"], p["ty"]] + centre - m @ [centre, centre]
    return np.hstack([m, shift[:, None]])


def rate(n, work):
    """Images a second, best of five."""
    best = 0.0
    for _ in range(5):
        start = time.perf_counter()
        for i in range(n):
            work(i)
        best = max(best, n / (time.perf_counter() - start))
    return best


def opencv():
    import cv2
    cv2.setNumThreads(1)
    rng = np.random.default_rng(1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for name, size, channels, n, _ in ROWS:
        x = rng.integers(0, 256, (SOURCES, size, size, channels), dtype=np.uint8)
        maps = [map_of(parameters(rng, size), size) for _ in range(SOURCES)]
        out = np.empty((size, size, channels), np.float32)
        warped = np.empty((size, size, channels), np.uint8)

        def warp(i):
            cv2.warpAffine(x[i % SOURCES], maps[i % SOURCES], (size, size), dst=warped, flags=flags,
                           borderMode=cv2.BORDER_REPLICATE)
            np.multiply(warped, SCALE, out=out)

        emit(name, rate(n, warp))
    x = rng.integers(0, 256, (SOURCES, 224, 224, 3), dtype=np.uint8)
    out = np.empty((224, 224, 3), np.float32)

    def flip(i):
        np.multiply(cv2.flip(x[i % SOURCES], 1), SCALE, out=out)

    emit(FLIP, rate(800, flip))


def keras():
    try:
        from keras_preprocessing.image import affine_transformations
    except ImportError:
        from keras.src.legacy.preprocessing import image as affine_transformations
    rng = np.random.default_rng(1)
    for name, size, channels, _, n in ROWS:
        x = rng.integers(0, 256, (SOURCES, size, size, channels), dtype=np.uint8)
        drawn = [parameters(rng, size) for _ in range(SOURCES)]

        def warp(i):
            return affine_transformations.apply_affine_transform(
                x[i % SOURCES].astype(np.float32), row_axis=0, col_axis=1, channel_axis=2,
                fill_mode="nearest", **drawn[i % SOURCES]) * SCALE

        emit(name, rate(n, warp))
    x = rng.integers(0, 256, (SOURCES, 224, 224, 3), dtype=np.uint8)
    emit(FLIP, rate(100, lambda i: affine_transformations.flip_axis(
        x[i % SOURCES].astype(np.float32), 1) * SCALE))


def main():
    works = {"opencv": opencv, "keras": keras}
    if len(sys.argv) < 2 or sys.argv[1] not in works:
        sys.exit("usage: opencv_peer.py opencv|keras")
    works[sys.argv[1]]()


main()
