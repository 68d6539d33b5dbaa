"""TensorFlow's time for the walkthrough's network and for ImageDataGenerator, a JSON line a row.

    tf_peer.py GROUP THREADS [FOLDER]

GROUP is training, evaluation, batches or first (which only makes one batch and ends); FOLDER holds
MNIST's plain files, without it random pixels of the same shape are taken. Settings are the fastest we
know of: whole epochs inside one tf.function, so that Python takes no part in a step, with XLA and
without, threads set. Training includes what luma's includes: shuffled bytes scaled batch by batch, loss,
Adam. ImageDataGenerator is what Keras still has of it.
"""
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from peer_data import emit, test_images, test_labels, threads_text, train_images, train_labels  # noqa: E402

BATCH = 64
STEPS = 100


def train_set(folder):
    return train_images(folder, 28, 28, 1), train_labels(folder).astype(np.int32)


def walkthrough():
    layers = tf.keras.layers
    return tf.keras.Sequential([
        tf.keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPool2D(2),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPool2D(2), layers.Flatten(),
        layers.Dense(64, activation="relu"), layers.Dense(10)])


def scaled(x, index):
    return tf.cast(tf.gather(x, index), tf.float32) * (1 / 255)


def seconds_of_training(x, y, uses_xla):
    """Of STEPS steps, after some that warm up."""
    net = walkthrough()
    adam = tf.keras.optimizers.Adam(1e-3)
    adam.build(net.trainable_variables)

    @tf.function(jit_compile=uses_xla)
    def step(index):
        with tf.GradientTape() as tape:
            z = net(scaled(x, index), training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
                tf.gather(y, index), z))
        adam.apply_gradients(zip(tape.gradient(loss, net.trainable_variables),
                                 net.trainable_variables))
        return loss

    @tf.function
    def steps(order, n):
        for i in tf.range(n):
            step(order[i * BATCH:i * BATCH + BATCH])

    order = tf.random.shuffle(tf.range(60000))
    steps(order, 10)
    start = time.perf_counter()
    steps(order, STEPS)
    return time.perf_counter() - start


def seconds_of_evaluation(x, y, uses_xla):
    """Of all images, in the order of the set; the last batch is short."""
    net = walkthrough()

    @tf.function(jit_compile=uses_xla)
    def right(pixels, labels):
        z = net(tf.cast(pixels, tf.float32) * (1 / 255), training=False)
        return tf.reduce_sum(tf.cast(tf.argmax(z, 1, tf.int32) == labels, tf.int32))

    @tf.function
    def epoch():
        correct = tf.constant(0)
        for at in tf.range(0, len(x) - len(x) % BATCH, BATCH):
            correct += right(x[at:at + BATCH], y[at:at + BATCH])
        return correct + right(x[-(len(x) % BATCH):], y[-(len(x) % BATCH):])

    epoch()
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        epoch()
        best = min(best, time.perf_counter() - start)
    return best


def best_of(work, *args):
    """With XLA and without; a version in which one fails is measured with the other."""
    best = float("inf")
    for uses_xla in (False, True):
        try:
            best = min(best, work(*args, uses_xla))
        except Exception as error:
            print(f"tensorflow: left out, XLA {uses_xla}: {str(error)[:200]}", file=sys.stderr)
    return best


def run_training(threads, folder):
    x, y = (tf.constant(a) for a in train_set(folder))
    seconds = best_of(seconds_of_training, x, y) / (STEPS * BATCH)
    emit(f"training, 60,000 images, {threads_text(threads)}", "s", seconds * 60000)


def run_evaluation(threads, folder):
    x = tf.constant(test_images(folder, 28, 28, 1))
    y = tf.constant(test_labels(folder).astype(np.int32))
    emit(f"evaluation, 10,000 images, {threads_text(threads)}", "s",
         best_of(seconds_of_evaluation, x, y))


def find_generator():
    """The class, wherever this version keeps it, or None."""
    try:
        return tf.keras.preprocessing.image.ImageDataGenerator
    except AttributeError:
        pass
    try:
        from keras.src.legacy.preprocessing.image import ImageDataGenerator
        return ImageDataGenerator
    except ImportError:
        return None


def run_batches(_threads, folder):
    generator = find_generator()
    if generator is None:
        print("tensorflow: this version has no ImageDataGenerator", file=sys.stderr)
        return
    x, y = train_set(folder)
    feature = generator(featurewise_center=True, featurewise_std_normalization=True)
    start = time.perf_counter()
    feature.fit(x)
    emit("statistics by channel", "GB/s", x.size / 1e9 / (time.perf_counter() - start))
    sample = generator(samplewise_center=True, samplewise_std_normalization=True)
    for name, g in (("batches rescaled", generator(rescale=1 / 255)),
                    ("batches standardized", feature), ("batches standardized by sample", sample)):
        flow = g.flow(x, y, batch_size=BATCH, shuffle=True)
        next(flow)
        start = time.perf_counter()
        for _ in range(STEPS):
            next(flow)
        emit(name, "M images/s", STEPS * BATCH / (time.perf_counter() - start) / 1e6)


def run_first(_threads, folder):
    x = tf.constant(train_set(folder)[0])
    scaled(x, tf.random.shuffle(tf.range(60000))[:BATCH])


GROUPS = {"training": run_training, "evaluation": run_evaluation, "batches": run_batches,
          "first": run_first}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in GROUPS:
        sys.exit("usage: tf_peer.py " + "|".join(GROUPS) + " THREADS [FOLDER]")
    threads = int(sys.argv[2])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.random.set_seed(1)
    GROUPS[sys.argv[1]](threads, sys.argv[3] if len(sys.argv) > 3 else None)


main()
