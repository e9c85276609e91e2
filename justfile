# Everyday commands. `just` lists them; each is also plain cargo.
_default:
    @just --list

# Format, lint, test
check: fmt clippy test

fmt:
    cargo fmt --all

clippy:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

test *ARGS:
    cargo xtask test {{ARGS}}

# What both Helms say to fixtures/cases
golden *ARGS:
    cargo xtask golden {{ARGS}}

# Generated cases against the Go oracle
differential *ARGS:
    cargo xtask fuzz {{ARGS}}

corpus *ARGS:
    cargo xtask corpus {{ARGS}}

live *ARGS:
    cargo xtask live {{ARGS}}

bench *ARGS:
    cargo bench --package benches {{ARGS}}

# Whole processes against Helm, as ratios
compare *ARGS:
    cargo xtask compare {{ARGS}}

fuzz TARGET SECONDS="60":
    cd fuzz && cargo +nightly fuzz run {{TARGET}} -- -max_total_time={{SECONDS}} -timeout=10

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features

# Everything continuous integration runs
ci *SECTIONS:
    .ci/run {{SECTIONS}}
