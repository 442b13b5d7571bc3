/** What keeps the processes that are forked here small. */

/**
 * Half of V8's default for its young generation, in MB: a busy worker takes 98 MB instead of 118 and a slicer 104
 * instead of 121, at the same speed; slices of thousands of records cost about a twentieth more. With 4 MB they
 * cost a tenth or more.
 */
export const SEMI_SPACE_MB = 8;

/** Arguments for V8. */
export const LEAN_EXEC_ARGV = [`--max-semi-space-size=${SEMI_SPACE_MB}`];

/** What the young generation of a host with large slices may become, in MB: slices of 10 MB of JSON take a quarter less time, or more, than with 32. */
const LARGE_SEMI_SPACE_MB = 64;

/**
 * The same for hosts, which hold it at the lower figure until they need more (`workers/host/heap-growth.ts`).
 *
 * Without V8's memory reducer: where slices come rarely it takes the process for idle and collects all garbage of both of its
 * threads every eight seconds, twice, 20–60 ms each time, while slices wait. What it wins is 2–7 MB of each host.
 */
export const HOST_EXEC_ARGV = [
  '--no-memory-reducer',
  `--min-semi-space-size=${SEMI_SPACE_MB}`,
  `--max-semi-space-size=${LARGE_SEMI_SPACE_MB}`,
];

/**
 * The environment with fewer arenas for glibc's malloc than its eight a processor: threads rarely allocate at the same
 * time here, and each arena keeps what it has had. A worker takes 4 MB less, a master 60. What a person has
 * set stays.
 */
export const leanEnvironment = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  MALLOC_ARENA_MAX: '2',
  ...environment,
});
