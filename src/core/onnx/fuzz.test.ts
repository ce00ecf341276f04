/**
 * Damaged models: whatever is done to the bytes, reading, inferring shapes and counting costs end in an answer or a
 * ModelError. RETUNE_FUZZ_RUNS raises the number of cases, which is the total over all tests here.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { modelCost } from './cost/cost.ts';
import { modelWith } from './fixtures.ts';
import { makeNode } from './graph.ts';
import { decode, encode, ModelError } from './model.ts';
import { inferShapes } from './shapes/infer.ts';
import { operatorsKnown } from './shapes/registry.ts';
import { constants, liftConstants } from './tensor-data/constants.ts';
import { elements } from './tensor-data/elements.ts';
import { externalFiles } from './tensor-data/external.ts';
import { tensor } from './tensors.ts';

const runs = Number(process.env.RETUNE_FUZZ_RUNS ?? 4000);
/** No case may take longer: a model of a few hundred kilobytes is analysed in a few milliseconds. */
const longestMs = 5000;

const supernet = new Uint8Array(readFileSync('examples/quickstart/supernet.onnx'));
const int64 = (name: string, ...values: number[]) => tensor(name, BigInt64Array.from(values, BigInt), [values.length]);

/** A graph that computes its shapes: small, so that a flipped byte mostly hits what matters. */
const computing = encode(
  modelWith({
    inputs: { x: ['N', 3, 8, 'W'] },
    initializers: [
      ...[
        int64('i', 0),
        int64('rest', -1, 12),
        int64('pads', 0, 0, 1, 1, 0, 0, 1, 1),
        int64('cut', 0),
        int64('end', 4),
      ],
      tensor('w', new Float32Array(4 * 27), [4, 3, 3, 3]),
      tensor('table', new Float32Array(24), [12, 2]),
    ],
    nodes: [
      makeNode('Conv', 'conv', ['x', 'w'], ['c'], { pads: [1n, 1n, 1n, 1n], strides: [2n, 2n] }),
      makeNode('Pad', 'pad', ['c', 'pads'], ['p']),
      makeNode('MaxPool', 'pool', ['p'], ['m'], { kernel_shape: [2n, 2n] }),
      makeNode('Shape', 'shape', ['m'], ['s']),
      makeNode('Gather', 'batch', ['s', 'i'], ['b']),
      makeNode('Concat', 'target', ['b', 'rest'], ['t'], { axis: 0 }),
      makeNode('Slice', 'slice', ['t', 'cut', 'end'], ['u']),
      makeNode('Reshape', 'reshape', ['m', 't'], ['r']),
      makeNode('ConstantOfShape', 'fill', ['u'], ['f']),
      makeNode('MatMul', 'matmul', ['r', 'table'], ['y']),
      makeNode('ReduceSum', 'sum', ['f'], ['z'], { keepdims: 0 }),
    ],
    outputs: ['y', 'z'],
  }),
);

function survives(bytes: Uint8Array): void {
  const started = performance.now();
  try {
    const model = decode(bytes);
    externalFiles(model);
    inferShapes(model);
    modelCost(model);
    for (const each of constants(liftConstants(model).graph).values()) elements(each);
  } catch (error) {
    assert.ok(error instanceof ModelError, error instanceof Error ? error.stack : String(error));
    assert.doesNotMatch(error.message, /undefined|\[object/);
  }
  assert.ok(performance.now() - started < longestMs, 'took too long');
}

const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 8 });

/** Flips bits of the bytes at positions taken modulo `within`. */
function flipped(bytes: Uint8Array, changes: [number, number][], within = bytes.length): Uint8Array {
  const result = bytes.slice();
  for (const [at, mask] of changes) result[at % within] = (result[at % within] ?? 0) ^ mask;
  return result;
}

const report = { verbose: 0, endOnFailure: true } as const;

for (const [name, bytes] of Object.entries({ supernet, computing })) {
  test(`${name}: cut short anywhere, it is refused or read`, () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => survives(bytes.subarray(0, length))),
      { ...report, numRuns: runs / 8 },
    );
  });
}

test('a graph that computes its shapes, with bytes flipped', () => {
  fc.assert(
    fc.property(flips, (changes) => survives(flipped(computing, changes))),
    { ...report, numRuns: runs / 2 },
  );
});

test('the quick start model, with bytes of its graph flipped', () => {
  // Most of the file is weights; the graph stands at its beginning.
  fc.assert(
    fc.property(flips, (changes) => survives(flipped(supernet, changes, 6000))),
    { ...report, numRuns: runs / 8 },
  );
});

test('any operator with any inputs and attributes', () => {
  const known = Object.values(operatorsKnown()).flat();
  const shape = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom('N', 'M', '?')), { maxLength: 5 });
  const input = fc.oneof(
    shape,
    fc.array(fc.integer({ min: -9, max: 2 ** 40 }), { maxLength: 6 }).map((of) => ({ of })),
  );
  const ints = fc.array(fc.bigInt({ min: -3n, max: 9n }), { maxLength: 6 });
  const names = 'axis axes perm pads strides kernel_shape group to keepdims k blocksize hidden_size transA dilations';
  const attributes = fc.dictionary(
    fc.constantFrom(...names.split(' ')),
    fc.oneof(fc.integer({ min: -5, max: 9 }), ints),
    { maxKeys: 4 },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...known),
      fc.constantFrom('', 'com.microsoft'),
      fc.array(input, { maxLength: 5 }),
      attributes,
      fc.integer({ min: 1, max: 27 }),
      (operator, domain, given, extra, opset) => {
        const node = makeNode(
          operator,
          'node',
          given.map((_, index) => `i${index}`),
          ['y', 'z'],
          extra,
        );
        node.domain = domain;
        const inputs = given.flatMap((each, index) => (Array.isArray(each) ? [[`i${index}`, each] as const] : []));
        const initializers = given.flatMap((each, index) => ('of' in each ? [int64(`i${index}`, ...each.of)] : []));
        survives(
          encode(modelWith({ inputs: Object.fromEntries(inputs), initializers, nodes: [node], outputs: ['y'], opset })),
        );
      },
    ),
    { ...report, numRuns: runs / 2 },
  );
});
