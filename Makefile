# luma: make (build/luma), make test, make demo. `make help` lists all targets.

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
WERROR ?=
SANITIZE ?=
OPT ?= -O3 -g

# V=1 shows the commands.
Q = $(if $(V),,@echo '  $@';)
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(JOBS)
endif

PKG_CONFIG ?= pkg-config
LIBS_ENGINE := zlib minizip jansson lapacke
# stb_image is compiled into io/ with its own limits: headers alone.
LIBS_HEADERS := stb
LIBS_LUA := lua5.4
# The prompt alone edits lines.
LIBS_CLI := libedit
LIBS_TEST := cmocka
pkg_cflags = $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null)
pkg_libs = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)
# Another Lua 5.4 than pkg-config's: LUA_CFLAGS=-I... LUA_LIBS=...
LUA_CFLAGS ?= $(call pkg_cflags,$(LIBS_LUA))
LUA_LIBS ?= $(call pkg_libs,$(LIBS_LUA))

WARN := -Wall -Wextra -Wshadow -Wundef -Wwrite-strings -Wdouble-promotion -Wstrict-prototypes \
        -Wmissing-prototypes -Wvla $(WERROR)
# -ffp-contract=off: a multiply and an add are fused only where the source says fma, so every ISA
# and compiler gives the same bits. -fno-math-errno lets sqrt be one instruction.
CFLAGS_ALL = -std=c11 $(OPT) $(WARN) -ffp-contract=off -fno-math-errno -fPIC -pthread -Isrc \
             $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
             $(FILE_FLAGS) $(CFLAGS)
LDFLAGS_ALL = -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)

ENGINE_ROOMS := base kernel tensor stats io data stage augment flow nn
ENGINE_SRC := $(filter-out src/kernel/fast_%.c,$(sort $(wildcard $(ENGINE_ROOMS:%=src/%/*.c))))
FAST_SRC := $(sort $(wildcard src/kernel/fast_*.c))
BIND_SRC := $(sort $(wildcard src/bind/*.c))
CLI_SRC := $(sort $(wildcard src/cli/*.c))
LUA_SRC := $(sort $(wildcard lua/luma/*.lua))

# The fast kernels are compiled once an instruction set. Other machines use the vector type of their
# compiler's default target, or the naive kernels alone.
ARCH := $(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)
ifeq ($(ARCH),x86_64)
ISAS := avx2 avx512
endif
FLAGS_avx2 := -mavx2 -mfma -mbmi -mtune=haswell
FLAGS_avx512 := -mavx2 -mfma -mbmi -mavx512f -mavx512bw -mavx512dq -mavx512vl \
                -mprefer-vector-width=512 -mtune=skylake-avx512

ENGINE_OBJ := $(ENGINE_SRC:src/%.c=$(BUILD)/obj/%.o) \
              $(foreach isa,$(ISAS),$(FAST_SRC:src/%.c=$(BUILD)/obj/%.$(isa).o))
BIND_OBJ := $(BIND_SRC:src/%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/embedded.o
CLI_OBJ := $(CLI_SRC:src/%.c=$(BUILD)/obj/%.o)

UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c tests/kernel/test_*.c))
UNIT_BIN := $(UNIT_SRC:tests/%.c=$(BUILD)/tests/%)
UNIT_HELP := $(patsubst tests/%.c,$(BUILD)/obj/tests/%.o,$(sort $(wildcard tests/unit/help_*.c)))

.PHONY: all clean
all: check-deps $(BUILD)/luma ## build/luma, the program (what `make` alone does)

$(BUILD)/libluma.a: $(ENGINE_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/luma: $(CLI_OBJ) $(BIND_OBJ) $(BUILD)/libluma.a
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LUA_LIBS) $(call pkg_libs,$(LIBS_CLI) $(LIBS_ENGINE)) -lm -ldl

# Lua itself comes from the program that loads the module; nothing but luaopen_luma is seen of it. It
# stays loaded (nodelete) when a state that a finalizer used after luma's own ends.
.PHONY: module
module: check-module $(BUILD)/luma.so ## build/luma.so, for require "luma" in other programs with Lua 5.4
$(BUILD)/luma.so: $(BIND_OBJ) $(BUILD)/libluma.a src/bind/module.map
	$(Q)$(CC) -shared $(LDFLAGS_ALL) -Wl,--version-script=src/bind/module.map -Wl,-z,nodelete -o $@ \
	    $(BIND_OBJ) $(BUILD)/libluma.a $(call pkg_libs,$(LIBS_ENGINE)) -lm -ldl

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(call pkg_cflags,$(LIBS_ENGINE) $(LIBS_HEADERS)) $(DEFS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/bind/%.o $(BUILD)/obj/cli/%.o: FILE_FLAGS = $(LUA_CFLAGS)
$(BUILD)/obj/cli/edit%.o: FILE_FLAGS = $(LUA_CFLAGS) $(call pkg_cflags,$(LIBS_CLI))
# Sums of a damaged JPEG's coefficients may overflow inside stb_image: let them wrap.
$(BUILD)/obj/io/stb.o: FILE_FLAGS = -fwrapv
$(BUILD)/obj/kernel/select.o: DEFS += $(ISAS:%=-DLM_HAVE_%)

define ISA_RULE
$$(BUILD)/obj/%.$(1).o: src/%.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(FLAGS_$(1)) -DLM_ISA=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(ISAS),$(eval $(call ISA_RULE,$(isa))))

# The Lua side is part of the program: one assembler directive a file, one table of names.
$(BUILD)/gen/embedded.c: $(LUA_SRC) src/bind/embed.sh
	@mkdir -p $(@D)
	$(Q)sh src/bind/embed.sh $(LUA_SRC) > $@.tmp && mv $@.tmp $@

$(BUILD)/obj/embedded.o: $(BUILD)/gen/embedded.c $(LUA_SRC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

CFLAGS_TEST = $(CFLAGS_ALL) -Itests/unit $(call pkg_cflags,$(LIBS_TEST) $(LIBS_ENGINE)) -MMD -MP

$(UNIT_HELP): $(BUILD)/obj/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_TEST) -c -o $@ $<

$(BUILD)/tests/%: tests/%.c $(UNIT_HELP) $(BUILD)/libluma.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_TEST) $(LDFLAGS_ALL) -o $@ $< $(UNIT_HELP) $(BUILD)/libluma.a \
	    $(call pkg_libs,$(LIBS_TEST) $(LIBS_ENGINE)) -lm

# What the program says about itself, for man, shells and editors.
SHARE := $(BUILD)/share/luma.1 $(BUILD)/share/luma.bash $(BUILD)/share/_luma $(BUILD)/share/luma.fish \
         $(BUILD)/share/luma.lua
$(BUILD)/share/luma.1: HELP := --man
$(BUILD)/share/luma.bash: HELP := --completion=bash
$(BUILD)/share/_luma: HELP := --completion=zsh
$(BUILD)/share/luma.fish: HELP := --completion=fish
$(BUILD)/share/luma.lua: HELP := --meta
$(SHARE): $(BUILD)/luma
	@mkdir -p $(@D)
	$(Q)$(BUILD)/luma help $(HELP) > $@.tmp && mv $@.tmp $@

PREFIX ?= /usr/local
LUA_LIBDIR ?= $(PREFIX)/lib/lua/5.4
BASH_DIR := $(PREFIX)/share/bash-completion/completions
ZSH_DIR := $(PREFIX)/share/zsh/site-functions
FISH_DIR := $(PREFIX)/share/fish/vendor_completions.d
DOC_DIR := $(PREFIX)/share/doc/luma
META_DIR := $(PREFIX)/share/luma
INSTALL = install -m 644

.PHONY: install install-module uninstall
install: all module install-module $(SHARE) ## program, module, man page, completions to PREFIX=/usr/local (DESTDIR=)
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1" "$(DESTDIR)$(BASH_DIR)" \
	    "$(DESTDIR)$(ZSH_DIR)" "$(DESTDIR)$(FISH_DIR)" "$(DESTDIR)$(DOC_DIR)/examples" "$(DESTDIR)$(META_DIR)"
	install -m 755 $(BUILD)/luma "$(DESTDIR)$(PREFIX)/bin/luma"
	$(INSTALL) $(BUILD)/share/luma.1 "$(DESTDIR)$(PREFIX)/share/man/man1/luma.1"
	$(INSTALL) $(BUILD)/share/luma.bash "$(DESTDIR)$(BASH_DIR)/luma"
	$(INSTALL) $(BUILD)/share/_luma "$(DESTDIR)$(ZSH_DIR)/_luma"
	$(INSTALL) $(BUILD)/share/luma.fish "$(DESTDIR)$(FISH_DIR)/luma.fish"
	$(INSTALL) $(BUILD)/share/luma.lua "$(DESTDIR)$(META_DIR)/luma.lua"
	$(INSTALL) README.md "$(DESTDIR)$(DOC_DIR)/README.md"
	$(INSTALL) $(wildcard pipelines/*.lua) pipelines/TUTORIAL.md "$(DESTDIR)$(DOC_DIR)/examples"

install-module: module ## - the module alone: what LuaRocks asks for
	install -d "$(DESTDIR)$(LUA_LIBDIR)"
	install -m 755 $(BUILD)/luma.so "$(DESTDIR)$(LUA_LIBDIR)/luma.so"

uninstall: ## remove what install put there (the same PREFIX and DESTDIR)
	rm -f "$(DESTDIR)$(PREFIX)/bin/luma" "$(DESTDIR)$(LUA_LIBDIR)/luma.so" \
	    "$(DESTDIR)$(PREFIX)/share/man/man1/luma.1" "$(DESTDIR)$(BASH_DIR)/luma" "$(DESTDIR)$(ZSH_DIR)/_luma" \
	    "$(DESTDIR)$(FISH_DIR)/luma.fish" "$(DESTDIR)$(META_DIR)/luma.lua"
	rm -rf "$(DESTDIR)$(DOC_DIR)"
	rmdir "$(DESTDIR)$(META_DIR)" 2>/dev/null || :

include tests/setup.mk

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(ENGINE_OBJ:.o=.d) $(BIND_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNIT_HELP:.o=.d) $(UNIT_BIN:=.d)
