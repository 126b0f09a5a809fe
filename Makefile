# The words of the house. `make` alone prints them.
GO ?= go

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## a demonstration call center on this machine (http://localhost)
	$(GO) run ./cmd/amanah demo

.PHONY: test
test: ## vet and every test that needs nothing installed; says what it skips
	$(GO) vet ./...
	@scripts/skipped
	$(GO) test -timeout 30m ./...

.PHONY: test-pg
test-pg: ## the tests again with a private PostgreSQL server
	AMANAH_TEST_POSTGRES=$$(scripts/postgres start) $(GO) test -timeout 30m ./...

.PHONY: browser
browser: ## the browser stories in Chromium
	AMANAH_TEST_CHROMIUM=$$(scripts/chromium) $(GO) test -timeout 30m -count=1 -run Story ./internal/story/...

.PHONY: race
race: ## the rooms where goroutines meet, under the race detector
	scripts/race

.PHONY: lint
lint: ## golangci-lint, with the reasons in .golangci.yml
	scripts/lint

.PHONY: gen
gen: ## write the generated files again (reference pages, golden files)
	scripts/generate

.PHONY: vuln
vuln: ## known vulnerabilities in what we import
	scripts/vulnerabilities

.PHONY: release
release: ## build dist/amanah and dist/amanah-verify, reproducibly
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o dist/ ./cmd/...

.PHONY: model
model: ## train the model of pii/names again, bit for bit
	$(GO) run ./pii/names/train
