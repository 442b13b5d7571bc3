# syntax=docker/dockerfile:1

# Debian, not Alpine: the Temporal SDK's native part needs glibc.
FROM node:20.19.5-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# Compiles and bundles: no master has to.
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:20.19.5-bookworm-slim
# Certificates for TLS to Temporal and PostgreSQL; the slim image has none.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node /data /shared
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY examples examples
USER node
# Of src/lean-process.ts: here nothing forks the master and the node.
ENV NODE_ENV=production TEMPOSLICE_DATA_DIR=/data MALLOC_ARENA_MAX=2
VOLUME /data
EXPOSE 5678
# Of a master. The compose file replaces it for nodes, which listen nowhere.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TEMPOSLICE_PORT ?? 5678}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node as process 1 gets SIGTERM itself, and drains; `docker run --init` reaps what a killed host leaves.
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["--help"]
