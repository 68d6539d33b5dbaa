-- exit: 3
-- says: 1 of 2 expectations failed
luma.expect("accuracy", 0.97, ">=", 0.98)
luma.expect(true, "fine")
