"""Measures luma beside its peers, in turns, and prints one table: peers.py [--build DIR] [--rounds N]
[--only TEXT] [--json FILE].

A round runs luma, then each peer, in a process of its own on the same number of threads; a disturbance
meets all of them, and the best of the rounds counts. Rows are matched by luma's names. A ratio above 1
means that luma is that much faster. Only Python's own library is needed; peers that are not there are
named and left out.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

SMALL_IS_BETTER = ("s", "ms", "x", "MB")
FIRST_BATCH = "start to the first batch of MNIST"
MEMORY = "peak memory, an epoch of MNIST"
FIRST_SCRIPT = """local train = luma.dataset.open('mnist')
luma.generator{ luma.rescale(1/255) }:flow(train, { batch = 64 }):next()
"""


class Peer:
    """A program that prints JSON lines: its name, and the words of its command."""

    def __init__(self, name, command, env=None):
        self.name, self.command, self.env = name, command, env or {}

    def with_words(self, *words):
        return Peer(self.name, self.command + list(words), self.env)


def run(command, env, text=""):
    """Output, wall seconds and peak memory in MB of a program; None where it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as script:
        script.write(text.encode())
        script.seek(0)
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=script, stdout=out, env={**os.environ, **env})
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if child.returncode != 0:
            print(f"bench-peers: {' '.join(command)} failed", file=sys.stderr)
            return None
        return out.read().decode(), seconds, usage.ru_maxrss * 1024 / 1e6


class Table:
    """Figures by row and program."""

    def __init__(self):
        self.rows = {}

    def add(self, row, unit, program, figure):
        figures = self.rows.setdefault(row, {"unit": unit, "programs": {}})["programs"]
        figures.setdefault(program, []).append(figure)

    def add_lines(self, program, text):
        for line in text.splitlines():
            row = json.loads(line)
            self.add(row["name"], row["unit"], program, row["best"])

    def summary(self):
        """Rows that luma has, as they go into the file."""
        out = []
        for name, row in self.rows.items():
            is_small = row["unit"] in SMALL_IS_BETTER
            programs = {}
            for program, figures in row["programs"].items():
                best = min(figures) if is_small else max(figures)
                median = statistics.median(figures)
                programs[program] = {"best": best, "median": median, "figures": figures,
                                     "spread": (max(figures) - min(figures)) / median}
            if "luma" not in programs:
                continue
            luma = programs.pop("luma")
            for peer in programs.values():
                quotient = peer["best"] / luma["best"]
                peer["ratio"] = quotient if is_small else 1 / quotient
            out.append({"name": name, "unit": row["unit"], "luma": luma, "peers": programs})
        return out


def print_table(rows, peers):
    names = [p for p in peers if any(p in r["peers"] for r in rows)]
    print(f"{'best figures; ratio above 1: luma is faster':52}{'luma':>10} {'':10}" +
          "".join(f"{n:>13} {'ratio':>7}" for n in names) + "  spread")
    for row in rows:
        line = f"{row['name']:52}{row['luma']['best']:10.3f} {row['unit']:10}"
        for name in names:
            peer = row["peers"].get(name)
            line += f"{peer['best']:13.3f} {peer['ratio']:7.2f}" if peer else f"{'':21}"
        spreads = [row["luma"]["spread"]] + [p["spread"] for p in row["peers"].values()]
        print(line + "  " + " ".join(f"{s * 100:.0f}%" for s in spreads))


class Comparison:
    def __init__(self, options):
        self.build, self.rounds, self.only = options.build, options.rounds, options.only
        self.luma = os.path.join(self.build, "luma")
        self.table = Table()
        self.n = len(os.sched_getaffinity(0))
        self.folder = "datasets/mnist"
        self.has_mnist = os.path.exists(os.path.join(self.folder, "train-images-idx3-ubyte"))
        python = os.path.join(self.build, "venv/bin/python")
        here = os.path.dirname(__file__)
        self.onednn = self.find("oneDNN", [os.path.join(self.build, "bench/onednn")])
        self.direct = self.onednn and Peer("oneDNN direct", self.onednn.command, {"ONEDNN_DIRECT": "1"})
        self.torch = self.find("PyTorch", [python, os.path.join(here, "torch_peer.py")], "torch")
        self.numpy = self.find("numpy", [python, os.path.join(here, "numpy_peer.py")], "numpy")
        self.tensorflow = self.find("TensorFlow", [python, os.path.join(here, "tf_peer.py")],
                                    "tensorflow")
        augment = os.path.join(here, "opencv_peer.py")
        self.opencv = self.find("OpenCV", [self.opencv_python(python), augment, "opencv"], "cv2")
        self.keras = self.find("Keras", [python, augment, "keras"], "keras_preprocessing, scipy")
        version = subprocess.run([self.luma, "--version"], capture_output=True, text=True).stdout
        self.version = version.strip()
        self.avx2 = Peer("luma avx2", [self.luma, "bench"], {"LUMA_ISA": "avx2"})
        if "avx512" not in version:
            self.avx2 = None

    @staticmethod
    def opencv_python(other):
        """The interpreter Debian's python3-opencv belongs to, or another that has its module."""
        for path in ("/usr/bin/python3", other, sys.executable):
            if os.access(path, os.X_OK) and not subprocess.run(
                    [path, "-c", "import cv2"], capture_output=True).returncode:
                return path
        return other

    @staticmethod
    def find(name, command, module=None):
        is_there = os.access(command[0], os.X_OK)
        if is_there and module:
            code = subprocess.run([command[0], "-c", "import " + module], capture_output=True)
            is_there = code.returncode == 0
        if is_there:
            return Peer(name, command)
        print(f"bench-peers: {name} is not there, left out")
        return None

    def run_luma(self, program, only, env):
        path = os.path.join(self.build, "bench", "luma.json")
        command = [self.luma, "bench", "--repeat", "1", "--only", only, "--json", path]
        if run(command, env) is None:
            return
        with open(path, encoding="utf-8") as file:
            for row in json.load(file)["rows"]:
                if only in row["name"]:
                    self.table.add(row["name"], row["unit"], program, row["best"])

    def turn(self, luma_rows, peers, threads):
        """One round of one suite."""
        for only in luma_rows:
            self.run_luma("luma", only, {})
        for peer in peers:
            if peer is None:
                continue
            if peer is self.avx2:
                for only in luma_rows:
                    self.run_luma(peer.name, only, peer.env)
                continue
            done = run(peer.command, {**peer.env, "OMP_NUM_THREADS": str(threads)})
            if done is not None:
                self.table.add_lines(peer.name, done[0])

    def peer(self, which, group, threads):
        """The peer set to work on a group; oneDNN needs no pixels."""
        folder = [self.folder] if self.has_mnist and which not in (self.onednn, self.direct) else []
        return which and which.with_words(group, str(threads), *folder)

    def suites(self):
        """Titles, luma's rows, peers and threads."""
        for t in sorted({1, self.n}):
            text = f", {t} thread"
            yield ("training", ["training, 60,000 images" + text],
                   [self.peer(self.onednn, "training", t), self.peer(self.direct, "training", t),
                    self.peer(self.torch, "training", t),
                    self.peer(self.tensorflow, "training", t), self.avx2], t)
            yield ("evaluation", ["evaluation, 10,000 images" + text],
                   [self.peer(self.onednn, "evaluation", t), self.peer(self.direct, "evaluation", t),
                    self.peer(self.torch, "evaluation", t),
                    self.peer(self.tensorflow, "evaluation", t), self.avx2], t)
            yield ("colour", ["training in colour, 2,000 images" + text],
                   [self.peer(self.onednn, "colour", t), self.peer(self.direct, "colour", t),
                    self.peer(self.torch, "colour", t)], t)
        yield ("layers", ["conv "], [self.peer(self.onednn, "layers", self.n),
                                     self.peer(self.torch, "layers", self.n)], self.n)
        yield ("data", ["batches", "statistics"],
               [self.peer(self.numpy, "data", 1), self.peer(self.torch, "batches", 1),
                self.peer(self.tensorflow, "batches", 1)], 1)

        yield ("augment", ["augment"], [self.opencv, self.keras], 1)

    def starts(self):
        """Wall time of whole processes that make one batch and end."""
        programs = [Peer("luma", [self.luma, "run", "-"])]
        programs += [self.peer(p, "first", self.n) for p in (self.numpy, self.torch, self.tensorflow) if p]
        for _ in range(self.rounds):
            for p in programs:
                done = run(p.command, p.env, FIRST_SCRIPT if p.name == "luma" else "")
                if done is not None:
                    self.table.add(FIRST_BATCH, "ms", p.name, done[1] * 1e3)

    def memory(self):
        luma = [self.luma, "run", "pipelines/01_normalize.lua", "epochs=1"]
        programs = [Peer("luma", luma), self.peer(self.torch, "training", self.n),
                    self.peer(self.tensorflow, "training", self.n)]
        for p in programs:
            done = p and run(p.command, p.env)
            if done:
                self.table.add(MEMORY, "MB", p.name, done[2])

    def measure(self):
        for title, luma_rows, peers, threads in self.suites():
            if self.only not in title:
                continue
            for k in range(self.rounds):
                print(f"bench-peers: {title}, {threads} threads: round {k + 1} of {self.rounds}",
                      file=sys.stderr)
                self.turn(luma_rows, peers, threads)
        if self.has_mnist and self.only in "starts":
            self.starts()
            self.memory()


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="",
                        help="training, evaluation, colour, layers, data, augment or starts")
    parser.add_argument("--json")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"bench-peers: the load of this machine is {load:.1f} before anything is measured; peers "
              "whose threads spin suffer most from that")
    comparison = Comparison(options)
    comparison.measure()
    rows = comparison.table.summary()
    print(f"{processor()}, {comparison.n} processors; {comparison.version}; "
          f"best of {options.rounds} rounds, in turns")
    print_table(rows, ["oneDNN", "oneDNN direct", "PyTorch", "TensorFlow", "numpy", "OpenCV", "Keras", "luma avx2"])
    path = options.json or os.path.join(options.build, "bench-peers.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"processor": processor(), "luma": comparison.version, "processors": comparison.n,
                   "rounds": options.rounds, "load_before": load, "rows": rows}, file, indent=1)
        file.write("\n")


main()
