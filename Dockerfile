# One image for every app of the bank; docker-compose.yml says which one a container runs.
FROM node:22-bookworm-slim AS build
WORKDIR /bank
COPY . .
RUN npm ci --no-audit --no-fund --loglevel=error \
  && npx tsc -p tsconfig.build.json \
  && npm prune --omit=dev --no-save --loglevel=error

FROM node:22-bookworm-slim
WORKDIR /bank
ENV NODE_ENV=production
COPY --from=build /bank /bank
RUN mkdir -m 700 /trust /operator /issuer && chown node /trust /operator /issuer
USER node
CMD ["node", "dist/core-bank-api/main.js"]
