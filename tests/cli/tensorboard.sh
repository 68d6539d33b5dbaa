#!/bin/sh
# TensorBoard reads the event files of luma.tensorboard: every figure of every epoch. Needs python3 with the
# package tensorboard, in a virtual environment under build/ or on the system (PYTHON names another); skipped
# elsewhere.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
find_python 'tensorboard.backend.event_processing.event_accumulator'
cd "$work" || exit 1

cat >fit.lua <<'E'
local nn = luma.nn
local train, test = luma.dataset.digits{ train = 120, test = 20 }
local g = luma.generator{ luma.rescale(1/255) }
local model = luma.model{ input = { 28, 28, 1 }, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
local history = model:fit{ g:flow(train), epochs = 4, validate = g:flow(test), progress = false,
    callbacks = { luma.tensorboard("logs/a"), luma.schedule.step{ every = 2, factor = 0.5 } } }
history:save("history.csv")
E
check "luma writes event files" "$LUMA" run fit.lua
if [ -z "$python" ]; then
    skip "tensorboard: python3 with tensorboard is not installed"
    done_testing
fi

cat >read.py <<'E'
import csv, struct
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
rows = list(csv.DictReader(open("history.csv")))
assert len(rows) == 4, rows
events = EventAccumulator("logs/a")
events.Reload()
tags = {"loss/train": "loss", "accuracy/train": "accuracy", "loss/validation": "val_loss",
        "accuracy/validation": "val_accuracy", "rate": "rate"}
found = set(events.Tags()["scalars"])
assert set(tags) <= found, found
for tag, column in tags.items():
    scalars = events.Scalars(tag)
    assert [s.step for s in scalars] == [1, 2, 3, 4], (tag, scalars)
    for scalar, row in zip(scalars, rows):
        wanted = struct.unpack("f", struct.pack("f", float(row[column])))[0]
        assert scalar.value == wanted, (tag, scalar, row)
        assert abs(scalar.wall_time - events.FirstEventTimestamp()) < 600
E
check "TensorBoard reads every figure of every epoch" "$python" read.py

cat >damage.py <<'E'
import glob
path, = glob.glob("logs/a/events*")
data = bytearray(open(path, "rb").read())
data[-3] ^= 1
open(path, "wb").write(data)
E
check "a file with one bit turned" "$python" damage.py
check "is noticed, so the checksums were looked at" sh -c "! $python read.py"
done_testing
