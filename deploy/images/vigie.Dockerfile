# docker build -f deploy/images/vigie.Dockerfile -t vigie/vigie:0.1.0 .
# The build needs every package; what runs is the bundles alone, without node_modules.
FROM node:24-slim AS build
WORKDIR /src
COPY . .
RUN npm ci

FROM node:24-slim
LABEL org.opencontainers.image.title="vigie" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /src/LICENSE /opt/vigie/LICENSE
COPY --from=build /src/packages/cli/bin /opt/vigie/bin
COPY --from=build /src/packages/cli/dist /opt/vigie/dist
COPY --from=build /src/deploy/images/vigie /usr/local/bin/vigie
# A small young generation, one V8 helper thread however many cores the node has, one malloc arena, and large blocks that
# go back to the system when they are freed: docs/decisions/0012.
ENV NODE_OPTIONS="--max-semi-space-size=1 --v8-pool-size=1" \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_THRESHOLD_=65536
# Nobody; the node agent's manifest says why it needs more.
USER 65534:65534
ENTRYPOINT ["vigie"]
