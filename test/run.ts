/**
 * `npm test`. Unit tests first, then everything that stands on a cluster, one file at a time because those share it.
 * RETUNE_TEST_REQUIRE_CLUSTER=1 makes a skipped cluster test a failure. Paths as arguments run just those files.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const chosen = process.argv.slice(2);
const unit = globSync('{src,test,scripts}/**/*.test.ts', { exclude: ['test/cluster/**', 'test/e2e/**'] });
const cluster = globSync('test/{cluster,e2e}/**/*.test.ts');
const files = chosen.length > 0 ? chosen : [...unit.sort(), ...cluster.sort()];

const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=2', ...files], {
  stdio: 'inherit',
  env: { ...process.env, NODE_NO_WARNINGS: '1' },
});
process.exitCode = status ?? 1;
