import { defineConfig } from "vitest/config"

/** Folders whose tests start real programs: they wait on the machine, the others only on the test clock. */
const withProcesses = ["bench", "cli", "demo", "docs", "plugins", "process"].map((room) => `test/${room}/**/*.test.ts`)

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "services",
          include: ["test/**/*.test.ts"],
          exclude: withProcesses
        }
      },
      {
        extends: true,
        test: {
          name: "processes",
          include: withProcesses,
          testTimeout: 30_000,
          hookTimeout: 30_000
        }
      }
    ]
  }
})
