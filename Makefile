# `make demo` shows Tributary at work, `make test` tries everything on both databases. Both need a Rust toolchain with a C
# compiler, and bring the rest themselves.

.PHONY: demo test test-long lint schema bench

# Further arguments go through: make demo ARGS="--once"
demo:
	cargo run --release --locked -- demo $(ARGS)

# Only tests/it touches the database, so only it is run on both.
test:
	scripts/set-up-tests
	env -u TEST_DATABASE_URL cargo test --workspace --locked
	scripts/with-postgres cargo test --test it --locked

# What is left to chance, tried far more often: a thousand seeds of the simulation, two hundred kills. About a quarter of an hour.
test-long:
	scripts/set-up-tests
	env -u TEST_DATABASE_URL SIMULATION_SEEDS=1..1000 CRASH_KILLS=200 cargo test --test it --locked -- simulation crash

# cargo-deny is not among these steps: it would have to be compiled on each fresh machine. deny.toml holds its rules; where it
# is installed, run `cargo deny check`.
lint:
	cargo fmt --all --check
	scripts/check-headers
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# By way of another file: a build that fails leaves the schema as it was.
schema:
	mkdir -p target
	cargo run --locked -- schema > target/schema.graphql
	mv target/schema.graphql schema.graphql

bench:
	cargo bench --locked --bench map
	cargo bench --locked --bench road -- $(ARGS)
