import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outputChange } from './output-change.ts';

const [rows, width] = [6, 3];
const number = fc.double({ min: -100, max: 100, noNaN: true });
const outputs = fc.array(number, { minLength: rows * width, maxLength: rows * width });
/** Outputs whose columns vary: a reference that always says the same is judged by its length. */
const varied = outputs.filter((values) =>
  Array.from({ length: width }, (_, c) => c).some((c) => Math.abs((values[c] ?? 0) - (values[c + width] ?? 0)) > 0.1),
);
const meanRows = (values: readonly number[]) =>
  values.map((_, i) => {
    const column = values.filter((_v, j) => j % width === i % width);
    return column.reduce((sum, value) => sum + value, 0) / rows;
  });
const close = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, a, b), `${a} and ${b}`);

test('nothing has changed where all is equal, and always answering the mean is a change of one', () => {
  fc.assert(
    fc.property(varied, (reference) => {
      assert.equal(outputChange(reference, reference, rows), 0);
      close(outputChange(meanRows(reference), reference, rows), 1);
    }),
  );
});

test('an offset and a scale that both share make no difference, and twice as far is four times the change', () => {
  fc.assert(
    fc.property(varied, outputs, fc.double({ min: 0.5, max: 4, noNaN: true }), (reference, moves, scale) => {
      const moved = (by: number) => reference.map((value, i) => value + by * (moves[i] ?? 0));
      const change = outputChange(moved(1), reference, rows);
      const shifted = (values: readonly number[]) => values.map((value, i) => scale * value + (i % width));
      close(
        outputChange(shifted(moved(1)), shifted(reference), rows) / Math.max(1, change),
        change / Math.max(1, change),
      );
      close(outputChange(moved(2), reference, rows) / Math.max(1, change), (4 * change) / Math.max(1, change));
    }),
  );
});

test('a reference that always says the same counts by its length', () => {
  close(outputChange([3, 3, 3, 3], [2, 2, 2, 2], 4), 0.25);
  assert.equal(outputChange([0, 0], [0, 0], 2), 0);
});
