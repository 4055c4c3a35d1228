# sutler: an add-on marketplace in a cgi-bin
#
#	make		build
#	make run	everything for a first look, on 127.0.0.1 (PORT, DATA)
#	make check	the fast tests; make test: all of them; make fuzz: an hour
#			and more of hostile input
#	make bench	measure
#	make install	or uninstall: DESTDIR, PREFIX, CGIDIR, DATADIR, SYSCONFDIR;
#			make deb: a Debian package

PREFIX = /usr/local
CGIDIR = $(PREFIX)/lib/cgi-bin/sutler
LIBEXECDIR = $(PREFIX)/libexec/sutler
SYSCONFDIR = /etc
DATADIR = /var/lib/sutler
HTDOCSDIR = $(PREFIX)/share/sutler/htdocs
MANDIR = $(PREFIX)/share/man
PORT ?= 8080
DATA ?= data/demo
BUILD = .build

# Every Debian package that anything here needs, once.
PACKAGES_BUILD = gcc libc6-dev libcjson-dev libgit2-dev libhttp-parser-dev \
	libpcre2-dev libmbedtls-dev zlib1g-dev libcurl4-openssl-dev
PACKAGES_RUN = $(PACKAGES_BUILD) lighttpd curl git ca-certificates
PACKAGES_DEB = $(PACKAGES_BUILD) dpkg-dev
PACKAGES_DEB_TEST = debootstrap systemd-container lintian git
PACKAGES_BROWSER = chromium chromium-driver
PACKAGES_SERVERS = apache2-bin media-types nginx-light fcgiwrap busybox \
	merecat mini-httpd nghttp2-client openssl
PACKAGES_TEST = $(PACKAGES_RUN) python3 python3-jsonschema mandoc strace \
	xfsprogs btrfs-progs $(PACKAGES_BROWSER) $(PACKAGES_SERVERS) \
	git-filter-repo clang libclang-rt-dev etcd-server etcd-client
PACKAGES_CI = $(PACKAGES_TEST) clang-format
# npm comes with some builds of nodejs, and is a package of its own in Debian's.
PACKAGES_CLIENTS = $(PACKAGES_RUN) python3 nodejs \
	$(if $(shell command -v npm),,npm)
PACKAGES_BENCH = $(filter-out $(PACKAGES_BROWSER), $(PACKAGES_TEST)) wrk jq

CC = cc
CFLAGS = -O2 -g
WERROR =
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wpointer-arith \
	-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla \
	-Wformat=2 -Wundef -Wno-missing-field-initializers $(WERROR)
HARDENING = -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
SANITIZE =
# 64 bits of size and time on 32-bit machines, too
CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Ilib \
	-DSUTLER_CONF_PATH='"$(SYSCONFDIR)/sutler.conf"' \
	-DSUTLER_LIBEXEC='"$(LIBEXECDIR)"'
ALL_CFLAGS = -std=c11 $(CPPFLAGS) $(CFLAGS) $(HARDENING) $(WARNINGS) $(SANITIZE)
# Symbols are bound when they are used: to bind all of them at the start would
# cost every request 0.015 ms.
LDFLAGS = -pie -Wl,-z,relro,-z,lazy -Wl,--gc-sections -Wl,--as-needed
# libgit2 without its network: linked statically, the entry points to ssh and
# TLS stubbed by lib/git-offline.c.  `make GIT2=dynamic` where no archive is.
GIT2 = static
LIBS_static = $(BUILD)/lib/git-offline.o -Wl,-Bstatic -lmbedcrypto -lgit2 \
	-lhttp_parser -lpcre2-8 -lmbedcrypto -lz -Wl,-Bdynamic -lc -lcjson
LIBS_dynamic = -lgit2 -lhttp_parser -lcjson -lmbedcrypto -lz
LIBS = $(LIBS_$(GIT2))
OFFLINE_static = $(BUILD)/lib/git-offline.o

# The library, lowest layer first; a file includes headers of its own layer
# or of lower ones (tests/layers checks it).
BASE = mem fail complain seal secret secret-key secret-row secret-memory \
	json json-scan json-where json-record hash html form clock file \
	finding owner peer conf conf-cluster money space ring table fence
STORE = store store-put store-apply store-bulk store-bulk-settle \
	store-order store-order-commit store-order-take store-walk store-check \
	store-check-index store-check-state store-health store-format \
	store-pack store-log store-past store-branch journal store-git \
	store-git-build store-git-main store-git-setup store-git-walk \
	store-git-pack store-git-merge store-git-copy store-git-find \
	store-git-branch store-git-stream index index-write index-build
SPEECH = plan manifest manifest-heroku dialect dialect-hear \
	dialect-scalingo dialect-heroku dialect-appfog dialect-heroku-v3 \
	dialect-clevercloud dialect-flynn provider provider-manifest \
	provider-past provider-change client etcd etcd-admin etcd-answer \
	etcd-call etcd-watch probe probe-callback \
	probe-config probe-desk probe-judge probe-judge-callback \
	probe-order probe-platform probe-request probe-rules probe-show \
	transcript transcript-mask
RECORDS = account quota app app-change app-record app-view attachment \
	collaborator variable installed addon addon-order addon-provision \
	addon-change addon-remove addon-config addon-action event \
	log-drain feed feed-types restart history history-diff \
	history-forget rollback proposal proposal-review dry-run token \
	oauth usage usage-report usage-bill usage-csv once notify webhook \
	webhook-event webhook-past webhook-send work work-try work-hook \
	cluster cluster-place cluster-turn cluster-member cluster-follow cluster-far \
	record upgrade
DOOR = rate guess origin session auth cgi cgi-answer cgi-body cgi-once \
	cgi-page cgi-log cgi-path cgi-fence cgi-cluster sandbox sandbox-callback \
	sandbox-desk sandbox-fault sandbox-resource sandbox-sso
LAYERS = $(BASE) $(STORE) $(SPEECH) $(RECORDS) $(DOOR)
OBJECTS = $(LAYERS:%=$(BUILD)/lib/%.o)

CGI = apps addons token sso catalog portal account sandbox usage history \
	operator page
PROGRAMS = $(CGI:%=$(BUILD)/cgi-bin/%) $(BUILD)/sutler $(BUILD)/send

all: $(PROGRAMS)

# What knows where the others are is made anew when that changes.
PLACES = $(SYSCONFDIR) $(LIBEXECDIR)
$(BUILD)/places: always
	@mkdir -p $(@D)
	@echo '$(PLACES)' | cmp -s - $@ || echo '$(PLACES)' >$@
$(BUILD)/lib/conf.o $(BUILD)/lib/sutler.o $(BUILD)/lib/sutler-test.o \
    $(BUILD)/tests/test-conf.o: $(BUILD)/places

$(BUILD)/libsutler.a: $(OBJECTS) $(OFFLINE_$(GIT2))
	@rm -f $@
	@$(AR) -rcs $@ $(OBJECTS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

LINK = @echo ld $@; $(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	$(BUILD)/libsutler.a $(LIBS)

# A program of several files names the others here.
$(BUILD)/cgi-bin/apps: $(BUILD)/cgi-bin/apps-events.o \
    $(BUILD)/cgi-bin/apps-people.o $(BUILD)/cgi-bin/apps-provider.o \
    $(BUILD)/cgi-bin/apps-variables.o
$(BUILD)/cgi-bin/addons: $(BUILD)/cgi-bin/addons-partner.o \
    $(BUILD)/cgi-bin/addons-webhook.o $(BUILD)/cgi-bin/addons-app.o \
    $(BUILD)/cgi-bin/addons-drain.o $(BUILD)/cgi-bin/addons-log.o
$(BUILD)/cgi-bin/token: $(BUILD)/cgi-bin/token-session.o
$(BUILD)/cgi-bin/operator: $(BUILD)/cgi-bin/operator-manifest.o \
    $(BUILD)/cgi-bin/operator-store.o $(BUILD)/cgi-bin/operator-proposal.o
$(CGI:%=$(BUILD)/cgi-bin/%): $(BUILD)/cgi-bin/%: $(BUILD)/cgi-bin/%.o \
    $(BUILD)/libsutler.a
	$(LINK)

# The dashboard's files, which this program holds; the pictures are README's.
PAGES = $(notdir $(wildcard htdocs/*.html htdocs/*.css htdocs/*.js \
	htdocs/*.json htdocs/*.svg))
$(BUILD)/cgi-bin/page-files.h: Makefile htdocs
	@mkdir -p $(@D)
	@for p in $(PAGES); do \
	    echo "PAGE($$(echo $$p | tr .- __), \"$$p\")"; done >$@
$(BUILD)/cgi-bin/page.o: CPPFLAGS += -I$(BUILD)/cgi-bin
$(BUILD)/cgi-bin/page.o: $(BUILD)/cgi-bin/page-files.h $(PAGES:%=htdocs/%)

SUTLER = sutler sutler-account sutler-addon sutler-app sutler-cluster \
	sutler-doctor sutler-doctor-cluster sutler-history \
	sutler-manifest sutler-proposal sutler-provider sutler-secret \
	sutler-test sutler-transcript sutler-unseal sutler-work
$(BUILD)/sutler: $(SUTLER:%=$(BUILD)/lib/%.o) $(BUILD)/libsutler.a
	$(LINK)

# The one program that has libcurl, and no record.
$(BUILD)/send: $(BUILD)/lib/send.o $(BUILD)/lib/fence.o
	@echo ld $@; $(CC) $(SANITIZE) $(LDFLAGS) -o $@ $^ -lcjson -lcurl

# One plain program per module, TAP on stdout.
TESTS = $(patsubst tests/%.c,%,$(wildcard tests/test-*.c))
BENCHES = $(BUILD)/tests/bench-store $(BUILD)/tests/bench-run
$(BENCHES): %: %.o $(BUILD)/libsutler.a
	$(LINK)
# These meet fakes: of what libcurl asks of the system, and of the compare.
$(BUILD)/tests/test-send: LIBS += -lcurl
$(BUILD)/tests/test-timing: LDFLAGS += -Wl,--wrap=hash_equal
# what tests/etcd.py asks etcd by
ETCD_TOOL = $(BUILD)/tests/etcd-tool
$(ETCD_TOOL): %: %.o $(BUILD)/libsutler.a
	$(LINK)
$(BUILD)/tests/test-%: $(BUILD)/tests/test-%.o $(BUILD)/tests/tap.o \
    $(BUILD)/libsutler.a
	$(LINK)

# Preloaded, one makes flushing slow, and one tries to break out.
SLOW_FLUSH = $(BUILD)/tests/slow-flush.so
BREAKOUT = $(BUILD)/tests/breakout.so
$(SLOW_FLUSH) $(BREAKOUT): $(BUILD)/tests/%.so: tests/%.c Makefile
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) -std=c11 $(CPPFLAGS) $(CFLAGS) -fPIC $(WARNINGS) -shared -o $@ $<

# what a build needs, installed
packages:
	@sh tests/packages.sh $(PACKAGES_BUILD)

# make run: a first look.  Ctrl-C stops all of it.
run:
	@sh tests/packages.sh $(PACKAGES_RUN)
	@$(MAKE) --no-print-directory all
	@exec sh tests/run.sh '$(BUILD)' '$(PORT)' '$(DATA)'

# make check: the inner loop.  make test: everything, with what it needs; the
# sanitizers' build runs the same C tests and the scenarios again.
UNIT = $(TESTS:%=$(BUILD)/tests/%)
SCENARIOS = python3 tests/scenarios.py --build
FUZZ = python3 tests/fuzz.py --build $(BUILD)/fuzz
BROWSER = python3 tests/browser.py --build $(BUILD)
MUTATE = python3 tests/mutate.py --build
# doors that are tried by the scenarios that show what one lets through; make
# test-servers tries every door by all scenarios
HTTP2 = apache-http2 nginx-http2 lighttpd-http2 nginx-proxy
DOORS = linked nginx apache-cgi apache-prefix busybox merecat mini-httpd \
	$(HTTP2)
WHOLE = lighttpd apache $(DOORS)
FACTS = 'python3 tests/layers.py' 'python3 tests/routes.py' \
	'python3 tests/openapi.py' 'python3 tests/linear.py' \
	'python3 tests/man.py --build $(BUILD)'

check-c: all $(UNIT)
	@python3 tests/all.py $(UNIT)

check: all $(UNIT)
	@python3 tests/all.py $(UNIT) $(FACTS)

test:
	@sh tests/packages.sh $(PACKAGES_TEST)
	@$(MAKE) --no-print-directory all $(UNIT) $(SLOW_FLUSH) $(BREAKOUT) \
	    $(ETCD_TOOL) asan fuzzers
	@python3 tests/all.py '$(SCENARIOS) $(BUILD)/asan --door direct' \
	    '$(SCENARIOS) $(BUILD) --door direct' \
	    '$(SCENARIOS) $(BUILD)/asan --door direct --sealed --core' \
	    '$(SCENARIOS) $(BUILD) --door lighttpd --again' \
	    '$(SCENARIOS) $(BUILD) --door apache --again' \
	    $(DOORS:%='$(SCENARIOS) $(BUILD) --door % --core') \
	    'python3 tests/crash.py --build $(BUILD) --step 15' \
	    '$(FUZZ) --runs 10000' \
	    '$(MUTATE) $(BUILD) --door direct --requests 3000' \
	    '$(MUTATE) $(BUILD)/asan --door lighttpd --requests 1500 --seed 2' \
	    $(FACTS) $(UNIT) $(UNIT_ASAN) --alone \
	    'python3 tests/crowd.py --build $(BUILD) --writes 4000' \
	    'python3 tests/power.py --build $(BUILD) --cuts 5' \
	    'python3 tests/readme.py --build $(BUILD)' \
	    'python3 tests/etcd.py --build $(BUILD)' \
	    'python3 tests/cluster_setup.py --build $(BUILD)' \
	    'python3 tests/cluster.py --build $(BUILD) --pace 2' \
	    'python3 tests/setup.py --build $(BUILD)' \
	    '$(BROWSER)' \
	    '$(BROWSER) --door apache-prefix -k "console|policy|edited|ordered"'

test-servers:
	@sh tests/packages.sh $(PACKAGES_TEST)
	@$(MAKE) --no-print-directory all
	@python3 tests/all.py $(WHOLE:%='$(SCENARIOS) $(BUILD) --door % --again')

# Everything once more, with the address and undefined behaviour sanitizers.
UNIT_ASAN = $(UNIT:$(BUILD)/%=$(BUILD)/asan/%)
asan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE='$(ASAN)' \
	    HARDENING=-fPIE CFLAGS='-O1 -g' all $(UNIT_ASAN)

ASAN = -fsanitize=address,undefined -fno-sanitize-recover=all

# One harness of libFuzzer's for each parser, with the sanitizers; clang alone
# has it.
FUZZERS = $(patsubst tests/%.c,$(BUILD)/fuzz/tests/%,$(wildcard tests/fuzz-*.c))
fuzzers:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang \
	    SANITIZE='-fsanitize=fuzzer-no-link $(ASAN)' HARDENING=-fPIE \
	    CFLAGS='-O1 -g' $(FUZZERS)

$(BUILD)/tests/fuzz-%: $(BUILD)/tests/fuzz-%.o $(BUILD)/tests/fuzz.o \
    $(BUILD)/libsutler.a
	@echo ld $@; $(CC) -fsanitize=fuzzer $(SANITIZE) $(LDFLAGS) -o $@ \
	    $(filter %.o,$^) $(BUILD)/libsutler.a $(LIBS)

# make fuzz: each harness for FUZZ_SECONDS, an hour in all, going on with what
# it learnt before; then FUZZ_REQUESTS hostile ones through lighttpd, an hour
# or two, and a fiftieth of them with the sanitizers.  What a harness fails by
# is kept in $(BUILD)/fuzz/crashes.
FUZZ_SECONDS = 330
FUZZ_REQUESTS = 1000000
fuzz:
	@sh tests/packages.sh $(PACKAGES_TEST)
	@$(MAKE) --no-print-directory all fuzzers asan
	$(FUZZ) --seconds $(FUZZ_SECONDS)
	$(MUTATE) $(BUILD) --door lighttpd --requests $(FUZZ_REQUESTS) \
	    --seed "$$(date +%s)"
	$(MUTATE) $(BUILD)/asan --requests $$(($(FUZZ_REQUESTS) / 50)) \
	    --seed "$$(date +%s)"

# make test-clients: the real clients that the npm registry has, at their work.
test-clients:
	@sh tests/packages.sh $(PACKAGES_CLIENTS)
	@$(MAKE) --no-print-directory all
	@python3 tests/all.py 'python3 tests/clients.py --build $(BUILD)'

# make test-defences: each defence against an attack is taken away, and its test
# has to see that.
test-defences:
	@sh tests/packages.sh $(PACKAGES_TEST)
	@$(MAKE) --no-print-directory all
	@python3 tests/all.py 'python3 tests/defences.py --build $(BUILD)'

# make test-deb: built, installed and run in fresh Debians; make test-32 on a
# 32-bit one, where the C tests and scenarios run, too.
DEB_TEST = python3 tests/deb.py --build $(BUILD)
test-deb:
	@sh tests/packages.sh $(PACKAGES_DEB_TEST)
	@python3 tests/all.py '$(DEB_TEST)'

test-32:
	@sh tests/packages.sh $(PACKAGES_DEB_TEST)
	$(DEB_TEST) --arch i386 --thorough

# make check-musl: does all compile with musl, too?  Debian's libraries are for
# glibc, so that nothing is linked.
MUSL = $(BUILD)/musl
MUSL_HEADERS = cjson git2 git2.h mbedtls zlib.h zconf.h http_parser.h \
	$(shell $(CC) -print-multiarch)/curl
check-musl:
	@sh tests/packages.sh $(PACKAGES_BUILD) musl-tools
	@mkdir -p $(MUSL)/include
	@for h in $(MUSL_HEADERS); do \
	    ln -sfn /usr/include/$$h $(MUSL)/include/; done
	@$(MAKE) --no-print-directory BUILD=$(MUSL) CC=musl-gcc WERROR=-Werror \
	    CFLAGS='-O2 -isystem $(MUSL)/include' \
	    $(OBJECTS:$(BUILD)/%=$(MUSL)/%) $(MUSL)/lib/send.o \
	    $(patsubst %.c,$(MUSL)/%.o,$(wildcard lib/sutler*.c cgi-bin/*.c))

# What CI does besides: both compilers without a warning, the format, and the
# list of packages on its own.
ci:
	@sh tests/packages.sh $(PACKAGES_CI)
	clang-format --dry-run -Werror lib/*.[ch] cgi-bin/*.[ch] tests/*.[ch]
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/clang CC=clang \
	    WERROR=-Werror all $(UNIT:$(BUILD)/%=$(BUILD)/clang/%)
	@$(MAKE) --no-print-directory WERROR=-Werror test
	@$(MAKE) --no-print-directory test-defences
	@$(MAKE) --no-print-directory WERROR=-Werror test-clients
	@$(MAKE) --no-print-directory check-musl test-deb

# More writers, more cuts of the power, every crash point there is: half an
# hour where a program starts in half a millisecond.
soak: all $(SLOW_FLUSH)
	python3 tests/crowd.py --build $(BUILD) --writes 10000
	python3 tests/cluster.py --build $(BUILD) --pace 10 --rounds 10
	python3 tests/cluster.py --build $(BUILD) --pace 10 --tls
	python3 tests/power.py --build $(BUILD) --cuts 40
	python3 tests/crash.py --build $(BUILD)

bench:
	@sh tests/packages.sh $(PACKAGES_BENCH)
	@$(MAKE) --no-print-directory all $(SLOW_FLUSH) $(BENCHES)
	python3 tests/bench.py --build $(BUILD)

# Where each program stands below CGIDIR besides its own name: hard links, for
# servers that only run files below a directory (thttpd would resolve a
# symbolic one and no longer take it for a program).
LAYOUT = apps:v1/apps apps:v1/provider apps:vendor/apps \
	apps:v2/vendor/apps token:v1/tokens token:v1/session \
	operator:v1/operator \
	account:v1/users catalog:v1/addon_providers \
	apps:v1/events apps:v1/collaborators catalog:v1/event_types \
	catalog:v1/event_categories catalog:v1/features \
	catalog:v1/addon_categories catalog:v1/regions \
	portal:provider/addons portal:api/v3/addons token:oauth/token \
	$(PAGES:%=page:%) $(DIRECTORIES:%=apps:%/index.html)
# Each has an index.html, which is not found: some servers list a directory that
# has none.
DIRECTORIES = v1 vendor v2 v2/vendor provider api api/v3 oauth

install-cgi:
	set -e; umask 022; for d in $(DIRECTORIES); do \
	    mkdir -p '$(DESTDIR)$(CGIDIR)/'$$d; done
	set -e; for p in $(CGI); do \
	    install -m 755 '$(BUILD)/cgi-bin/'$$p '$(DESTDIR)$(CGIDIR)/'$$p; done
	set -e; cd '$(DESTDIR)$(CGIDIR)'; for l in $(LAYOUT); do \
	    ln -f $${l%%:*} $${l#*:} 2>/dev/null || \
	    cp -f $${l%%:*} $${l#*:}; done

# The data directory and the configuration are made where there are none.
SAMPLE = sed -e 's|^data = .*|data = $(DATADIR)|' \
    -e 's|^\# libexec = .*|\# libexec = $(LIBEXECDIR)|' data/sutler.conf
install: all
	@$(MAKE) --no-print-directory install-cgi
	umask 022; mkdir -p '$(DESTDIR)$(LIBEXECDIR)' '$(DESTDIR)$(PREFIX)/bin' \
	    '$(DESTDIR)$(HTDOCSDIR)' '$(DESTDIR)$(MANDIR)/man1' \
	    '$(DESTDIR)$(MANDIR)/man5' '$(DESTDIR)$(SYSCONFDIR)'
	install -m 755 $(BUILD)/send $(BUILD)/sutler '$(DESTDIR)$(LIBEXECDIR)/'
	ln -sf '$(LIBEXECDIR)/sutler' '$(DESTDIR)$(PREFIX)/bin/sutler'
	install -m 644 htdocs/* '$(DESTDIR)$(HTDOCSDIR)/'
	sh tests/man.sh '$(BUILD)/sutler' README.md '$(BUILD)'
	install -m 644 '$(BUILD)/sutler.1' '$(DESTDIR)$(MANDIR)/man1/'
	install -m 644 '$(BUILD)/sutler.conf.5' '$(DESTDIR)$(MANDIR)/man5/'
	[ -e '$(DESTDIR)$(DATADIR)' ] || install -d -m 700 '$(DESTDIR)$(DATADIR)'
	conf='$(DESTDIR)$(SYSCONFDIR)/sutler.conf'; [ -e "$$conf" ] || \
	    [ -h "$$conf" ] || { $(SAMPLE) >"$$conf" && chmod 644 "$$conf"; }

# What install puts there, file by file: others may have theirs beside.  Data
# stay, and a configuration that was changed.
uninstall:
	for p in $(CGI) $(foreach l,$(LAYOUT),$(lastword $(subst :, ,$(l)))); do \
	    rm -f '$(DESTDIR)$(CGIDIR)/'$$p; done
	for f in htdocs/*; do rm -f '$(DESTDIR)$(HTDOCSDIR)/'"$${f##*/}"; done
	rm -f '$(DESTDIR)$(LIBEXECDIR)/send' '$(DESTDIR)$(LIBEXECDIR)/sutler' \
	    '$(DESTDIR)$(PREFIX)/bin/sutler' \
	    '$(DESTDIR)$(MANDIR)/man1/sutler.1' \
	    '$(DESTDIR)$(MANDIR)/man5/sutler.conf.5'
	conf='$(DESTDIR)$(SYSCONFDIR)/sutler.conf'; \
	    ! $(SAMPLE) | cmp -s - "$$conf" || rm -f "$$conf"
	cd '$(DESTDIR)$(CGIDIR)' 2>/dev/null && \
	    for d in $$(printf '%s\n' $(DIRECTORIES) | sort -r); do \
	    rmdir $$d 2>/dev/null; done || :
	for d in '$(CGIDIR)' '$(LIBEXECDIR)' '$(HTDOCSDIR)' \
	    '$(PREFIX)/share/sutler' '$(PREFIX)/lib/cgi-bin' '$(DATADIR)'; do \
	    [ ! -d '$(DESTDIR)'"$$d" ] || \
	    rmdir --ignore-fail-on-non-empty '$(DESTDIR)'"$$d"; done

# make deb: $(BUILD)/deb/sutler_VERSION_ARCH.deb, from .debian.
VERSION = 1.0
COMMITS = $(shell git rev-list --count HEAD 2>/dev/null)
DEB_VERSION ?= $(VERSION)$(if $(COMMITS),+$(COMMITS))
DEB = $(BUILD)/deb
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null), \
	$(shell date +%s))
deb:
	@sh tests/packages.sh $(PACKAGES_DEB)
	rm -rf '$(DEB)/root'
	@$(MAKE) --no-print-directory BUILD='$(DEB)' DESTDIR='$(DEB)/root' \
	    PREFIX=/usr CGIDIR=/usr/lib/sutler/cgi-bin SYSCONFDIR=/etc \
	    LIBEXECDIR=/usr/lib/sutler HTDOCSDIR=/usr/share/sutler/htdocs \
	    MANDIR=/usr/share/man DATADIR=/var/lib/sutler install
	rmdir '$(DEB)/root/var/lib/sutler' '$(DEB)/root/var/lib' '$(DEB)/root/var'
	SOURCE_DATE_EPOCH=$(strip $(SOURCE_DATE_EPOCH)) sh .debian/build \
	    "$$(cd '$(DEB)' && pwd)" '$(DEB_VERSION)'

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name root -prune -o -type f -name '*.d' -print 2>/dev/null)

.PHONY: all run check test test-servers test-defences test-clients asan fuzz \
    fuzzers soak ci bench install install-cgi uninstall clean always deb \
    packages check-c check-musl test-deb test-32
.SECONDARY:
