# Packages, data, tests and checks; included by the top Makefile.

DEPS := build-essential pkg-config liblua5.4-dev zlib1g-dev libjansson-dev libstb-dev libcmocka-dev

.PHONY: check-deps deps
check-deps:
	@$(PKG_CONFIG) --exists $(LIBS_ENGINE) $(LIBS_LUA) 2>/dev/null || \
	  { echo "luma: packages are missing; 'make deps' installs them" >&2; exit 1; }

deps:
	apt-get install -y $(DEPS)
