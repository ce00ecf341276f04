/**
 * `npm test`. Unit tests first, two files at once; then those that measure, with the machine to themselves; then the
 * artifact stores on real servers, and the examples; then everything that stands on a cluster, one file at a time, because
 * each has a cluster of its own and they share this machine. RETUNE_TEST_REQUIRE_CLUSTER=1 makes a skipped cluster test a
 * failure. Paths as arguments run just those files.
 * Ends with one line: `N passed, N failed`, and how many were skipped.
 */
import { globSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

interface Phase {
  files: string[];
  concurrency: number;
  /**
   * The longest that all of it may take: a test that fails may leave watches open for ever. Forcing each file to exit
   * instead (--test-force-exit) loses what it has not reported yet, and the runner's own timeout ends no file.
   */
  minutes: number;
}

const chosen = process.argv.slice(2);
const onCluster = globSync('test/{cluster,e2e}/**/*.test.ts').sort();
const measuring = globSync(['src/worker/measure/*.test.ts', 'test/docs/demo.test.ts']).sort();
/** These fetch packages and models the first time, and train for a minute. */
const examples = globSync('test/examples/*.test.ts').sort();
/** Each has servers of its own: an S3 server, built the first time, and a registry. */
const onServers = globSync('test/stores/*.test.ts').sort();
const unit = globSync('{src,test,scripts}/**/*.test.ts').filter(
  (file) => ![...onCluster, ...measuring, ...examples, ...onServers].includes(file),
);
const among = (files: string[]) => (chosen.length > 0 ? files.filter((file) => chosen.includes(file)) : files);
const phases: Phase[] = [
  { files: among(unit.sort()), concurrency: 2, minutes: 10 },
  { files: among(measuring), concurrency: 1, minutes: 12 },
  { files: among(onServers), concurrency: 1, minutes: 15 },
  { files: among(examples), concurrency: 2, minutes: 15 },
  { files: among(onCluster), concurrency: 1, minutes: 40 },
];
const total = { tests: 0, passed: 0, skipped: 0 };

async function runPhase({ files, concurrency, minutes }: Phase): Promise<void> {
  const events = run({
    ...{ files, concurrency, signal: AbortSignal.timeout(minutes * 60_000) },
    execArgv: ['--no-warnings'],
  });
  events.on('test:summary', ({ file, counts }) => {
    if (file !== undefined) return;
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += counts[name];
  });
  await pipeline(events.compose(spec), process.stdout, { end: false });
}

const started = performance.now();
for (const phase of phases) if (phase.files.length > 0) await runPhase(phase);
const { tests, passed, skipped } = total;
const failed = tests - passed - skipped;
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(`all tests took ${minutes} minutes`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
