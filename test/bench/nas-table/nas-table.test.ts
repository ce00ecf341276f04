import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { nasTable } from '../nas-table.ts';
import { cellFeatures, expression } from '../tables/cell.ts';
import { contest } from './contest.ts';
import { courseOf, trueVolume } from './run.ts';

const folder = await mkdtemp(join(tmpdir(), 'retune-nas-table-test-'));
after(() => rm(folder, { recursive: true }));

const digit = fc.integer({ min: 0, max: 4 });

test('a cell whose inner nodes change places is the same network: same expression, same graph, same paths', () => {
  fc.assert(
    fc.property(digit, digit, digit, digit, digit, (toFirst, toSecond, across, fromFirst, fromSecond) => {
      const cell = [toFirst, toSecond, 0, across, fromFirst, fromSecond].join('');
      const swapped = [toSecond, toFirst, 0, across, fromSecond, fromFirst].join('');
      assert.equal(expression(cell), expression(swapped));
      assert.deepEqual(cellFeatures(cell), cellFeatures(swapped));
    }),
  );
});

test('edges that reach nothing change no expression, and a cell that nothing comes through computes nothing', () => {
  fc.assert(
    fc.property(digit, digit, digit, (first, second, across) => {
      assert.equal(expression([first, second, across, 3, 0, 0].join('')), '3(x)');
      assert.equal(expression([first, second, across, 0, 0, 0].join('')), '');
    }),
  );
  assert.equal(expression('111111'), 'x+x+x+x');
  // 0→1 conv1x1, 0→2 conv3x3, 1→2 skip, 0→3 conv1x1, 2→3 pool.
  assert.equal(expression('231204'), '2(x)+4(2(x)+3(x))');
});

test('evaluations count once, and 99% is reached by the first that completes it', () => {
  const latencies = new Map(['00', '01', '10', '11', '02', '20'].map((ops, i) => [ops, i + 1]));
  const accuracies = new Map(
    ['00', '01', '10', '11', '02', '20'].map((ops, i) => [ops, [20, 90, 50, 95, 60, 5][i] ?? 0]),
  );
  const table = contest(latencies, accuracies);
  const whole = trueVolume(table);
  assert.equal(courseOf(table, whole, [0, 0, 1, 1, 3, 2]).to99, 3);
  assert.equal(courseOf(table, whole, [2, 4]).to99, undefined);
});

test('any table with ops will do, compressed or not, and a column that there isn’t is a sentence', async () => {
  const operators = ['a', 'b', 'c'];
  const all = operators.flatMap((x) =>
    operators.flatMap((y) => operators.flatMap((z) => operators.map((w) => x + y + z + w))),
  );
  const cost = (ops: string) => [...ops].reduce((sum, one, i) => sum + (operators.indexOf(one) + 1) * (i + 2), 0);
  const lines = (name: string, of: (ops: string) => number) =>
    [`arch,ops,${name}`, ...all.map((ops, i) => `${i},${ops},${of(ops)}`)].join('\n');
  const [latency, accuracy] = [join(folder, 'latency.csv'), join(folder, 'accuracy.csv.gz')];
  await writeFile(latency, lines('phone', cost));
  await writeFile(accuracy, gzipSync(lines('score', (ops) => 100 * (1 - Math.exp(-cost(ops) / 15)))));
  const options = ['--latency', latency, '--accuracy', accuracy, '--seeds', '2', '--alone'];
  const run = (...more: string[]) => nasTable(() => undefined, [...options, ...more]);
  const found = (await run('--device', 'phone', '--metric', 'score')) as Record<string, number>;
  assert.equal(found.architectures, 81);
  assert.ok((found.evaluationsTo99 ?? 81) < 60 && (found.hypervolumeAt25 ?? 0) > 0.85, JSON.stringify(found));
  await assert.rejects(run('--device', 'tablet', '--metric', 'score'), {
    message: `${latency} has no column "tablet": choose from phone`,
  });
});
