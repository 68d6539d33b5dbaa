"""numpy's time for scaling and statistics of MNIST, a JSON line a row: numpy_peer.py data|first 1 [FOLDER].

`first` only makes one batch and ends. Batches are `x[order] * float32(1/255)`, samplewise ones with each image's own mean and deviation;
statistics are the plain mean() and std() of all pixels, and along the images.
"""
import sys
import time

import numpy as np

from peer_data import emit, train_images

BATCH = 64


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("data", "first"):
        sys.exit("usage: numpy_peer.py data|first 1 [FOLDER]")
    x = train_images(sys.argv[3] if len(sys.argv) > 3 else None, 28, 28, 1)
    scale = np.float32(1 / 255)
    small = np.float32(1e-6)
    order = np.random.default_rng(2).permutation(len(x))
    flat = x.reshape(len(x), -1)
    if sys.argv[1] == "first":
        x[order[:BATCH]] * scale
        return

    def rescaled():
        for at in range(0, len(x), BATCH):
            x[order[at:at + BATCH]] * scale

    def samplewise():
        for at in range(0, len(x), BATCH):
            pixels = flat[order[at:at + BATCH]].astype(np.float32)
            pixels -= pixels.mean(axis=1, keepdims=True)
            pixels /= pixels.std(axis=1, keepdims=True) + small

    def whole():
        x.mean()
        x.std()

    def by_pixel():
        x.mean(axis=0, dtype=np.float32)
        x.std(axis=0, dtype=np.float32)

    n = len(x) / 1e6
    emit("batches rescaled", "M images/s", n / min(seconds_of(rescaled) for _ in range(5)))
    emit("batches standardized by sample", "M images/s",
         n / min(seconds_of(samplewise) for _ in range(2)))
    emit("statistics, all pixels", "GB/s", x.size / 1e9 / min(seconds_of(whole) for _ in range(2)))
    emit("statistics by pixel", "GB/s", x.size / 1e9 / min(seconds_of(by_pixel) for _ in range(2)))


main()
