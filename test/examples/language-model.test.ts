import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Session, Tensor } from '../../src/engines/engine.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { readNpz } from '../../src/worker/npz.ts';
import { judged, judgedOutput } from './example.ts';

const vocabulary = 256;
const model = 'examples/language-model/model.onnx';

/** exp of the mean cross-entropy of labels over logits [.., vocabulary]. */
function perplexity(logits: number[], labels: number[]): number {
  const losses = labels.map((label, position) => {
    const scores = Array.from({ length: vocabulary }, (_, i) => logits[position * vocabulary + i] ?? 0);
    const most = Math.max(...scores);
    return most + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - most), 0)) - (scores[label] ?? 0);
  });
  return Math.exp(losses.reduce((sum, loss) => sum + loss, 0) / losses.length);
}

const numbers = (tensor?: Tensor): number[] => Array.from(tensor?.data ?? [], Number);
const furthest = (found: number[], expected: number[]): number => {
  assert.equal(found.length, expected.length);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? Infinity))), 0);
};
const tokens = (ids: bigint[]): Tensor => ({ type: 'INT64', shape: [1, ids.length], data: BigInt64Array.from(ids) });

/** The cache that a step left, or an empty one, as the inputs of the next step. */
const past = (session: Session, outputs?: Record<string, Tensor>): Record<string, Tensor> =>
  Object.fromEntries(
    session.inputs
      .filter(({ name }) => name !== 'input_ids')
      .map(({ name, shape }) => {
        const empty: Tensor = { type: 'FP32', shape: [1, shape[1] ?? 0, 0, shape[3] ?? 0], data: new Float32Array(0) };
        return [name, outputs?.[name.replace('past_key_values', 'present')] ?? empty];
      }),
  );

test('language-model: the decoder is worth what its README says', async () => {
  const name = await judgedOutput('language-model');
  const found = await judged(model, 'examples/language-model/heldout.npz', name);
  assert.deepEqual(found.output.shape, [200, 128, vocabulary]);
  const value = perplexity(numbers(found.output), numbers(found.arrays.labels));
  assert.ok(Math.abs(value - 13.306) < 0.01, `perplexity ${value}`);
});

test('language-model: a prompt and then token by token gives the logits of one pass', async () => {
  const session = await engine.load(await readFile(model), { threads: 1, graphOptimization: 'All' });
  const { input_ids } = readNpz(await readFile('examples/language-model/heldout.npz'));
  const ids = Array.from((input_ids?.data ?? []) as BigInt64Array).slice(0, 96);
  const whole = await session.run({ input_ids: tokens(ids), ...past(session) });
  const prompt = 64;
  let outputs = await session.run({ input_ids: tokens(ids.slice(0, prompt)), ...past(session) });
  const logits = numbers(outputs.logits);
  for (const id of ids.slice(prompt)) {
    outputs = await session.run({ input_ids: tokens([id]), ...past(session, outputs) });
    logits.push(...numbers(outputs.logits));
  }
  assert.ok(furthest(logits, numbers(whole.logits)) < 1e-3);
  await session.release();
});

test('language-model: decode.npz is one token after a past that the model computed', async () => {
  const found = await judged(model, 'examples/language-model/decode.npz', 'logits');
  assert.deepEqual(found.output.shape, [2, 1, vocabulary]);
  assert.deepEqual(found.arrays['past_key_values.3.value']?.shape, [2, 4, 64, 24]);

  const session = await engine.load(await readFile(model), { threads: 1, graphOptimization: 'All' });
  const { input_ids } = readNpz(await readFile('examples/language-model/heldout.npz'));
  const ids = Array.from((input_ids?.data ?? []) as BigInt64Array).slice(0, 65);
  const outputs = await session.run({ input_ids: tokens(ids), ...past(session) });
  await session.release();
  const first = numbers(found.output).slice(0, vocabulary);
  assert.ok(furthest(first, numbers(outputs.logits).slice(64 * vocabulary)) < 1e-3);
});
