# sutler: an add-on marketplace in a cgi-bin
#
#	make		build
#	make run	everything for a first look, on 127.0.0.1 (PORT, DATA)
#	make check	the fast tests; make test: all of them
#	make bench	measure; make install: DESTDIR, PREFIX, CGIDIR

PREFIX = /usr/local
CGIDIR = $(PREFIX)/lib/cgi-bin/sutler
LIBEXECDIR = $(PREFIX)/libexec/sutler
SYSCONFDIR = /etc
HTDOCSDIR = $(PREFIX)/share/sutler/htdocs
PORT = 8080
DATA = data/demo
BUILD = .build

# Every Debian package that anything here needs, once.
PACKAGES_BUILD = gcc libc6-dev libcjson-dev libgit2-dev libhttp-parser-dev \
	libpcre2-dev libmbedtls-dev zlib1g-dev libcurl4-openssl-dev
PACKAGES_RUN = $(PACKAGES_BUILD) lighttpd curl git
PACKAGES_TEST = $(PACKAGES_RUN) python3
PACKAGES_CI = $(PACKAGES_TEST) clang clang-format
PACKAGES_BENCH = $(PACKAGES_TEST) wrk jq

CC = cc
CFLAGS = -O2 -g
WERROR =
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wpointer-arith \
	-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla \
	-Wformat=2 -Wundef $(WERROR)
HARDENING = -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
SANITIZE =
CPPFLAGS = -D_GNU_SOURCE -Ilib \
	-DSUTLER_CONF_PATH='"$(SYSCONFDIR)/sutler.conf"' \
	-DSUTLER_LIBEXEC='"$(LIBEXECDIR)"'
ALL_CFLAGS = -std=c11 $(CPPFLAGS) $(CFLAGS) $(HARDENING) $(WARNINGS) $(SANITIZE)
LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed
# libgit2 without its network: linked statically, the entry points to ssh and
# TLS stubbed by lib/git-offline.c.  `make GIT2=dynamic` where no archive is.
GIT2 = static
LIBS_static = $(BUILD)/lib/git-offline.o -Wl,-Bstatic -lgit2 -lhttp_parser -lpcre2-8 -lmbedcrypto -lz \
	-Wl,-Bdynamic -lcjson
LIBS_dynamic = -lgit2 -lcjson -lmbedcrypto -lz
LIBS = $(LIBS_$(GIT2))
OFFLINE_static = $(BUILD)/lib/git-offline.o

# The library, lowest layer first; a file includes headers of its own layer
# or of lower ones (tests/layers checks it).
BASE = mem fail secret json json-record hash html clock file conf
STORE = store store-apply store-walk store-log journal store-git index index-write
SPEECH = plan manifest dialect dialect-hear dialect-scalingo dialect-heroku \
	dialect-appfog provider provider-manifest client
RECORDS = account app variable addon addon-buy addon-remove addon-config \
	event token open record
DOOR = auth cgi cgi-answer cgi-body cgi-path sandbox sandbox-desk sandbox-sso
LAYERS = $(BASE) $(STORE) $(SPEECH) $(RECORDS) $(DOOR)
OBJECTS = $(LAYERS:%=$(BUILD)/lib/%.o)

CGI = apps addons token sso catalog account sandbox
PROGRAMS = $(CGI:%=$(BUILD)/cgi-bin/%) $(BUILD)/sutler $(BUILD)/send

all: $(PROGRAMS)

$(BUILD)/libsutler.a: $(OBJECTS) $(OFFLINE_$(GIT2))
	rm -f $@
	$(AR) -rcs $@ $(OBJECTS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(ALL_CFLAGS) -MMD -c -o $@ $<

LINK = @echo ld $@; $(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	$(BUILD)/libsutler.a $(LIBS)

# A program of several files names the others here.
$(BUILD)/cgi-bin/apps: $(BUILD)/cgi-bin/apps-provider.o
$(CGI:%=$(BUILD)/cgi-bin/%): $(BUILD)/cgi-bin/%: $(BUILD)/cgi-bin/%.o \
    $(BUILD)/libsutler.a
	$(LINK)

SUTLER = sutler sutler-account sutler-app sutler-provider sutler-work
$(BUILD)/sutler: $(SUTLER:%=$(BUILD)/lib/%.o) $(BUILD)/libsutler.a
	$(LINK)

# The one program that has libcurl, and no record.
$(BUILD)/send: $(BUILD)/lib/send.o
	$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(BUILD)/lib/send.o -lcjson -lcurl

# One plain program per module, TAP on stdout.
TESTS = $(patsubst tests/%.c,%,$(wildcard tests/test-*.c))
$(BUILD)/tests/test-%: $(BUILD)/tests/test-%.o $(BUILD)/tests/tap.o \
    $(BUILD)/libsutler.a
	$(LINK)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all clean
.SECONDARY:
