/** `npm run test:pg`: what needs a PostgreSQL server, which is started for it. */
import { defineConfig } from "vitest/config"
import { sources } from "./vitest.config.ts"

export default defineConfig({
  resolve: { alias: sources },
  test: { include: ["test/postgres/**/*.test.ts"], globalSetup: "test/postgres/Cluster.ts", testTimeout: 30_000 }
})
