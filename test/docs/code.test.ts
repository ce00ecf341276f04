/** Code and data that pages show, in the program that they are written for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pickCandidates } from '../../src/core/hardware/predictor/candidates.ts';
import { simulate } from '../../src/core/hardware/predictor/fixtures.ts';
import { fit, learn, quantileMs } from '../../src/core/hardware/predictor/predictor.ts';
import { whichToMeasure } from '../../src/core/hardware/predictor/which-to-measure.ts';
import { parseManifest } from '../../src/core/onnx/supernet.ts';
import { spearman } from '../../src/core/statistics/rank-correlation.ts';
import { allBlocks } from './blocks.ts';

const blockOf = (page: string, language: string): string => {
  const [block, another] = allBlocks().filter((one) => one.page === page && one.language === language);
  assert.ok(block && !another, `${page} has one block of ${language}`);
  return block.text;
};

test('the lines that predict a device run, and say what the device does', () => {
  const { candidates, groups, targetMs } = simulate(3);
  let measured: number[] = [];
  /** What the lines take for granted; what was measured is known once they have said what to measure. */
  const scope = {
    ...{ ...candidates, groups, families: undefined, seed: 1, resolutionMs: 0, others: candidates },
    ...{ learn, fit, quantileMs },
    whichToMeasure: (...asked: Parameters<typeof whichToMeasure>) => {
      measured = [...whichToMeasure(...asked)];
      return measured;
    },
    get candidates() {
      return pickCandidates(candidates, measured);
    },
    get ms() {
      return Float64Array.from(measured, (row) => targetMs[row] as number);
    },
  };
  const lines = blockOf('docs/hardware.md', 'ts');
  const result = 'return { rows, meanLog, freedom: predictor.freedom };';
  const { rows, meanLog, freedom } = new Function('scope', `with (scope) { ${lines}\n${result} }`)(scope) as {
    rows: number[];
    meanLog: Float64Array;
    freedom: number;
  };
  assert.equal(rows.length, 20);
  assert.ok(freedom > 0);
  assert.ok(spearman([...meanLog], [...targetMs]) > 0.9);
});

test('the manifest of a supernet is one', () => {
  const { dimensions } = parseManifest(blockOf('docs/search.md', 'json'));
  assert.deepEqual(
    dimensions.map(({ kind }) => kind),
    ['depth', 'width', 'kernel'],
  );
});
