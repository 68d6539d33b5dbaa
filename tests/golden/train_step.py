"""One training step of the walkthrough's network, worked out by numpy in double precision.

    python3 tests/golden/train_step.py > tests/golden/train_step.txt

Nothing of luma takes part: weights, images and labels come from the integer generator below, which
tests/unit/test_golden_step.c repeats; forward pass, loss, gradients and Adam are written down here
from their definitions. Numbers are coarse up to the first dense layer, so that float sums are exact up
to there and the engine can be held to narrow bounds; windows with several maxima are plenty. Recorded are all logits, the loss, all gradients and updated weights of small
tensors, and of the two large ones samples and projections on random signs (a wrong entry anywhere
changes every projection).

Lines: name, index, value; index -1, -2, ... are projections.
"""

import numpy as np

N_IMAGES = 20
SMALL = 700  # tensors up to this size are recorded whole
N_SAMPLES = 400
N_PROJECTIONS = 6

# name, shape, bits of randomness, unit: weights are odd multiples of the unit
PARAMS = [
    ("conv1/kernel", (3, 3, 1, 32), 2, 2.0**-4),
    ("conv1/bias", (32,), 3, 2.0**-7),
    ("conv2/kernel", (3, 3, 32, 64), 2, 2.0**-5),
    ("conv2/bias", (64,), 3, 2.0**-7),
    ("dense1/kernel", (1600, 64), 2, 2.0**-6),
    ("dense1/bias", (64,), 3, 2.0**-7),
    ("dense2/kernel", (64, 10), 23, 2.0**-25),
    ("dense2/bias", (10,), 23, 2.0**-27),
]


def lcg(seed, n):
    """n numbers of x -> 1664525 x + 1013904223 mod 2^32 (Knuth; Numerical Recipes), after `seed`."""
    x = seed
    out = np.empty(n, dtype=np.uint64)
    for i in range(n):
        x = (1664525 * x + 1013904223) % 2**32
        out[i] = x
    return out


def weights(seed, shape, bits, unit):
    """The high `bits` bits k as (2k + 1 - 2^bits) * unit: symmetric about 0, never 0."""
    k = (lcg(seed, int(np.prod(shape))) >> np.uint64(32 - bits)).astype(np.float64)
    return ((2 * k + 1 - 2.0**bits) * unit).reshape(shape)


def convolve(x, kernel, bias):
    """Valid convolution, N x H x W x C by KH x KW x C x OC."""
    kh, kw = kernel.shape[:2]
    h, w = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    y = np.zeros((x.shape[0], h, w, kernel.shape[3])) + bias
    for i in range(kh):
        for j in range(kw):
            y += x[:, i : i + h, j : j + w, :] @ kernel[i, j]
    return y


def convolve_back(x, kernel, dy):
    """Gradients for input, kernel and bias."""
    kh, kw = kernel.shape[:2]
    h, w = dy.shape[1:3]
    dx = np.zeros_like(x)
    dk = np.zeros_like(kernel)
    for i in range(kh):
        for j in range(kw):
            dx[:, i : i + h, j : j + w, :] += dy @ kernel[i, j].T
            dk[i, j] = np.einsum("nhwc,nhwo->co", x[:, i : i + h, j : j + w, :], dy)
    return dx, dk, dy.sum(axis=(0, 1, 2))


def windows(x):
    """2 x 2 windows, stride 2: N x H/2 x W/2 x C x 4, an odd last row or column left out."""
    h, w = x.shape[1] // 2, x.shape[2] // 2
    x = x[:, : 2 * h, : 2 * w, :]
    x = x.reshape(x.shape[0], h, 2, w, 2, x.shape[3])
    return x.transpose(0, 1, 3, 5, 2, 4).reshape(x.shape[0], h, w, x.shape[5], 4)


def pool_back(x, dy):
    """dy at each window's first maximum."""
    dx = np.zeros_like(x)
    where = windows(x).argmax(axis=4)
    n, h, w, c = np.indices(dy.shape)
    np.add.at(dx, (n, 2 * h + where // 2, 2 * w + where % 2, c), dy)
    return dx


def step(p, x, labels):
    """Logits, mean cross-entropy and the gradients of all parameters."""
    a1 = np.maximum(convolve(x, p["conv1/kernel"], p["conv1/bias"]), 0)
    m1 = windows(a1).max(axis=4)
    a2 = np.maximum(convolve(m1, p["conv2/kernel"], p["conv2/bias"]), 0)
    m2 = windows(a2).max(axis=4)
    flat = m2.reshape(len(x), -1)
    a3 = np.maximum(flat @ p["dense1/kernel"] + p["dense1/bias"], 0)
    z = a3 @ p["dense2/kernel"] + p["dense2/bias"]

    top = z.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(z - top).sum(axis=1, keepdims=True)) + top
    loss = np.mean(log_sum[:, 0] - z[np.arange(len(x)), labels])

    g = {}
    dz = np.exp(z - log_sum)
    dz[np.arange(len(x)), labels] -= 1
    dz /= len(x)
    g["dense2/kernel"] = a3.T @ dz
    g["dense2/bias"] = dz.sum(axis=0)
    d3 = (dz @ p["dense2/kernel"].T) * (a3 > 0)
    g["dense1/kernel"] = flat.T @ d3
    g["dense1/bias"] = d3.sum(axis=0)
    dm2 = (d3 @ p["dense1/kernel"].T).reshape(m2.shape)
    d2 = pool_back(a2, dm2) * (a2 > 0)
    dm1, g["conv2/kernel"], g["conv2/bias"] = convolve_back(m1, p["conv2/kernel"], d2)
    d1 = pool_back(a1, dm1) * (a1 > 0)
    _, g["conv1/kernel"], g["conv1/bias"] = convolve_back(x, p["conv1/kernel"], d1)
    return z, loss, g


def adam_first_step(g, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-7):
    """What is taken from a weight in step 1, moments being zero before (Kingma and Ba 2015)."""
    m = (1 - beta1) * g
    v = (1 - beta2) * g * g
    return rate * np.sqrt(1 - beta2) / (1 - beta1) * m / (np.sqrt(v) + epsilon)


def record(name, values, seed):
    flat = np.asarray(values, dtype=np.float64).ravel()
    if flat.size <= SMALL:
        picked = range(flat.size)
    else:
        picked = sorted(set(int(i) for i in lcg(seed, N_SAMPLES) % np.uint64(flat.size)))
    for i in picked:
        print(name, i, "%.17g" % flat[i])
    if flat.size > SMALL:
        for k in range(N_PROJECTIONS):
            signs = 1 - 2 * (lcg(1000 + k, flat.size) >> np.uint64(31)).astype(np.float64)
            print(name, -1 - k, "%.17g" % (signs @ flat))


def main():
    p = {row[0]: weights(1 + i, *row[1:]) for i, row in enumerate(PARAMS)}
    x = (lcg(100, N_IMAGES * 28 * 28) >> np.uint64(29)).astype(np.float64) / 8
    x = x.reshape(N_IMAGES, 28, 28, 1)
    labels = ((lcg(101, N_IMAGES) >> np.uint64(16)) % np.uint64(10)).astype(int)
    z, loss, g = step(p, x, labels)
    record("logits", z, 0)
    record("loss", loss, 0)
    for i, name in enumerate(p):
        record("gradient:" + name, g[name], 200 + i)
        record("step:" + name, adam_first_step(g[name]), 200 + i)


main()
