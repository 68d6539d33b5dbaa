-- exit: 1
-- says: expect_nil_figure.lua:4: luma.expect: the value of "accuracy" wants a number, got nil
local result = {}
luma.expect("accuracy", result.acuracy, ">=", 0.98)
