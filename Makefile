# The front door: every target is one command that lives elsewhere. Variables are passed on by the environment:
#   make conformance FOLDER=http-rules SUBJECT=/usr/sbin/haproxy     make bench BENCH=keepalive ROUNDS=7
CARGO ?= cargo
RUN = $(CARGO) run --quiet --package integration
.EXPORT_ALL_VARIABLES:
.PHONY: build test check fmt clippy deps conformance differential keepalived-diff bench vrrp-bench storm demo check-scripts interop scenario scenario-short sim fuzz compatibility deb deps-deb deb-test

build: ## both daemons, optimised
	$(CARGO) build --release --workspace

test: deps ## unit tests, then the short forms of the oracles
	$(CARGO) build --workspace
	$(CARGO) test --workspace --no-fail-fast
	$(RUN) --bin conformance -- --short
	$(RUN) --bin differential -- --short
	$(RUN) --bin interop -- --short

check: fmt clippy ## what a change must pass before the tests

fmt:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --workspace --all-targets -- -D warnings

deps: ## what tests and oracles run, through apt
	integration/scripts/deps.sh

conformance: build ## HAProxy's regression tests: FOLDER= narrows, SUBJECT= another program, BLESS=1 keeps what passed
	$(RUN) --release --bin conformance -- $(if $(BLESS),--bless)

differential: build ## the original and ours, same input: CASE= narrows, BLESS=1 keeps what differs
	$(RUN) --release --bin differential $(if $(BLESS),-- --bless)

keepalived-diff: ## -t of keepalived and of ours over Debian's samples and mutations of them (root): COUNT=, SEED=
	$(RUN) --release --bin keepalived-diff -- --count $(or $(COUNT),300) --seed $(or $(SEED),1)

bench: build ## ours beside the original and nginx: BENCH= narrows, ROUNDS=
	$(RUN) --release --bin bench

check-scripts: build ## the ways people let keepalived watch haproxy, with the originals and with ours (root)
	$(RUN) --release --bin check_scripts

interop: build ## VRRP scenarios, ours and the original in both places (root): SCENARIO="S1 S3" narrows
	integration/scripts/deps.sh --interop
	$(RUN) --release --bin interop -- $(SCENARIO)

vrrp-bench: build ## 1,000 instances, ours beside the original: CPU and memory (root): INSTANCES=, PROGRAM=
	$(RUN) --release --bin vrrp-bench

storm: build ## reloads in a row under load, ours and the original: RELOADS=, PAUSE= ms, CLIENTS=, SERVERS=
	$(RUN) --release --bin storm

demo: deps build ## as root the failing-over pair, else the proxy alone
	$(RUN) --release --bin demo

scenario: build ## the RabbitMQ pair and everything that can happen to it: PAIR=original|mixed|mixed-back (root)
	integration/scripts/deps.sh --scenario
	$(RUN) --release --bin scenario

scenario-short: build ## the same with three faults
	integration/scripts/deps.sh --scenario
	$(RUN) --release --bin scenario -- --short

sim: ## the VRRP simulation: SIM_HOURS=, SIM_SEED=
	$(CARGO) test --release --package keepalived-vrrp --test simulation -- --nocapture

fuzz: ## every property test with many more inputs: CASES=
	PROPTEST_CASES=$(or $(CASES),20000) $(CARGO) test --release --package haproxy-http --package haproxy-conf --package haproxy-expr \
		--package keepalived-vrrp --package keepalived-wire --package keepalived-net --package keepalived-notify \
		--package keepalived-conf --package common-base

compatibility: ## docs/COMPATIBILITY.md from the keyword tables of both programs
	$(CARGO) build --package rhaproxy --package rkeepalived
	$(RUN) --bin compatibility

deb: deps-deb ## packages for Debian in target/debian: PROFILE=
	packaging/build.sh $(PROFILE)

deps-deb: ## cargo-deb, if it is not there
	command -v cargo-deb >/dev/null || test -x $${CARGO_DEB_ROOT:-/opt/cargo-deb}/bin/cargo-deb || $(CARGO) install cargo-deb --locked

deb-test: deps deb ## Debian's packages, ours over them, purge, and back, in a root of their own (root)
	packaging/test.sh
