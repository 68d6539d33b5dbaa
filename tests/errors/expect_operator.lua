-- exit: 1
-- says: expect_operator.lua:3: luma.expect: wants "<", "<=", ">", ">=", "==" or "~=" between value and bound, got "=>"
luma.expect("accuracy", 0.97, "=>", 0.98)
