-- Runs at the end of luaopen_luma, before any script: loads what adds to `luma`.
-- Everything else (luma.test, ...) is loaded by those who require it.
require "luma.args"
require "luma.callbacks"
require "luma.expect"
require "luma.fit"
require "luma.help"
require "luma.keras"
require "luma.keras_utils"
require "luma.open"
require "luma.schedules"
require "luma.tensorboard"
