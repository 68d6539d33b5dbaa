-- `luma help` without a name: where to begin, on one screen of 24 lines of 80 columns. The names in it
-- are names of help, which a test looks up one by one.

return [[
luma runs pipeline files: which images to load, how to scale and augment their
pixels, which small network to train on them.

Begin with
  luma new first              a commented pipeline file, first.lua
  luma run first.lua          runs it; it draws its own digits, nothing to fetch
  luma info digits            what a data set, picture, model or run holds
  luma                        a prompt: Tab completes, ?name explains
  luma batch f.lua seed=1..5  many runs, reports for people and for CI

In a pipeline file
  data       luma.dataset.open  luma.dataset.folder  luma.dataset.csv
  scaling    luma.generator  luma.rescale  luma.center  luma.standardize
  changes    generator:augment  luma.rotate  luma.shift  luma.zoom  luma.flip
  network    luma.model  luma.nn.conv  luma.nn.maxpool  luma.nn.dense
  training   model:fit  model:evaluate  model:predict  luma.adam  luma.schedule
  checks     luma.expect  luma.log  luma.args        from Keras  luma.keras

luma help NAME says more about a name, a kind of object (model), a group (nn);
luma help --all lists every name; luma --help has the commands and exit codes.
pipelines/TUTORIAL.md teaches all this in ten minutes.]]
