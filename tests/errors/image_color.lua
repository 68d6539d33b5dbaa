-- exit: 1
-- says: image_color.lua:3: luma.image.load: option 'color' wants "file", "gray", "rgb" or "rgba", got "grey"; did you mean "gray"?
local t = luma.image.load("x.png", { color = "grey" })
