# `just` lists these; each is one line on purpose.
default:
    @just --list --unsorted
# the whole story on this machine, with nothing but the binary
demo *ARGS:
    cargo run --release --bin hallpass -- demo {{ARGS}}
# everything that must hold before a change lands
test:
    tests/run
# what an editor would tell you
check:
    cargo clippy --workspace --all-targets -- -D warnings
# put every file into the one format
fmt:
    cargo fmt --all
# the gateway beside its controls
bench *ARGS:
    cargo run --release -p hallpass-bench -- {{ARGS}}
# licences, bans and advisories
deny:
    cargo deny check
