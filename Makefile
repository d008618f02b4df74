# Everything that is done with Leasehold by hand. `make help` lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
ifeq ($(origin AS),default)
AS := # make knows the name as that of the assembler
endif
ARCH ?= $(shell go env GOARCH)
FUNCTIONS := $(notdir $(wildcard functions/*))

# Nothing hangs: every command below has a limit, where the machine has timeout(1).
TIMEOUT := $(shell command -v timeout || command -v gtimeout)
within = $(if $(TIMEOUT),$(TIMEOUT) --foreground --kill-after=10 $(1))

LOCAL := .local/leasehold
VENV := .local/venv/.installed
NODE := node_modules/.installed
LINTERS := .local/linters/.installed
MOTO := .local/moto/.installed
BROWSER_JS := localstack/browser/node_modules/.installed
CLIENT_JS := localstack/clients/js/node_modules/.installed
CLIENT_PYTHON := .local/clients/python/.installed
DYNAMODB_LOCAL := .local/dynamodb-local/.installed
LOCALSTACK := .local/localstack/.installed
NO_SLAPD := .local/no-slapd
STORIES := ./localstack/e2e/...

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{gsub("%", "<fn>", $$1); printf "  make %-14s %s\n", $$1, $$2}'

## On this machine

.PHONY: run
run: install ## start everything here and say what is where; Ctrl-C stops it, WAIT=no returns, EMULATOR=localstack
	@$(LOCAL) up

.PHONY: dev
dev: ## the whole system in one process, in memory and up in a second; needs Go alone, Ctrl-C ends it
	@mkdir -p .local
	@$(call within,900) go build -o .local/dev ./localstack/dev
	@.local/dev

.PHONY: down
down: $(LOCAL) ## stop what make run started
	@$(LOCAL) down

.PHONY: token
token: $(LOCAL) ## print an access token: AS=admin, owner, manager, approver, member, other or robot
	@$(LOCAL) token "$(AS)"

.PHONY: seed
seed: $(LOCAL) ## put back whatever is missing from the sample organisation
	@$(LOCAL) seed

.PHONY: dlq
dlq: $(LOCAL) ## messages that were parked; REDRIVE=<queue> gives them back, DISCARD=<queue> drops them; on AWS with its credentials
	@$(LOCAL) dlq $(if $(REDRIVE),redrive $(REDRIVE),$(if $(DISCARD),discard $(DISCARD)))

.PHONY: show-item
show-item: $(LOCAL) ## a stored item in words: ITEM=<kind>/<id> with all beside it, or PK=... and SK=...; on AWS with its credentials
	@$(LOCAL) show-item $(if $(ITEM),'$(ITEM)',$(if $(PK),'$(PK)')) $(if $(SK),'$(SK)')

.PHONY: verify-audit
verify-audit: $(LOCAL) ## verify every chain of events in the table, from outside the functions; on AWS with its credentials
	@$(LOCAL) verify-audit

logs-%: $(LOCAL) ## what a function has logged
	@$(LOCAL) logs $*

invoke-%: $(LOCAL) ## hand a function its sample payloads from events/, as AS (default: admin)
	@$(LOCAL) invoke $* "$(AS)"

## Build

.PHONY: build
build: $(FUNCTIONS:%=build-%) ## every function, for ARCH (default: this machine's)

# What a cold start reads counts more than calls within a function: not inlining them saves
# 7 % of a binary (portal: 14.6 MiB with the product's own not inlined, and 13.6 with none).
# HTTP/2 is 0.25 MiB more, and nothing that functions call needs it.
build-%: ## one function
	@$(call within,600) env CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) \
		go build -trimpath -tags lambda.norpc,nethttpomithttp2 -gcflags=all=-l -ldflags '-s -w' -o dist/$*/bootstrap ./functions/$*

# The CDK command line starts this file many times a day: built once, not with every start.
.PHONY: .local/infra
.local/infra:
	@$(call within,900) go build -o $@ ./infra

$(LOCAL): go.mod go.sum $(wildcard localstack/*.go localstack/*/*.go pkg/names/*.go)
	@$(TOOLS)
	@$(call within,600) go build -o $@ ./localstack

## Test

.PHONY: test
test: install build dynamodb-local slapd $(MOTO) ## everything: unit and template tests, then the stories on a deployed stack
	$(call within,1200) env GOGC=400 go test ./... -shuffle=on -count=1 -timeout 15m
	$(MAKE) --no-print-directory test-browser
	$(MAKE) --no-print-directory e2e
	@test -e $(DYNAMODB_LOCAL) || echo '$(NOT_COMPARED)'
	@test ! -e $(NO_SLAPD) || echo '$(NO_DIRECTORY)'

.PHONY: test-unit
test-unit: ## fast, offline, shuffled, with fewer runs of the simulator
	$(call within,600) env GOGC=400 go test $$(go list ./... | grep -v -e /infra -e /localstack/e2e) -short -shuffle=on -count=1 -timeout 5m

.PHONY: conformance
conformance: install slapd $(MOTO) ## one table of every connector at every server: what is held of the suite, and what a target cannot do
	@$(call within,1200) go run ./localstack/conformance

# What was left out is told in one line at the end.
.PHONY: test-browser
test-browser: $(BROWSER_JS) ## the pages in Chromium, on the system in one process: BROWSER=<path> names one, BROWSER=none goes on without
ifeq ($(BROWSER),none)
	@echo 'NOT TESTED IN A BROWSER: BROWSER=none'
else
	@browser=$$(BROWSER='$(BROWSER)' $(call within,600) localstack/browser/find) && \
		LEASEHOLD_BROWSER="$$browser" LEASEHOLD_PICTURES='$(PICTURES)' $(call within,900) go test ./localstack/browser -count=1 -timeout 14m $(if $(PICTURES),-v)
endif

.PHONY: screenshots
screenshots: ## pictures of every page, wide and narrow, light and dark, into .local/pictures
	@$(MAKE) --no-print-directory test-browser PICTURES=$(CURDIR)/.local/pictures

.PHONY: pages
pages: ## make the Go code of the pages from their .templ files
	@$(call within,600) localstack/templ/generate

.PHONY: e2e
e2e: install ## the stories, on a stack of their own, and the commands of the README
	LEASEHOLD_E2E=1 $(call within,1800) go test $(STORIES) -p 2 -count=1 -timeout 20m

# The clients are installed into the checkout; that for Go is compiled the first time, in minutes.
.PHONY: test-clients
test-clients: install $(CLIENT_JS) $(CLIENT_PYTHON) ## Microsoft's clients for JavaScript, Python and Go, on a stack of their own; CLIENTS="js python" runs some
	@$(call within,600) go -C localstack/clients/go mod download
	@$(call within,600) go build -o .local/clients/run ./localstack/clients
	$(call within,3600) .local/clients/run $(CLIENTS)

# Told in one line, since it is looked for in the log of a run.
.PHONY: e2e-localstack
e2e-localstack: install ## the same stories on LocalStack, where it runs or can be installed; says so where not
	@if why=$$($(LOCAL) prepare 2>&1); then \
		echo 'The stories on LocalStack:' && \
		EMULATOR=localstack LEASEHOLD_E2E=1 $(call within,1800) go test ./localstack/e2e -count=1 -timeout 25m; \
	else \
		echo "NOT TESTED ON LOCALSTACK: $$(echo "$$why" | paste -s -d ';' -)"; \
	fi

.PHONY: verify
verify: $(NODE) ## format, vet, staticcheck, known vulnerabilities, tidy modules, import rules
	@test -z "$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go'))" || \
		{ echo 'not formatted:'; gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go'); exit 1; }
	$(call within,900) go vet ./...
	$(call within,900) go tool staticcheck ./...
	@VULN=$(VULN) $(call within,900) localstack/vulnerabilities
	$(call within,300) go mod tidy -diff
	$(call within,300) localstack/templ/generate --check
	$(call within,300) go test ./pkg/archtest/... -count=1

.PHONY: lint-template
lint-template: cloud $(LINTERS) ## what cfn-lint and checkov find in the template for AWS; the first time installs 500 MB
	@$(CDK) synth --quiet --no-notices --output .local/cdk.lint \
		-c firstAdmin='https://id.example.com|1' -c alarmEmail=alarms@example.com \
		-c issuers='[{"issuer":"https://id.example.com","keySet":"https://id.example.com/keys","audience":"leasehold"}]'
	@$(call within,300) .local/linters/bin/cfn-lint .local/cdk.lint/*.template.json
	@$(call within,300) .local/linters/bin/checkov --framework cloudformation --file .local/cdk.lint/*.template.json --compact --quiet --skip-download

.PHONY: sim
sim: ## many runs of the simulator with their report: RUNS=100000 from FIRST=1; RUN=<number> replays one
	$(call within,7200) go test ./pkg/sim -run '^TestSim$$' -count=1 -timeout 2h -v -args -sim.runs=$(or $(RUNS),100000) $(if $(FIRST),-sim.first=$(FIRST)) -sim.run=$(or $(RUN),0)

.PHONY: rules
rules: ## the rules that no test holds, each with the reason
	@$(call within,300) go test ./pkg/archtest -run '^TestNumbers_' -count=1 -v | sed -n 's/^ *numbers_test.go:[0-9]*: //p'

.PHONY: fuzz
fuzz: ## every fuzz target, one after another: TIME=60s of each; what is found is kept beside the test
	@set -e; grep -ro '^func Fuzz[A-Za-z]*' --include='*_test.go' pkg | sort | while IFS=: read -r file target; do \
		echo "$${target#func } in $$(dirname $$file), for $(or $(TIME),60s)"; \
		$(call within,1800) go test ./$$(dirname $$file) -run '^$$' -fuzz "^$${target#func }\$$" -fuzztime $(or $(TIME),60s) </dev/null; \
	done

.PHONY: figures
figures: ## lags, fan-out and retries in virtual time, at full size
	$(call within,3600) go test ./pkg/sim -run '^TestY' -count=1 -timeout 1h -v -args -sim.figures

.PHONY: mutate
mutate: ## take out one guard at a time and count the runs until the simulator notices
	$(call within,7200) go run ./pkg/sim/mutate

.PHONY: conditions
conditions: ## drop every condition of every write, one at a time, and count the runs likewise: RUNS=1200
	$(call within,7200) go run ./pkg/sim/mutate -conditions -runs=$(or $(RUNS),1200)

## On AWS

CDK = $(call within,1800) node_modules/.bin/cdk

.PHONY: synth
synth: cloud ## the CloudFormation template; settings in CONTEXT="-c issuers=... -c firstAdmin=..."
	@$(CDK) synth $(CONTEXT)

.PHONY: bootstrap
bootstrap: cloud ## prepare your AWS account and region for the CDK, once
	@$(CDK) bootstrap $(CONTEXT)

.PHONY: diff
diff: cloud ## what deploy would change
	@$(CDK) diff $(CONTEXT)

.PHONY: deploy
deploy: cloud ## put it into your AWS account
	@$(CDK) deploy $(CONTEXT)

.PHONY: destroy
destroy: cloud ## take it out again; the table stays
	@$(CDK) destroy $(CONTEXT)

.PHONY: cloud
cloud: $(NODE) .local/infra
	@$(MAKE) --no-print-directory build ARCH=arm64

## Tools

.PHONY: install
install: # side by side: on a fresh checkout most of it is waiting
	@$(MAKE) --silent --jobs=3 $(LOCAL) $(VENV) $(NODE)

TOOLS = PYTHON='$(PYTHON)' localstack/tools

$(VENV): localstack/requirements.lock
	@$(TOOLS)
	@$(call within,120) $(PYTHON) -m venv --clear .local/venv
	@$(call within,600) .local/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

# A second opinion of AWS's services, in an environment of its own: it shares packages with the emulator,
# in other versions.
$(MOTO): localstack/moto/requirements.lock
	@$(TOOLS)
	@$(call within,120) $(PYTHON) -m venv --clear .local/moto
	@$(call within,600) .local/moto/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

$(BROWSER_JS): localstack/browser/package-lock.json localstack/browser/.npmrc
	@$(TOOLS)
	@cd localstack/browser && $(call within,600) npm ci --silent
	@touch $@

$(CLIENT_JS): localstack/clients/js/package-lock.json localstack/clients/js/.npmrc
	@$(TOOLS)
	@cd localstack/clients/js && $(call within,600) npm ci --silent
	@touch $@

$(CLIENT_PYTHON): localstack/clients/python/requirements.lock
	@$(TOOLS)
	@mkdir -p .local/clients
	@$(call within,120) $(PYTHON) -m venv --clear .local/clients/python
	@$(call within,900) .local/clients/python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

$(LINTERS): infra/linters/requirements.lock
	@$(TOOLS)
	@$(call within,120) $(PYTHON) -m venv --clear .local/linters
	@$(call within,900) .local/linters/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

$(NODE): package-lock.json .npmrc
	@$(TOOLS)
	@$(call within,600) npm ci --silent
	@touch $@

# The tests compare the engine with DynamoDB Local where its mark is. Java and Maven are
# optional, and so is it: whatever keeps it from being installed is told, and no failure.
.PHONY: dynamodb-local
dynamodb-local:
	@{ $(TOOLS) java && $(MAKE) --silent $(DYNAMODB_LOCAL); } || { rm -f $(DYNAMODB_LOCAL); echo '$(NOT_COMPARED)'; }

# OpenLDAP's server, which the tests of the LDAP connector start.
.PHONY: slapd
slapd:
	@mkdir -p $(dir $(NO_SLAPD)) && rm -f $(NO_SLAPD)
	@$(call within,300) localstack/slapd/find >/dev/null || { touch $(NO_SLAPD); echo '$(NO_DIRECTORY)'; }

NO_DIRECTORY = NOT TESTED ON OPENLDAP: the connector of directories was run against a documented domain alone
NOT_COMPARED = NOT COMPARED: the engine is NOT compared with DynamoDB Local, which takes Java 17 and Maven 3.6.3 or newer

# LocalStack for machines without Docker, with what it keeps its tables in.
.PHONY: localstack
localstack:
	@$(TOOLS) localstack
	@$(MAKE) --silent $(DYNAMODB_LOCAL) $(LOCALSTACK)

$(LOCALSTACK): localstack/emulator/requirements.lock localstack/emulator/build.lock
	@$(call within,120) $$(PYTHON='$(PYTHON)' localstack/emulator/python) -m venv --clear .local/localstack
	@for lock in build requirements; do \
		$(call within,900) .local/localstack/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
			--require-hashes --requirement localstack/emulator/$$lock.lock || exit; \
	done
	@touch $@

$(DYNAMODB_LOCAL): localstack/dynamodblocal/pom.xml localstack/dynamodblocal/SHA256SUMS
	@rm -rf $(@D)
	@$(call within,300) mvn --quiet --batch-mode --file $< dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory='$(CURDIR)/$(@D)'
	@$$(command -v sha256sum || echo shasum -a 256) -c localstack/dynamodblocal/SHA256SUMS >/dev/null
	@touch $@
