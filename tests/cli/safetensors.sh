#!/bin/sh
# Model files are safetensors files like any other: Python's package reads what luma wrote, tensor by tensor,
# and luma refuses, with the reason, what Python wrote. Needs python3 with safetensors and numpy, in a
# virtual environment under build/ or on the system (PYTHON names another); skipped elsewhere.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
find_python 'numpy, safetensors.numpy'
cd "$work" || exit 1

cat >save.lua <<'E2'
local nn = luma.nn
local train = luma.dataset.digits{ train = 100, test = 10 }
local scale = luma.generator{ luma.standardize "feature" }:fit(train)
local model = luma.model{ input = { 28, 28, 1 }, seed = 3,
    nn.conv{ 5, kernel = 3 }, nn.maxpool{ 2 }, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
model:save("model.safetensors", { generator = scale })
local weights = model:weights()
for _, name in ipairs(weights) do
    weights[name]:save((name:gsub("/", "_")) .. ".npy")
end
E2
check "luma writes the file" "$LUMA" run save.lua
if [ -z "$python" ]; then
    skip "safetensors: python3 with numpy and safetensors is not installed"
    done_testing
fi

cat >read.py <<'E2'
import json, numpy, safetensors, safetensors.numpy
tensors = safetensors.numpy.load_file("model.safetensors")
assert sorted(tensors) == ["conv1/bias", "conv1/kernel", "dense1/bias", "dense1/kernel"], sorted(tensors)
for name, tensor in tensors.items():
    saved = numpy.load(name.replace("/", "_") + ".npy")
    assert tensor.dtype == saved.dtype == numpy.float32 and tensor.shape == saved.shape, name
    assert tensor.tobytes() == saved.tobytes(), name
with safetensors.safe_open("model.safetensors", "np") as f:
    meta = f.metadata()
assert meta["format"] == "luma"
assert len(json.loads(meta["model"])["layers"]) == 4
assert json.loads(meta["generator"])["stages"][0]["kind"] == "standardize"
E2
check "Python's safetensors reads the same tensors and metadata" "$python" read.py

cat >write.py <<'E2'
import numpy, safetensors.numpy
safetensors.numpy.save_file({"w": numpy.ones((2, 3), "float32")}, "foreign.safetensors")
safetensors.numpy.save_file({"w": numpy.ones(2, "float16")}, "half.safetensors")
E2
check "Python writes others" "$python" write.py
echo 'luma.load(luma.args.file)' >load.lua
refused() { "$LUMA" run load.lua file="$1" 2>&1; [ $? -eq 4 ]; }
check "a foreign one is refused" refused foreign.safetensors
check "with the reason" prints 'no format "luma"' refused foreign.safetensors
check "a dtype luma does not have is refused" refused half.safetensors
check "by name" prints F16 refused half.safetensors
done_testing
