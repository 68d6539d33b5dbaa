-- exit: 1
-- says: setting_typo.lua:3: luma.sed cannot be set; luma.threads and luma.seed can
luma.sed = 7
