#!/bin/sh
# Builds both packages into target/debian: build.sh [PROFILE]     (the profile is one of Cargo.toml, without it `release`)
set -eu
cd "$(dirname "$0")/.."
profile=${1:-release}
cargo=${CARGO:-cargo}
PATH="$PATH:$HOME/.cargo/bin:${CARGO_DEB_ROOT:-/opt/cargo-deb}/bin"

$cargo build --profile "$profile" --package rhaproxy --package rkeepalived
# a link is packed as a link only if what it names is there
links=target/debian-links
mkdir -p $links
for name in haproxy keepalived; do
    touch "$links/$name"
    ln -sf "$name" "$links/r$name"
    ln -sf "$name" "$links/r$name.completion"
    for section in 1 8; do
        ln -sf "$name.$section.gz" "$links/r$name.$section.gz"
        touch "$links/$name.$section.gz"
    done
done
for package in rhaproxy rkeepalived; do
    cargo-deb --package "$package" --profile "$profile" --no-build --output target/debian/
done
