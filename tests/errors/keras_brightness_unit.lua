-- exit: 1
-- says: keras_brightness_unit.lua:5: luma.keras.ImageDataGenerator:flow: brightness_range goes through 8 bits, as in Keras, and these images end at 0.75: all would turn black; give pixels of 0..255 and rescale=1/255, or use luma.brightness
local x = luma.zeros({ 4, 3, 3, 1 }, "f32") + 0.75
local g = luma.keras.ImageDataGenerator { brightness_range = { 0.5, 1.5 } }
local flow = g:flow(x)
