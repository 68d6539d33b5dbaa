-- exit: 1
-- says: expect_format.lua:3: luma.expect: the text does not fit its values: number has no integer representation
luma.expect(true, "%d images", 2.5)
