"""PyTorch's time for the networks and layers luma's benchmark runs, a JSON line a row.

    torch_peer.py GROUP THREADS [FOLDER]

GROUP is training, evaluation, colour, layers, batches or first (which only makes one batch and ends);
FOLDER holds MNIST's plain files, without it
random pixels of the same shape are taken. Settings are the fastest we know of: channels_last, fused
Adam, threads set, denormals flushed; inference mode, and a traced, frozen and optimized network where
that is faster. Training includes what luma's includes: shuffled bytes scaled batch by batch, loss, Adam.
"""
import sys
import time
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from peer_data import bytes_of, emit, test_images, test_labels, threads_text, train_images, train_labels

BATCH = 64
LAYERS = (  # size, in, out, kernel, stride, same
    (32, 16, 16, 3, 1, True), (16, 64, 64, 3, 1, True), (28, 1, 6, 5, 1, False),
    (14, 6, 16, 5, 1, False), (8, 64, 128, 1, 1, True), (16, 32, 64, 3, 2, True))


def walkthrough():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1600, 64), nn.ReLU(), nn.Linear(64, 10))


def colour():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4096, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))


def train(net, x, y, n_steps):
    """Seconds an image, over n_steps steps after ten that warm up."""
    net = net.to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(net.parameters(), 1e-3, fused=True)
    order = torch.randperm(len(x))
    start = 0
    for step in range(-10, n_steps):
        if step == 0:
            start = time.perf_counter()
        at = step % (len(x) // BATCH) * BATCH
        index = order[at:at + BATCH]
        pixels = (x[index].float() * (1 / 255)).to(memory_format=torch.channels_last)
        adam.zero_grad()
        F.cross_entropy(net(pixels), y[index]).backward()
        adam.step()
    return (time.perf_counter() - start) / (n_steps * BATCH)


def evaluate(net, x, y):
    """Seconds for all images, in the order of the set."""
    correct = 0
    start = time.perf_counter()
    for at in range(0, len(x), BATCH):
        pixels = (x[at:at + BATCH].float() * (1 / 255)).to(memory_format=torch.channels_last)
        correct += (net(pixels).argmax(1) == y[at:at + BATCH]).sum().item()
    return time.perf_counter() - start


def run_training(threads, folder):
    x = torch.from_numpy(train_images(folder, 1, 28, 28))
    y = torch.from_numpy(train_labels(folder).astype(np.int64))
    seconds = train(walkthrough(), x, y, 100)
    emit(f"training, 60,000 images, {threads_text(threads)}", "s", seconds * 60000)


def run_colour(threads, _):
    x = torch.from_numpy(bytes_of(None, "", 0, (2000, 3, 32, 32)))
    y = torch.from_numpy(bytes_of(None, "", 0, (2000,)).astype(np.int64))
    seconds = train(colour(), x, y, 31)
    emit(f"training in colour, 2,000 images, {threads_text(threads)}", "s", seconds * 2000)


def run_evaluation(threads, folder):
    x = torch.from_numpy(test_images(folder, 1, 28, 28))
    y = torch.from_numpy(test_labels(folder).astype(np.int64))
    net = walkthrough().to(memory_format=torch.channels_last).eval()
    nets = [net]
    example = torch.zeros(BATCH, 1, 28, 28).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        try:
            traced = torch.jit.freeze(torch.jit.trace(net, example))
            nets.append(torch.jit.optimize_for_inference(traced))
        except Exception as error:  # a version without it
            print(f"torch: the network was not optimized: {error}", file=sys.stderr)
        best = min(evaluate(n, x, y) for _ in range(3) for n in nets)
    emit(f"evaluation, 10,000 images, {threads_text(threads)}", "s", best)


def fastest(work):
    """The fastest of runs that together take about 0.1 s, the first left out."""
    work()
    best = float("inf")
    end = time.perf_counter() + 0.1
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def run_layers(_threads, _folder):
    for size, n_in, n_out, kernel, stride, same in LAYERS:
        padding = "stride 2" if stride > 1 else "same" if same else "valid"
        name = f"conv {kernel}x{kernel} {padding} {n_in}->{n_out} at {size}x{size}, "
        # TensorFlow's "same" puts an odd zero behind; the padding in front costs PyTorch the same.
        pad = kernel // 2 if same else 0
        x = torch.rand(BATCH, n_in, size, size).to(memory_format=torch.channels_last)
        conv = nn.Conv2d(n_in, n_out, kernel, stride, pad).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            emit(name + "forward", "ms", fastest(lambda: conv(x)) * 1e3)
        dy = torch.rand_like(conv(x)).to(memory_format=torch.channels_last)

        def gradient(data, weights):
            torch.ops.aten.convolution_backward(
                dy, x, conv.weight, [n_out], [stride, stride], [pad, pad], [1, 1], False, [0, 0], 1,
                [data, weights, weights])

        with torch.no_grad():
            emit(name + "data gradient", "ms", fastest(lambda: gradient(True, False)) * 1e3)
            emit(name + "weight gradient", "ms", fastest(lambda: gradient(False, True)) * 1e3)


def run_batches(_threads, folder):
    x = torch.from_numpy(train_images(folder, 28, 28, 1))
    order = torch.randperm(len(x))

    def epoch():
        for at in range(0, len(x), BATCH):
            x[order[at:at + BATCH]].float() * (1 / 255)

    emit("batches rescaled", "M images/s", len(x) / fastest(epoch) / 1e6)


def run_first(_threads, folder):
    x = torch.from_numpy(train_images(folder, 28, 28, 1))
    x[torch.randperm(len(x))[:BATCH]].float() * (1 / 255)


GROUPS = {"training": run_training, "evaluation": run_evaluation, "colour": run_colour,
          "layers": run_layers, "batches": run_batches, "first": run_first}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in GROUPS:
        sys.exit("usage: torch_peer.py " + "|".join(GROUPS) + " THREADS [FOLDER]")
    warnings.simplefilter("ignore")
    threads = int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    GROUPS[sys.argv[1]](threads, sys.argv[3] if len(sys.argv) > 3 else None)


main()
