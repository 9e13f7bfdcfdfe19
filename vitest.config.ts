import { defineConfig } from "vitest/config"

/** Folders whose tests start real programs: they wait on the machine, the others only on the test clock. */
const withProcesses = ["bench", "cli", "demo", "docs", "install", "package", "plugins", "process"].map((room) =>
  `test/${room}/**/*.test.ts`
)

/** What `exports` of package.json promises, from the sources: a test never runs against an older build. */
export const sources = [
  { find: /^animus\/sdk$/, replacement: `${import.meta.dirname}/src/sdk/Sdk.ts` },
  { find: /^animus\/testing$/, replacement: `${import.meta.dirname}/layers/Testing.ts` },
  { find: /^animus\/((?:layers|schemas)\/.+)$/, replacement: `${import.meta.dirname}/$1.ts` },
  { find: /^animus\/(.+\/.+)$/, replacement: `${import.meta.dirname}/src/$1.ts` }
]

export default defineConfig({
  resolve: { alias: sources },
  test: {
    pool: "forks",
    // One more than the cores of a small machine: who starts processes waits for them as long as he computes.
    maxWorkers: 3,
    // Files of one worker share their modules, which took longer to load than to test: no module of ours keeps what a test made.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: "services",
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: ["test/**/*.test.ts"],
          exclude: [...withProcesses, "test/postgres/**"]
        }
      },
      {
        extends: true,
        test: {
          name: "processes",
          include: withProcesses,
          testTimeout: 180_000,
          hookTimeout: 180_000
        }
      }
    ]
  }
})
