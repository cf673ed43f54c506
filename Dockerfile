# syntax=docker/dockerfile:1
# The daemon in an image without a shell, a package manager or a user named root.
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" -t ecs-refresh .

# The same Debian release as below, so that the binary finds the C library that it was linked to.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /build

# The dependencies first, from the manifest alone: this layer is built again only when they change.
# Declared tests and benches are left out of it, because cargo wants their files to be there.
COPY Cargo.toml Cargo.lock ./
RUN awk '/^\[/ { keep = !/^\[\[/ } keep' Cargo.toml > Cargo.toml.image \
    && mv Cargo.toml.image Cargo.toml \
    && mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked --bin ecs-refresh \
    && rm -r src

# cargo compares times, and those of the checkout may be older than the stand-ins above.
COPY . .
ARG REVISION=unknown
ENV ECS_REFRESH_REVISION=$REVISION
RUN awk '/^\[/ { keep = !/^\[\[/ } keep' Cargo.toml > Cargo.toml.image \
    && mv Cargo.toml.image Cargo.toml \
    && touch src/main.rs src/lib.rs \
    && cargo build --release --locked --bin ecs-refresh \
    && mkdir /state

# The C library, CA certificates and nothing to log into.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/ecs-refresh /ecs-refresh
COPY LICENSE /LICENSE

# By number: an orchestrator can then see that it is not root without reading /etc/passwd.
USER 65532:65532

# The one place that is written to. Declared as a volume, so that the root file system may be
# read-only, and because Amazon ECS gives an empty bind mount on Fargate the owner and mode of the
# image's directory only if it is ("Use bind mounts with Amazon ECS").
COPY --from=build --chown=65532:65532 /state /var/lib/ecs-refresh
VOLUME ["/var/lib/ecs-refresh"]

EXPOSE 8080
ENTRYPOINT ["/ecs-refresh"]
CMD ["run", "--config", "/etc/ecs-refresh"]
