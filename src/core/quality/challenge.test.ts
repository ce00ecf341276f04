import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Challenge } from '../../api/challenge.ts';
import { disagreement, drawn, questionOf } from './challenge.ts';

const challenge: Challenge = {
  seed: 7,
  inputs: [
    { name: 'image', datatype: 'UINT8', shape: [1, 2, 2], low: 0, high: 255 },
    { name: 'scale', datatype: 'FP32', shape: [3], low: -1, high: 1 },
    { name: 'mask', datatype: 'BOOL', shape: [4], low: 0, high: 1 },
  ],
  outputs: [{ name: 'logits', count: 3, first: [1.5, -2, 0] }],
};
const answer = (data: unknown, name = 'logits') => ({ outputs: [{ name, datatype: 'FP32', shape: [1, 3], data }] });

test('what is drawn lies between the least and the most, is whole where the type is, and is the same each time', () => {
  const bound = fc.integer({ min: -1000, max: 1000 });
  const input = fc
    .record({ low: bound, high: bound, datatype: fc.constantFrom('FP32', 'INT64', 'UINT8'), size: fc.nat(40) })
    .map(({ low, high, datatype, size }) => ({
      ...{ name: 'x', datatype, shape: [size] },
      ...{ low: Math.min(low, high), high: Math.max(low, high) },
    }));
  fc.assert(
    fc.property(fc.nat(), fc.array(input, { maxLength: 3 }), (seed, inputs) => {
      const values = drawn({ seed, inputs });
      assert.deepEqual(values, drawn({ seed, inputs }));
      for (const [i, { low, high, shape, datatype }] of inputs.entries()) {
        assert.equal(values[i]?.length, shape[0]);
        for (const value of values[i] ?? []) {
          assert.ok(value >= low && value <= high);
          assert.ok(datatype === 'FP32' || Number.isInteger(value));
        }
      }
    }),
  );
});

test('the question is a request of the protocol for the outputs that are compared', () => {
  const question = JSON.parse(JSON.stringify(questionOf(challenge)));
  assert.deepEqual(question.outputs, [{ name: 'logits' }]);
  assert.deepEqual(
    question.inputs.map(({ data }: { data: unknown[] }) => [data.length, typeof data[0]]),
    [
      [4, 'number'],
      [3, 'number'],
      [4, 'boolean'],
    ],
  );
});

test('an answer is right up to rounding, nested or flat', () => {
  assert.equal(disagreement(challenge, answer([1.5, -2, 0.0005])), undefined);
  assert.equal(disagreement(challenge, answer([[1.5005, -2, 0]])), undefined);
});

test('what is wrong with an answer is said', () => {
  const wrong = (response: unknown) => disagreement(challenge, response) ?? '';
  assert.match(
    wrong(answer([1.5, 2, 0])),
    /1 of 3 numbers of output "logits" that are not the variant's, by up to 4\.00/,
  );
  assert.match(wrong(answer([1.5, null, 'x'])), /1 of 3|2 of 3/);
  assert.match(wrong(answer([1.5])), /1 numbers where the variant gives 3/);
  assert.match(wrong(answer([1.5, -2, 0], 'other')), /without the output "logits"/);
  assert.match(wrong({ error: 'busy' }), /something else than an inference response/);
  assert.match(wrong(undefined), /something else/);
});
