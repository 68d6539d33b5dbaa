"""Compares luma.keras with the installed Keras on random arguments.

    python tests/parity/parity.py --luma build/luma --seed 7 --cases 200

Keras' ImageDataGenerator makes the wanted results, tests/parity/parity.lua the others from the same files. The seed
is printed: the same one makes the same cases. Prints 'N passed, N failed' at the end. Resizing is compared with Pillow
before 13, which is what parity.sh installs: later ones resize some images down their columns first, to other bits.

Where luma is different on purpose Keras is set right first: the centre of images that are not square has its
coordinates exchanged back. Random draws are not compared: the two have different random numbers.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

os.environ.setdefault("KERAS_BACKEND", "numpy")
import warnings

import numpy as np
import PIL
from keras.src.legacy.preprocessing import image as kp
from keras.src.utils import image_utils
from PIL import Image

warnings.simplefilter("ignore")

# A number of float32 may be off by its rounding; sums over an image by a few of them.
STANDARD_REL = 2e-5
# Both work in double and round to float32 once (half a unit is 1.5e-5 at 255); a channel shift rounds again, at up
# to 320, so 4e-5 is the most; measured over 1,500 warps, 3.1e-5.
WARP_ABS = 4e-5


def centred():
    """Keras passes (h, w) where the matrix wants (x, y)."""
    original = kp.transform_matrix_offset_center

    def repaired(matrix, x, y):
        return original(matrix, y, x)

    kp.transform_matrix_offset_center = repaired


def lua(value):
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(lua(v) for v in value) + "}"
    return "{" + ",".join(f'["{k}"]={lua(v)}' for k, v in value.items() if v is not None) + "}"


class Maker:
    def __init__(self, seed, folder):
        self.rng = random.Random(seed)
        self.np = np.random.default_rng(seed)
        self.folder = folder
        self.cases = []
        self.wanted = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def images(self, n, h, w, c):
        smooth = self.np.normal(128, 60, (n, h // 2 + 1, w // 2 + 1, c)).repeat(2, 1).repeat(2, 2)[:, :h, :w]
        noise = self.np.normal(0, 20, (n, h, w, c))
        return np.clip(smooth + noise, 0, 255).astype("uint8")

    def size(self):
        return self.rng.randint(2, 30), self.rng.randint(2, 30), self.rng.choice([1, 3, 4])

    def put(self, kind, case, wanted, tolerance):
        number = len(self.cases)
        for key, value in list(case.items()):
            if isinstance(value, np.ndarray):
                np.save(self.path(f"{number}_{key}.npy"), value)
                case[key] = f"{number}_{key}.npy"
        self.cases.append({"kind": kind, **case})
        self.wanted.append((kind, case, wanted, tolerance))

    # --- kinds of cases ---

    def scaling(self):
        flag = lambda: self.rng.random() < 0.4
        options = {
            "rescale": self.rng.choice([None, 1 / 255, 0.5, 2.0]),
            "samplewise_center": flag(),
            "samplewise_std_normalization": flag(),
            "featurewise_center": flag(),
            "featurewise_std_normalization": flag(),
        }
        return {k: v for k, v in options.items() if v not in (None, False)}

    def standardize(self):
        options = self.scaling()
        h, w, c = self.size()
        fit, x = self.images(self.rng.randint(2, 12), h, w, c), self.images(1, h, w, c)[0]
        g = kp.ImageDataGenerator(**options)
        g.fit(fit)
        wanted = g.standardize(x.astype("float32"))
        scale = max(1e-3, float(np.abs(wanted).max()))
        # The deviation divides what is left after centring: its rounding grows by the ratio of both.
        spread = max(1.0, float(np.abs(x).max()) / max(1e-3, float(x.std()))) if "std" in str(options) else 1.0
        self.put("standardize", {"options": options, "fit": fit, "x": x}, wanted, STANDARD_REL * scale * spread)

    def transform(self):
        h, w, c = self.size()
        x = self.images(1, h, w, c)[0]
        u = self.rng.uniform
        options = {"fill_mode": self.rng.choice(["nearest", "constant", "reflect"]), "cval": u(0, 255)}
        p = {}
        for name, value in {
            "theta": u(-180, 180), "tx": u(-9, 9), "ty": u(-9, 9), "shear": u(-40, 40), "zx": u(0.4, 2.5),
            "zy": u(0.4, 2.5), "flip_horizontal": True, "flip_vertical": True, "channel_shift_intensity": u(-60, 60),
        }.items():
            if self.rng.random() < 0.5:
                p[name] = value
        wanted = kp.ImageDataGenerator(**options).apply_transform(x.astype("float32"), dict(p))
        self.put("transform", {"options": options, "parameters": p, "x": x}, wanted, WARP_ABS)

    def brightness(self):
        h, w, c = self.size()
        x = self.images(1, h, w, c)[0]
        p = {"brightness": self.rng.uniform(0, 2)}
        wanted = kp.ImageDataGenerator().apply_transform(x.astype("float32"), dict(p))
        self.put("transform", {"options": {}, "parameters": p, "x": x}, wanted, 0)

    def flow(self):
        n, batch = self.rng.randint(1, 40), self.rng.randint(1, 12)
        x = self.images(n, 3, 4, 1)
        y = self.np.integers(0, 5, n).astype("int32")
        options = {"rescale": 1 / 255}
        o = {"batch_size": batch, "shuffle": False}
        if self.rng.random() < 0.5 and n > 3:
            options["validation_split"] = self.rng.uniform(0.3, 0.7)
            o["subset"] = self.rng.choice(["training", "validation"])
        it = kp.ImageDataGenerator(**options).flow(x, y, **dict(o, **({"ignore_class_split": True} if "subset" in o else {})))
        if it.n == 0:
            return self.flow()
        got = [next(it) for _ in range(len(it))]
        wanted = np.concatenate([b[0] for b in got]), np.concatenate([b[1] for b in got]), len(it)
        if "subset" in o:
            o["ignore_class_split"] = True
        self.put("flow", {"options": options, "flow": o, "x": x, "y": y}, wanted, 1e-6)

    def resize(self):
        h, w = self.rng.randint(1, 60), self.rng.randint(1, 60)
        c = self.rng.choice([1, 3, 4])
        path = f"{len(self.cases)}.png"
        pixels = self.images(1, h, w, c)[0]
        Image.fromarray(pixels[:, :, 0] if c == 1 else pixels).save(self.path(path))
        o = {
            "target_size": [self.rng.randint(1, 60), self.rng.randint(1, 60)],
            "interpolation": self.rng.choice(["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"]),
            "color_mode": self.rng.choice(["rgb", "grayscale", "rgba"]),
            "keep_aspect_ratio": self.rng.random() < 0.3,
        }
        k = dict(o, target_size=tuple(o["target_size"]))
        wanted = image_utils.img_to_array(image_utils.load_img(self.path(path), **k))
        self.put("resize", {"path": path, "options": o}, wanted, 0)

    def tree(self):
        """A folder a class, with names that sort differently in other orders, and a table of the same files."""
        name = f"tree{len(self.cases)}"
        rows = []
        for k in range(self.rng.randint(2, 4)):
            label = self.rng.choice(["Zeta", "alpha", "be-ta", "be", "10", "9"]) + str(k)
            for _ in range(self.rng.randint(1, 6)):
                sub = self.rng.choice(["", "x", "x-y", "x/y"])
                folder = os.path.join(self.path(name), label, sub)
                os.makedirs(folder, exist_ok=True)
                file = self.rng.choice("aBcD") + str(self.rng.randint(0, 99)) + self.rng.choice([".png", ".PNG", ".bmp"])
                Image.fromarray(self.images(1, 5, 6, 3)[0]).save(os.path.join(folder, file))
                rows.append((os.path.join(label, sub, file), label))
        return name, sorted(set(rows))

    def directory(self):
        name, _ = self.tree()
        o = {"target_size": [4, 4], "batch_size": self.rng.randint(1, 6), "shuffle": False,
             "class_mode": self.rng.choice(["categorical", "sparse"])}
        options = {}
        if self.rng.random() < 0.5:
            options["validation_split"] = self.rng.uniform(0.2, 0.6)
            o["subset"] = self.rng.choice(["training", "validation"])
        it = kp.ImageDataGenerator(**options).flow_from_directory(self.path(name), **dict(o, target_size=(4, 4)))
        if it.n == 0:
            return self.directory()
        got = [next(it) for _ in range(len(it))]
        wanted = (np.concatenate([b[0] for b in got]), np.concatenate([b[1] for b in got]), list(it.filenames),
                  dict(it.class_indices))
        self.put("directory", {"options": options, "flow": o, "path": name}, wanted, 0)

    def table(self):
        import pandas as pd
        name, rows = self.tree()
        self.rng.shuffle(rows)
        frame = pd.DataFrame({"filename": [r[0] for r in rows] + ["gone.png"], "class": [r[1] for r in rows] + ["no"],
                              "weight": [float(i + 1) for i in range(len(rows) + 1)]})
        csv = f"{len(self.cases)}.csv"
        frame.to_csv(self.path(csv), index=False)
        o = {"target_size": [4, 4], "batch_size": 4, "shuffle": False, "class_mode": "sparse", "weight_col": "weight"}
        it = kp.ImageDataGenerator().flow_from_dataframe(frame, self.path(name), **dict(o, target_size=(4, 4)))
        got = [next(it) for _ in range(len(it))]
        wanted = (np.concatenate([b[0] for b in got]), np.concatenate([b[1] for b in got]), list(it.filenames),
                  dict(it.class_indices))
        self.put("table", {"csv": csv, "directory": name, "flow": o}, wanted, 0)


def close(got, wanted, tolerance, jumps=False):
    got, wanted = np.asarray(got, "float64"), np.asarray(wanted, "float64")
    if got.shape != wanted.shape:
        return f"shape {got.shape}, wanted {wanted.shape}"
    d = np.abs(got - wanted)
    if d.size and d.max() > tolerance:
        # With fill_mode "constant" a coordinate within rounding of the border may fall either way: a pixel or two.
        if jumps and (d > tolerance).any(axis=-1).sum() <= 2:
            return None
        return f"differs by {d.max():g} in {(d > tolerance).mean():.1%}, allowed {tolerance:g}"
    return None


def compare(maker, i):
    kind, case, wanted, tolerance = maker.wanted[i]
    out = lambda part: np.load(maker.path(f"{i}_out_{part}.npy"))
    if kind in ("standardize", "transform", "resize"):
        return close(out("x"), wanted, tolerance, kind == "transform" and case["options"].get("fill_mode") == "constant")
    trouble = close(out("x"), wanted[0], tolerance) or close(out("y"), wanted[1], 0)
    if trouble:
        return trouble
    with open(maker.path(f"{i}_out.json")) as f:
        facts = json.load(f)
    if kind == "flow":
        return None if facts["len"] == wanted[2] else f"{facts['len']} batches, wanted {wanted[2]}"
    if [os.path.normpath(n) for n in facts["files"]] != [os.path.normpath(n) for n in wanted[2]]:
        return f"files {facts['files']}, wanted {wanted[2]}"
    return None if facts["classes"] == wanted[3] else f"classes {facts['classes']}, wanted {wanted[3]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--luma", default="build/luma")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--cases", type=int, default=300)
    args = parser.parse_args()
    print(f"parity: seed {args.seed}, {args.cases} cases, Keras {__import__('keras').__version__}")
    centred()
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(args.seed, folder)
        kinds = [maker.standardize, maker.transform, maker.transform, maker.brightness, maker.flow,
                 maker.directory, maker.table]
        if int(PIL.__version__.split(".")[0]) < 13:
            kinds += [maker.resize, maker.resize]
        else:
            print(f"parity: Pillow {PIL.__version__} resizes in another order of passes; resizing is left out")
        with open(os.devnull, "w") as quiet:
            stdout, sys.stdout = sys.stdout, quiet
            while len(maker.cases) < args.cases:
                maker.rng.choice(kinds)()
            sys.stdout = stdout
        with open(maker.path("cases.lua"), "w") as f:
            f.write("return {\n" + ",\n".join(lua(c) for c in maker.cases) + "\n}\n")
        ran = subprocess.run([args.luma, "run", "tests/parity/parity.lua", f"folder={folder}"],
                             stderr=subprocess.PIPE, text=True)
        if ran.returncode:
            sys.exit(f"parity: luma ended with {ran.returncode}:\n{ran.stderr}")
        failed = 0
        for i, (kind, case, _, _) in enumerate(maker.wanted):
            trouble = compare(maker, i)
            if trouble:
                failed += 1
                print(f"FAILED {i} {kind}: {trouble}\n    {case}")
    print(f"{len(maker.cases) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
