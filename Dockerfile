# Both daemons as images:
#   docker build --target rhaproxy -t rhaproxy .        docker build --target rkeepalived -t rkeepalived .
#   docker run -d -p 80:80 -v ./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro rhaproxy
#   docker run -d --network host --cap-add NET_ADMIN --cap-add NET_RAW -v ./keepalived.conf:/etc/keepalived/keepalived.conf:ro rkeepalived
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package rhaproxy --package rkeepalived

FROM debian:bookworm-slim AS rhaproxy
RUN groupadd --gid 99 --system haproxy \
    && useradd --gid haproxy --home-dir /var/lib/haproxy --no-create-home --system --uid 99 haproxy \
    && mkdir /var/lib/haproxy && chown haproxy:haproxy /var/lib/haproxy
COPY --from=build /src/target/release/rhaproxy /usr/local/sbin/haproxy
COPY packaging/rhaproxy/errors /usr/local/etc/haproxy/errors
# ports below 1024 are open to every user inside a container
USER haproxy
WORKDIR /var/lib/haproxy
# connections end before the container does; `docker kill -s USR2` loads a changed configuration
STOPSIGNAL SIGUSR1
ENTRYPOINT ["haproxy"]
CMD ["-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]

FROM debian:bookworm-slim AS rkeepalived
# check scripts want these
RUN apt-get update && apt-get install -y --no-install-recommends procps psmisc curl && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/rkeepalived /usr/sbin/keepalived
ENTRYPOINT ["keepalived", "--dont-fork", "--log-console"]
