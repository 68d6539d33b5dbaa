-- exit: 1
-- says: expect_number.lua:3: luma.expect: argument 1 wants a condition (true or false) or a name, got 0.97
luma.expect(0.97, 0.98)
