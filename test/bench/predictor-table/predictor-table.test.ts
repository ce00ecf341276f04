import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { table } from '../../../src/core/linear-algebra/table.ts';
import { predictorTable } from '../predictor-table.ts';
import { liveEdges } from '../tables/cell.ts';
import { familyOf, latencyTable } from './latency-table.ts';
import { ridge } from './ridge.ts';

const digits = (text: string) => Array.from(text, Number);

test('an edge of a cell is live on a way from input to output', () => {
  assert.deepEqual(liveEdges(digits('000100')), [false, false, false, true, false, false]);
  // The edge into node 2 leads nowhere.
  assert.deepEqual(liveEdges(digits('301040')), [true, false, false, false, true, false]);
  assert.deepEqual(liveEdges(digits('220000')), new Array(6).fill(false));
  assert.deepEqual(liveEdges(digits('111111')), new Array(6).fill(true));
});

test('a family is the first word of a name, less a number at its end', () => {
  assert.deepEqual(['titan_rtx_32', 'pixel3', 'gold_6240', '1080ti_1', '7'].map(familyOf), [
    ...['titan', 'pixel', 'gold', '1080ti', '7'],
  ]);
});

test('ridge finds a line from few points', () => {
  const values = table(6, 1);
  values.values.set([1, 2, 3, 4, 5, 6]);
  const predicted = ridge(values, [0, 2, 4], Float64Array.of(2, 4, 6));
  assert.ok(Math.abs((predicted[5] as number) - 7) < 0.01);
});

test('tables are read gzipped or not, and a column that is not there is a sentence that names those that are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'retune-table-'));
  const file = join(folder, 'latency.csv.gz');
  try {
    await writeFile(file, gzipSync('arch,ops,a_1,b\n0,01,1.5,2\n1,10,,4\n'));
    const read = await latencyTable(file);
    assert.deepEqual(
      [read.ops, read.devices],
      [
        ['01', '10'],
        ['a_1', 'b'],
      ],
    );
    assert.deepEqual(
      read.ms.map((column) => [...column]),
      [
        [1.5, Number.NaN],
        [2, 4],
      ],
    );
    const run = (...more: string[]) => predictorTable(() => undefined, ['--latency', file, ...more]);
    await assert.rejects(run('--device', 'c'), { message: 'no column c: there are a_1, b' });
    await assert.rejects(run('--device', 'b', '--exclude', 'd,a_1'), { message: 'no column d: there are a_1, b' });
    await assert.rejects(run('--device', 'b', '--samples', '1'), /--samples is a whole number from 3 on/);
    await writeFile(file, 'arch,ops,b\n0,01,1\n1,1x,2\n');
    await assert.rejects(latencyTable(file), /"1x" in column ops is not 2 digits/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
