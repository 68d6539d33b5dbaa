-- Runs at the end of luaopen_luma, before any script: which file defines which members of `luma`.
--
-- A file runs when one of its members is first used (src/bind/lazy.h), so that starting does not pay
-- for what a script leaves alone. Everything else (luma.test, ...) is loaded by those who require it.

local lazy = require("luma.internal").lazy

lazy("luma.args", { "luma.args" })
lazy("luma.callbacks", { "luma.early_stop", "luma.checkpoint" })
lazy("luma.expect", { "luma.expect", "luma.expectations", "luma.log" })
lazy("luma.help", { "luma.help" })
lazy("luma.history", {})
lazy("luma.keras", { "luma.keras.ImageDataGenerator" })
lazy("luma.keras_utils", {
    "luma.keras.apply_affine_transform", "luma.keras.apply_brightness_shift", "luma.keras.apply_channel_shift",
    "luma.keras.array_to_img", "luma.keras.flip_axis", "luma.keras.img_to_array", "luma.keras.load_img",
})
lazy("luma.open", { "luma.dataset.open" })
lazy("luma.schedules", {
    "luma.schedule.cosine", "luma.schedule.plateau", "luma.schedule.step", "luma.schedule.warmup",
})
lazy("luma.show", { "luma.show" })
lazy("luma.tensorboard", { "luma.tensorboard" })
