# `make help` lists the targets. Every target runs from a fresh clone. CI runs `make test`.
#
# CARGO_TARGET_DIR works as usual. WASM32_TOOLCHAIN=installed|rustup|debian chooses the Rust toolchain for
# wasm32, see wasm/scripts/wasm32. TEST_CLIENTS=required fails tests that cannot install other clients, and skipped installs
# none, see tests/local-bedrock/tests/support/install.rs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The steps share target folders and two cores, so parallel steps would wait for each other.
.NOTPARALLEL:

step := .ci/step
wasm32 := wasm/scripts/wasm32
# Optional features that are tested together.
extras := --features bedrock-chat/langsmith,bedrock-chat/tracing,bedrock-chat/web,bedrock-chat/mcp,bedrock-chat/gateway
# Without ring as crypto provider.
no_provider := --no-default-features --features rustls-no-provider
# Separate crates, outside the workspace: the npm package's modules, the Worker template, two tools, the fuzz targets.
module := --manifest-path wasm/Cargo.toml --workspace
rust_worker := --config wasm/worker/.cargo/config.toml --manifest-path wasm/worker/rust/Cargo.toml
bindgen := --manifest-path wasm/bindgen/Cargo.toml
size := --manifest-path wasm/size/Cargo.toml
# LiteLLM's proxy, for `make bench-gateway`.
litellm := $(or $(CARGO_TARGET_DIR),target)/litellm
fuzz := --manifest-path fuzz/Cargo.toml --no-default-features
own := wasm wasm/credentials wasm/gateway wasm/local-bedrock wasm/worker/rust wasm/worker/rust/bindgen wasm/bindgen wasm/size fuzz
# Applies to wasm32 only, so that build scripts do not receive the flags. Warnings of dependencies are not shown.
deny_wasm32 := env CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=-Dwarnings
# Uses the profile of the builds that follow, so that proc macros and build scripts are built once.
clippy_wasm32 := cargo clippy --release --target wasm32-unknown-unknown
check_wasm32 := $(wasm32) $(deny_wasm32) cargo check --package bedrock-chat --lib --target wasm32-unknown-unknown --no-default-features

.PHONY: help
help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: fmt-check architecture words lint features wasm32 size doc public-api cargo-test package fuzz-seeds test-js test-langchain test-ai-sdk test-frameworks test-demo ## everything that CI checks
	@printf '\nall checks passed\n'

.PHONY: quick
quick: fmt-check architecture words lint ## format, architecture, words, clippy, and the crate's own tests
	@$(step) "the crate's own tests" env TEST_CLIENTS=skipped .ci/tests --package bedrock-chat --lib --tests $(extras)

.PHONY: fmt
fmt: ## formats all Rust code
	cargo fmt --all
	for crate in $(own); do cargo fmt --manifest-path $$crate/Cargo.toml; done

.PHONY: fmt-check
fmt-check: ## fails if code is not formatted
	@$(step) "format" cargo fmt --all --check
	@$(step) "format of the separate crates" bash -ec 'for crate in $(own); do cargo fmt --manifest-path $$crate/Cargo.toml --check; done'

.PHONY: architecture
architecture: ## checks dependencies of modules, lengths of files, and models in examples
	@$(step) "architecture" .ci/architecture
	@$(step) "models in documentation and examples" .ci/models
	@$(step) "table of options" node wasm/scripts/options.mjs --check

.PHONY: words
words: ## checks the language of comments, documentation, messages and test names
	@$(step) "words" .ci/words
	@$(step) "messages" .ci/messages

.PHONY: lint
lint: ## clippy over everything, warnings denied
	@$(step) "clippy" cargo clippy --workspace --all-targets $(extras) -- -D warnings
	@$(step) "clippy of wasm/bindgen" env CARGO_TARGET_DIR="$${CARGO_TARGET_DIR:-target}/bindgen" cargo clippy $(bindgen) -- -D warnings

.PHONY: features
features: ## clippy with other sets of features, and the oldest Rust if it is installed
	@$(step) "without features" cargo clippy --package bedrock-chat --lib --no-default-features -- -D warnings
	@$(step) "native-tls instead of rustls" cargo clippy --package bedrock-chat --lib --no-default-features --features native-tls -- -D warnings
	@$(step) "rustls without a provider" cargo clippy --package bedrock-chat --lib --test no_provider $(no_provider) -- -D warnings
	@$(step) "langsmith alone" cargo clippy --package bedrock-chat --lib --no-default-features --features langsmith -- -D warnings
	@$(step) "tracing alone" cargo clippy --package bedrock-chat --lib --no-default-features --features tracing -- -D warnings
	@$(step) "web alone" cargo clippy --package bedrock-chat --lib --no-default-features --features web -- -D warnings
	@$(step) "mcp alone" cargo clippy --package bedrock-chat --lib --no-default-features --features mcp -- -D warnings
	@$(step) "gateway alone" cargo clippy --package bedrock-chat --lib --no-default-features --features gateway -- -D warnings
	@$(step) "local Bedrock without its server" cargo clippy --package local-bedrock --lib --no-default-features -- -D warnings
	@$(step) "the oldest Rust" .ci/msrv $(extras)

.PHONY: wasm32
wasm32: ## checks the crate for wasm32-unknown-unknown, warnings denied
	@$(step) "toolchain for wasm32" $(wasm32) --which
	@$(step) "wasm32 without features" $(check_wasm32)
	@$(step) "wasm32 with fetch" $(check_wasm32) --features fetch
	@$(step) "wasm32 with the default features" $(check_wasm32) --features default
	@$(step) "wasm32 with observers" $(check_wasm32) --features fetch,langsmith,tracing
	@$(step) "clippy of the npm package's modules" $(wasm32) $(clippy_wasm32) $(module) -- -D warnings
	@$(step) "clippy of the measured module" $(wasm32) $(clippy_wasm32) $(size) --features all,fetch -- -D warnings
	@$(step) "clippy of the Rust Worker" $(wasm32) $(clippy_wasm32) $(rust_worker) -- -D warnings

.PHONY: wasm
wasm: ## builds the npm package in wasm/pkg
	@$(step) "npm package" wasm/scripts/package

.PHONY: test-js
test-js: wasm ## builds the npm package and tests it in Node, workerd and Chromium
	@$(step) "tests of the npm package" wasm/scripts/test-js

.PHONY: faults
faults: wasm ## tries every fault over all APIs and runtimes, and writes docs/faults.md
	UPDATE=1 cargo test --quiet --package bedrock-chat --test fault_matrix
	UPDATE=1 wasm/scripts/test-js test/faults.test.mjs
	UPDATE=1 cargo test --quiet --package bedrock-chat --test fault_matrix

.PHONY: soak
soak: wasm ## 10,000 streams under faults, natively and in workerd; prints the memory (SOAK_SEED=2)
	SOAK_STREAMS=$${SOAK_STREAMS:-10000} cargo test --quiet --package bedrock-chat --test soak -- --nocapture
	SOAK_STREAMS=$${SOAK_STREAMS:-10000} wasm/scripts/test-js test/soak.test.mjs

.PHONY: demo
demo: wasm ## a page to try it in, at http://127.0.0.1:8787 (OPTIONS="--worker rust --port 9000")
	@wasm/scripts/npm-ci wasm
	@node wasm/demo/serve.mjs $(OPTIONS)

.PHONY: test-demo
test-demo: wasm ## tests the Worker templates in workerd, and the demo in Chromium
	@wasm/scripts/npm-ci wasm
	@$(step) "what these tests run, built outside their time limit" bash -ec 'cargo build --quiet --package local-bedrock; node --input-type=module --eval "import { buildRust } from \"./wasm/worker/harness/build.mjs\"; await buildRust()"'
	@$(step) "tests of the Workers and the demo" timeout -k 10 2700 node --test --test-concurrency=1 --test-reporter=./wasm/test/support/reporter.mjs wasm/worker/test/*.test.mjs wasm/demo/test/*.test.mjs

.PHONY: size
size: wasm ## the size of the WebAssembly modules, also by feature; fails above the budget
	@$(step) "size in WebAssembly" wasm/scripts/size
	@wasm/scripts/npm-ci wasm/size
	@$(step) "size of the npm package's module, by feature" node wasm/size/by-feature.mjs "$${CARGO_TARGET_DIR:-target}/npm/named/bedrock_chat_bg.wasm"

.PHONY: size-http
size-http: ## the size of a Rust user's complete module, over fetch
	@wasm/scripts/size --http

.PHONY: size-by-function
size-by-function: ## the size of each crate and function (OPTIONS="sign --top 100")
	@wasm/scripts/size --functions $(OPTIONS)

.PHONY: doc
doc: ## the documentation, warnings denied
	@$(step) "documentation" env RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps $(extras)

.PHONY: public-api
public-api: ## compares the public API with tests/public_api.txt
	@$(step) "public API" .ci/public-api

.PHONY: cargo-test
cargo-test: ## all tests and doc tests, nothing else
	@$(step) "tests" .ci/tests --workspace $(extras)
	@$(step) "test of the crypto provider of an application" .ci/tests --package bedrock-chat --test no_provider $(no_provider)

.PHONY: fuzz-seeds
fuzz-seeds: ## clippy of the fuzz targets, and each on its seeds and 2,000 mutations of them (FUZZ_RUNS)
	@$(step) "clippy of the fuzz targets" cargo clippy $(fuzz) --all-targets -- -D warnings
	@$(step) "fuzz targets on mutated seeds" cargo test --quiet $(fuzz)

.PHONY: fuzz
fuzz: ## fuzz targets with coverage, for FUZZ_SECONDS each (installs cargo-fuzz; TARGETS="frames sse")
	@fuzz/run $(TARGETS)

.PHONY: fuzz-js
fuzz-js: wasm ## the npm package's functions on random values (FUZZ_RUNS for each property)
	@wasm/scripts/npm-ci fuzz/js
	node fuzz/js/fuzz.mjs

.PHONY: bench
bench: ## benchmarks, each next to that of another library
	@command -v valgrind >/dev/null || echo "without valgrind no instructions are counted: apt-get install valgrind" >&2
	cargo bench --package bedrock-chat --features gateway $(patsubst benches/%.rs,--bench %,$(wildcard benches/*.rs))
	$(MAKE) --no-print-directory bench-gateway

.PHONY: bench-gateway
bench-gateway: ## CPU and memory of the gateway beside LiteLLM's proxy, which it installs (760 MB)
	cargo build --release --quiet --package bedrock-chat --example gateway --features gateway
	@test -x $(litellm)/bin/litellm || { python3 -m venv $(litellm) && $(litellm)/bin/pip install --quiet 'litellm[proxy]==1.108.7'; }
	python3 tests/gateway/bench/bench.py "$${CARGO_TARGET_DIR:-target}/release/examples/gateway" $(litellm)/bin/litellm

.PHONY: test-langchain
test-langchain: wasm ## tests bedrock-chat/langchain, beside LangChain.js's own BedrockChat
	@wasm/scripts/npm-ci wasm/langchain
	@$(step) "tests of the LangChain entry" npm --prefix wasm/langchain test

.PHONY: test-ai-sdk
test-ai-sdk: wasm ## tests bedrock-chat/ai-sdk, beside the AI SDK's own provider
	@wasm/scripts/npm-ci wasm/ai-sdk
	@$(step) "tests of the AI SDK entry" npm --prefix wasm/ai-sdk test

.PHONY: test-frameworks
test-frameworks: wasm ## tests bedrock-chat/ai-sdk in Mastra, Cloudflare Agents and Strands (installs 230 MB)
	@wasm/scripts/npm-ci wasm/ai-sdk
	@wasm/scripts/npm-ci wasm/ai-sdk/frameworks
	@$(step) "tests of frameworks over the AI SDK" npm --prefix wasm/ai-sdk/frameworks test

.PHONY: bench-js
bench-js: wasm ## the npm package next to other JavaScript clients: cold start and CPU, in workerd and Node
	@wasm/scripts/npm-ci wasm/bench
	node --expose-gc wasm/bench/bench.js $(ROUNDS)

.PHONY: package
package: ## packs the crate, and builds the packed crate with its examples
	@$(step) "packed crate and its examples" .ci/package

.PHONY: semver
semver: ## compares the public API with the last tag's (installs cargo-semver-checks)
	@$(step) "semantic version" .ci/semver

.PHONY: deny
deny: ## licenses and sources of all dependencies (needs cargo-deny)
	cargo deny --workspace --config deny.toml check bans licenses sources
	for crate in $(own); do cargo deny --manifest-path $$crate/Cargo.toml --config deny.toml check bans licenses sources; done

.PHONY: audit
audit: ## known vulnerabilities in all dependencies (needs cargo-deny and the network)
	cargo deny --workspace --config deny.toml check advisories
	for crate in $(own); do cargo deny --manifest-path $$crate/Cargo.toml --config deny.toml check advisories; done
	for folder in .ci/node fuzz/js wasm wasm/ai-sdk wasm/bench wasm/langchain wasm/size; do npm --prefix $$folder audit; done

.PHONY: clean
clean: ## removes build results, but not the cached wasm32 standard library
	cargo clean
	rm -rf fuzz/artifacts fuzz/corpus fuzz/*/node_modules wasm/pkg wasm/.cache wasm/worker/*/dist wasm/node_modules wasm/*/node_modules wasm/ai-sdk/frameworks/node_modules wasm/worker/*/node_modules
