-- exit: 1
-- says: module_member.lua:3: luma.dataset has no 'minst'; did you mean 'mnist'?
print(luma.dataset.minst)
