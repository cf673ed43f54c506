# The daemon in an image without a shell, a package manager or a user named root.
#
#   docker build --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" -t ecs-refresh .
#
# The same for amd64 and arm64: each is built where it runs, or under emulation by
# `docker buildx build --platform linux/amd64,linux/arm64`. A cross compiler would save time there and
# cost a second way to build. deploy/image.sh tries an image without a registry.

# Base images by their exact names; for a release add the digest, such as
# --build-arg FINAL_BASE=gcr.io/distroless/cc-debian12:nonroot@sha256:... Distroless has no versions.
# Both are of the same Debian release, so that the binary finds the C library that it was linked to.
ARG BUILD_BASE=docker.io/library/rust:1.95.0-slim-bookworm
ARG FINAL_BASE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_BASE} AS build
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

# Without symbols and with link-time optimisation: [profile.release] in Cargo.toml. cargo compares
# times, and those of the checkout may be older than the stand-ins above.
COPY . .
ARG REVISION=unknown
ENV ECS_REFRESH_REVISION=${REVISION}
RUN awk '/^\[/ { keep = !/^\[\[/ } keep' Cargo.toml > Cargo.toml.image \
    && mv Cargo.toml.image Cargo.toml \
    && touch src/main.rs src/lib.rs \
    && cargo build --release --locked --bin ecs-refresh \
    && mkdir /state

# The C library, CA certificates and nothing to log into. Time zones are part of the binary.
FROM ${FINAL_BASE}
COPY --from=build /build/target/release/ecs-refresh /ecs-refresh
COPY LICENSE /LICENSE

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ecs-refresh" \
      org.opencontainers.image.description="Replaces ageing tasks of Amazon ECS services on Fargate and proves that it did" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# By number: an orchestrator can then see that it is not root without reading /etc/passwd.
USER 65532:65532

# The one place that is written to. Declared as a volume, so that the root file system may be
# read-only, and because Amazon ECS gives an empty bind mount on Fargate the owner and mode of the
# image's directory only if it is ("Use bind mounts with Amazon ECS").
COPY --from=build --chown=65532:65532 /state /var/lib/ecs-refresh
VOLUME ["/var/lib/ecs-refresh"]

EXPOSE 8080

# For Docker. Amazon ECS takes its health check from the task definition and Kubernetes from the pod.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/ecs-refresh", "healthcheck"]

# The configuration comes from ECS_REFRESH_CONFIG, a path, or ECS_REFRESH_CONFIG_TOML, the text.
ENTRYPOINT ["/ecs-refresh"]
CMD ["run"]
