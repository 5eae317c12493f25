# Needs Python 3.11 or later, and nothing else: the rest goes into $(VENV).

VENV ?= .venv
CONFIG ?= etc/servers.json
# By way of the environment it may have spaces.
export CONFIG

# The first of these that is new enough; make PYTHON=/path/to/python names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

# The tests whose expectations make transcripts writes anew.
TRANSCRIPTS := tests.raft.test_transcripts tests.frontends.text.test_transcripts tests.frontends.memcached.test_transcripts

# Where make compat has what it installs, and which of Debian's packages it needs.
COMPAT := .venv-compat
COMPAT_PACKAGES := memcached libmemcached-tools

# Where make test-compiled has what it builds.
COMPILED := build/compiled

# What make soak runs.
CORE_SEEDS ?= 0:10000
CLUSTER_SEEDS ?= 0:1000

# What make nemesis runs, and for how many seconds things go wrong in each run.
NEMESIS_SEEDS ?= 0:20
NEMESIS_SECONDS ?= 20

# How many cases make fuzz tries.
FUZZ_CASES ?= 100000

# What make kills does: so many kills of each kind, and so many writes.
SNAPSHOT_KILLS ?= 25
AWAY_WRITES ?= 500000

# What make members does: during how many changes servers are killed, how many are made in peace, and among how many keys
# all servers are replaced.
MEMBER_CHANGES ?= 30
MEMBER_CALM_CHANGES ?= 100
MEMBER_KEYS ?= 1000000

# What make bench measures: for how many seconds each load goes on, how often all systems take their turns, which ones,
# and how many keys are very many. BENCH_SECONDS=1 BENCH_ROUNDS=1 BENCH_KEYS=100000 takes two minutes.
BENCH_SECONDS ?= 5
BENCH_ROUNDS ?= 3
BENCH_SYSTEMS ?= replkv,etcd,redis,zookeeper,pysyncobj
BENCH_KEYS ?= 1000000

# The commit with which make bench-check compares the working tree, and how often the two take their turns.
BASE ?= HEAD~
CHECK_ROUNDS ?= 15

.PHONY: run test test-compiled transcripts lint soak soak-core soak-cluster nemesis kills members fuzz planted clean-data
.PHONY: bench bench-check bench-micro flame compat compat-slice compat-table compat-packages

run: $(VENV)/.installed
	@exec $(VENV)/bin/replkv cluster --config "$$CONFIG"

# The unit tests come first, so that a build that is broken fails early. They pass under pytest too, which is left to
# whoever runs it by itself: twice the same took most of the time.
# Some hundred interpreters are started, of which only the first is to compile what it runs.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.installed-test
	$(VENV)/bin/trial -j 2 tests
	$(VENV)/bin/python -m pytest -n 4 --dist worksteal --no-units
	$(VENV)/bin/replkv sim --tier core --seeds 0:60
	$(VENV)/bin/replkv sim --tier cluster --seeds 0:8

# The same on the build of which some modules are compiled: docs/performance.md. It is built in a copy, since what is
# compiled hides what is edited.
test-compiled: $(VENV)/.installed-test
	rm -rf $(COMPILED)
	mkdir -p $(COMPILED)/source
	cp -r pyproject.toml setup.py README.md LICENSE replkv twisted $(COMPILED)/source
	REPLKV_COMPILE=1 $(PIP) --no-deps --target $(COMPILED)/tree $(COMPILED)/source
	cp -r .ci .github benchmarks docs etc tests *.md LICENSE MANIFEST.in Makefile pyproject.toml setup.py $(COMPILED)/tree
	cd $(COMPILED)/tree && PYTHONPATH="$$PWD" $(abspath $(VENV))/bin/python -m twisted.trial -j 2 tests
	$(VENV)/bin/python -m tests.builds $(COMPILED)/tree

transcripts: $(VENV)/.installed-test
	WRITE_TRANSCRIPTS=1 $(VENV)/bin/trial $(TRANSCRIPTS)

lint: $(VENV)/.installed-lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pydoctor

# make -k soak runs the second even if the first fails.
soak: soak-core soak-cluster

soak-core: $(VENV)/.installed
	@$(VENV)/bin/replkv sim --tier core --seeds $(CORE_SEEDS) --require-rare

soak-cluster: $(VENV)/.installed
	@$(VENV)/bin/replkv sim --tier cluster --seeds $(CLUSTER_SEEDS) --require-rare

nemesis: $(VENV)/.installed-test
	NEMESIS_SEEDS=$(NEMESIS_SEEDS) NEMESIS_SECONDS=$(NEMESIS_SECONDS) \
		$(VENV)/bin/python -m pytest -v -s tests/faults/test_nemesis.py

# Servers that are killed while they compact and install, and one that is away for long.
kills: $(VENV)/.installed-test
	SNAPSHOT_KILLS=$(SNAPSHOT_KILLS) AWAY_WRITES=$(AWAY_WRITES) $(VENV)/bin/python -m pytest -v -s \
		tests/processes/test_snapshot_kills.py tests/processes/test_long_absence.py

# Servers come and go among a million keys, and are killed meanwhile: it takes some ten minutes.
members: $(VENV)/.installed-test
	MEMBER_CHANGES=$(MEMBER_CHANGES) MEMBER_CALM_CHANGES=$(MEMBER_CALM_CHANGES) MEMBER_KEYS=$(MEMBER_KEYS) \
		$(VENV)/bin/python -m pytest -v -s tests/processes/test_members.py

# A server that says anything at all to another one; make test has 2,000 cases of it.
fuzz: $(VENV)/.installed-test
	FUZZ_CASES=$(FUZZ_CASES) $(VENV)/bin/trial tests.node.test_fuzz

# Which known bugs the simulator finds, and in how many seeds.
planted: $(VENV)/.installed-test
	@$(VENV)/bin/python -m tests.planted

# What programs of others make of replkv's memcached port: docs/compatibility.md. It takes some ten minutes.
compat: $(VENV)/.installed-test $(COMPAT)/.installed compat-packages
	@$(VENV)/bin/python -m tests.compat --environment $(COMPAT)

# A part of it, in two minutes.
compat-slice: $(VENV)/.installed-test $(COMPAT)/.installed compat-packages
	@$(VENV)/bin/python -m tests.compat --environment $(COMPAT) --slice

# The table in docs/compatibility.md.
compat-table: $(VENV)/.installed-test $(COMPAT)/.installed compat-packages
	@$(VENV)/bin/python -m tests.compat --environment $(COMPAT) --write

# Programs that pip does not have. root gets them, if Debian is what this is; whoever else is told.
compat-packages:
	@lacks=; for program in memcached memccapable memcaslap memcslap; do command -v $$program > /dev/null || lacks=1; done; \
	test -z "$$lacks" || { \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null && echo 'Installing $(COMPAT_PACKAGES)' && apt-get -qq update \
		&& DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $(COMPAT_PACKAGES) > /dev/null; \
	} || { echo 'make compat needs programs of Debian: apt install $(COMPAT_PACKAGES)' >&2; exit 1; }

# replkv and its peers, side by side: docs/performance.md.
bench: $(VENV)/.installed-measure
	@$(VENV)/bin/python -m benchmarks --seconds $(BENCH_SECONDS) --rounds $(BENCH_ROUNDS) --systems $(BENCH_SYSTEMS) \
		--keys $(BENCH_KEYS)

# Whether what is in the working tree is slower than a commit; in two minutes.
bench-check: $(VENV)/.installed-measure
	@$(VENV)/bin/python -m benchmarks.check --base $(BASE) --rounds $(CHECK_ROUNDS)

# What the pieces on the way of every command take by themselves.
bench-micro: $(VENV)/.installed-measure
	@$(VENV)/bin/python -m pytest -q benchmarks/micro -o python_files='bench_*.py' -o python_functions='bench_*' \
		-p no:pytest_twisted --benchmark-sort=name --benchmark-columns=min,median,iqr,rounds

# Where the leader's time goes, into docs/leader.svg.
flame: $(VENV)/.installed-measure
	@$(VENV)/bin/python -m benchmarks.flame

# Asks first; make clean-data YES=1 does not.
clean-data: $(VENV)/.installed
	@$(VENV)/bin/replkv clean-data $(if $(YES),--yes) --config "$$CONFIG"

# Stamps: each is made again when what is installed, or what that needs, changes.
$(VENV)/.installed: pyproject.toml setup.py replkv/__init__.py
	@$(if $(strip $(PYTHON)),:,echo 'replkv needs Python 3.11 or later: install it, or name it with make PYTHON=...' >&2; exit 1)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo '$(PYTHON) is older than Python 3.11, or does not run' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'This Python cannot make a virtual environment: apt install python3-venv, or what your system calls it' >&2; exit 1; }
	@echo 'Installing replkv into $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo 'Installing what the tests need into $(VENV)'
	@$(PIP) -e '.[test]'
	@touch $@

$(VENV)/.installed-measure: $(VENV)/.installed-test
	@echo 'Installing what measures into $(VENV)'
	@$(PIP) -e '.[test,measure]'
	@touch $@

$(VENV)/.installed-lint: $(VENV)/.installed-test
	@echo 'Installing what the checks need into $(VENV)'
	@$(PIP) -e '.[test,lint]'
	@touch $@

$(COMPAT)/.installed: tests/compat/requirements.txt tests/compat/sources.txt | $(VENV)/.installed
	@echo 'Installing the programs of others into $(COMPAT)'
	@rm -rf $(COMPAT)
	@$(PYTHON) -m venv $(COMPAT)
	@$(COMPAT)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/compat/requirements.txt
	@$(COMPAT)/bin/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--dest $(COMPAT)/sources -r tests/compat/sources.txt
	@for archive in $(COMPAT)/sources/*.tar.gz; do tar -xzf "$$archive" -C $(COMPAT)/sources; done
	@touch $@
