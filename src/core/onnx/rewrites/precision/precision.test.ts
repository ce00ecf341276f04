import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { type RewriteCase, rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { type Dataset, dataset } from '../../../../worker/dataset.ts';
import { leftoverWeights } from '../../../../worker/leftovers.ts';
import { observe } from '../../../../worker/observe.ts';
import { foldBatchNorms } from '../../batch-norm.ts';
import { modelWith } from '../../fixtures.ts';
import { makeNode } from '../../graph.ts';
import { decode, encode, type Model } from '../../model.ts';
import { prepare } from '../../prepare.ts';
import { inferShapes } from '../../shapes/infer.ts';
import { parseManifest, slice } from '../../supernet.ts';
import { tensor } from '../../tensors.ts';
import type { Selection } from '../rewrite.ts';
import { blocksOf } from './blocks.ts';
import { type Compensation, compensationOf } from './compensation.ts';
import type { PrecisionOptions } from './format.ts';
import { everywhere, precision } from './precision.ts';
import { codeOf, type LayerPrecision } from './precisions.ts';
import { mlp, normals, residualCnn, transformerBlock } from './test-models.ts';
import { quantizeChannels } from './weights.ts';

const options = { threads: 1, graphOptimization: 'All' } as const;
const rows = 24;
const inputOf = (data: Float32Array, shape: number[]): Dataset => ({
  rows,
  inputs: { x: { type: 'FP32', shape: [rows, ...shape], data } },
});
const draw = normals(5);
const noise = (shape: number[]) => inputOf(draw(rows * shape.reduce((product, size) => product * size, 1)), shape);

function quickstart(): RewriteCase {
  const read = (name: string) => new Uint8Array(readFileSync(`examples/quickstart/${name}`));
  const supernet = prepare(decode(read('supernet.onnx')));
  const manifest = parseManifest(new TextDecoder().decode(read('supernet.json')));
  const choices = { 'stage1.depth': 2, 'stage1.width': 16, 'stage2.depth': 2, 'stage2.width': 32 };
  const calibration = dataset(read('calibration.npz'), [{ name: 'image', type: 'UINT8', shape: [-1, 1, 28, 28] }]);
  const { image } = calibration.inputs;
  assert.ok(image);
  const few = { ...image, shape: [rows, 1, 28, 28], data: image.data.slice(0, rows * 784) };
  const model = foldBatchNorms(slice(supernet, manifest, choices));
  return { name: 'a slice of the supernet', model, calibration: { rows, inputs: { image: few } } };
}

const tokens = inputOf(
  draw(rows * 8).map((value) => Math.min(99, Math.floor(Math.abs(value) * 40))),
  [8],
);
const cnn: RewriteCase = { name: 'a residual CNN', model: residualCnn(), calibration: noise([3, 16, 16]) };
const dense: RewriteCase = { name: 'an MLP', model: mlp(), calibration: noise([48]) };
const transformer: RewriteCase = { name: 'a transformer block', model: transformerBlock(), calibration: tokens };
const cases = [quickstart(), dense, transformer, cnn];

rewriteContract(precision(), cases);

const sitesOf = (model: Model) => precision().sites(model, inferShapes(model));

async function rewritten({ model, calibration }: RewriteCase, selection: Selection, more?: Partial<PrecisionOptions>) {
  const rewrite = precision(more);
  return rewrite.rewrite(model, selection, await observe(engine, model, rewrite.needs(model, selection), calibration));
}

async function run(model: Model, { inputs }: Dataset): Promise<Record<string, number[]>> {
  const session = await engine.load(encode(model), options);
  try {
    const outputs = await session.run(inputs);
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data, Number)]));
  } finally {
    await session.release();
  }
}

function cosine(a: readonly number[] = [], b: readonly number[] = []): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const optimised = async (model: Model) => decode(await engine.optimise(encode(model), options));
const countOf = ({ graph }: Model, operator: string) => graph.node.filter(({ opType }) => opType === operator).length;

/** How close whole-model precisions stay to FLOAT, on weights drawn at random: 4 bits cost more than 8. */
const closeness: [LayerPrecision, number][] = [
  ['INT8Static', 0.995],
  ['INT8Dynamic', 0.995],
  ['INT4', 0.97],
  ['FP16', 0.999999],
];

describe('a precision for the whole model', () => {
  for (const one of cases) {
    for (const [wanted, least] of closeness) {
      test(`${wanted} of ${one.name} is close to FP32, and no weight is dequantised when it runs`, async () => {
        const selection = everywhere(sitesOf(one.model), wanted);
        const model = await rewritten(one, selection);
        assert.deepEqual(await leftoverWeights(engine, model, options), []);
        const [expected, found] = [await run(one.model, one.calibration), await run(model, one.calibration)];
        for (const [name, values] of Object.entries(expected)) {
          const like = cosine(values, found[name]);
          assert.ok(like > least, `${name}: ${like}`);
        }
      });
    }
  }
});

test('any mixture leaves no weight to dequantise, and stays close', async () => {
  for (const one of [dense, transformer, cnn]) {
    const expected = await run(one.model, one.calibration);
    const mixtures = fc.record(
      Object.fromEntries(
        sitesOf(one.model).map(({ id, choices }) => [id, fc.constantFrom(...choices.filter((code) => code > 0))]),
      ),
    );
    await fc.assert(
      fc.asyncProperty(mixtures, async (selection) => {
        const model = await rewritten(one, selection);
        assert.deepEqual(await leftoverWeights(engine, model, options), []);
        const found = await run(model, one.calibration);
        for (const [name, values] of Object.entries(expected)) assert.ok(cosine(values, found[name]) > 0.99, name);
      }),
      { numRuns: 8, seed: 3 },
    );
  }
});

describe('the kernels that run', () => {
  const kernels = async (one: RewriteCase, wanted: LayerPrecision) =>
    optimised(await rewritten(one, everywhere(sitesOf(one.model), wanted)));

  test('a static CNN is 8 bits from its first layer to its last', async () => {
    const model = await kernels(cnn, 'INT8Static');
    assert.equal(countOf(model, 'QLinearConv'), 7);
    assert.equal(countOf(model, 'Conv'), 0);
    assert.equal(countOf(model, 'QuantizeLinear'), 1);
    // One for the layer whose FLOAT is an output of the graph.
    assert.equal(countOf(model, 'DequantizeLinear'), 1);
    for (const operator of ['QLinearAdd', 'QLinearConcat', 'QLinearSigmoid', 'QLinearLeakyRelu']) {
      assert.equal(countOf(model, operator), 1, operator);
    }
    for (const operator of ['Relu', 'Clip', 'HardSwish', 'Add', 'Mul']) assert.equal(countOf(model, operator), 0);
  });

  test('a static MLP passes codes from product to product, biases and Relus inside', async () => {
    const model = await kernels(dense, 'INT8Static');
    const operators = model.graph.node.map(({ opType }) => opType);
    assert.deepEqual(operators, ['QuantizeLinear', 'QGemm', 'QGemm', 'QGemm', 'MatMulIntegerToFloat']);
  });

  test('dynamic layers that read the same tensor quantise it once', async () => {
    const model = await rewritten(transformer, everywhere(sitesOf(transformer.model), 'INT8Dynamic'));
    // q, k and v read one tensor; out, up and down one each.
    assert.equal(countOf(model, 'DynamicQuantizeLinear'), 4);
    assert.equal(countOf(model, 'MatMulIntegerToFloat'), 6);
    assert.equal(countOf(model, 'Add'), countOf(transformer.model, 'Add') - 6);
  });

  test('Q and DQ stand only where precisions meet', async () => {
    const selection = { one: codeOf('INT8Static'), two: codeOf('INT8Static') };
    const model = await rewritten(cnn, selection);
    assert.equal(countOf(model, 'QuantizeLinear'), 1);
    assert.equal(countOf(model, 'DequantizeLinear'), 1);
  });
});

test('weights of seven bits stay in the middle half of the codes', async () => {
  const selection = everywhere(sitesOf(cnn.model), 'INT8Static');
  const { graph } = await rewritten(cnn, selection, { weightBits: 7 });
  const weights = graph.initializer.filter(({ name }) => name.endsWith('weight_int8'));
  assert.ok(weights.length > 5);
  for (const { rawData } of weights) {
    const codes = new Int8Array(rawData.buffer, rawData.byteOffset, rawData.length);
    assert.equal(
      codes.reduce((most, code) => Math.max(most, Math.abs(code)), 0),
      63,
    );
  }
});

test('repaired biases bring the mean output of a layer back', async () => {
  // Inputs far from zero: an error in a weight shifts the output.
  const calibration = inputOf(
    draw(rows * 48).map((value) => value + 3),
    [48],
  );
  const [matMul, add] = mlp().graph.node;
  assert.ok(matMul && add);
  const initializers = mlp().graph.initializer.filter(({ name }) => name === 'w1' || name === 'b1');
  const model = modelWith({ inputs: { x: ['N', 48] }, initializers, nodes: [matMul, add], outputs: ['a1'], opset: 17 });
  const layer = { name: 'a layer', model, calibration };
  const means = async (each: Model) => {
    const { a1 = [] } = await run(each, calibration);
    return Array.from({ length: 64 }, (_, c) =>
      a1.reduce((sum, value, i) => (i % 64 === c ? sum + value / rows : sum), 0),
    );
  };
  const target = await means(model);
  const shift = async (repair: boolean) => {
    const found = await means(await rewritten(layer, { fc1: codeOf('INT8Dynamic') }, { weightBits: 7, repair }));
    return found.reduce((sum, value, c) => sum + Math.abs(value - (target[c] ?? 0)), 0);
  };
  const [plain, repaired] = [await shift(false), await shift(true)];
  assert.ok(repaired < plain / 2, `${repaired} against ${plain}`);
});

test('searched scales never have a larger squared error than those of the largest magnitude', () => {
  const matrices = fc.record({ seed: fc.integer({ min: 1, max: 1e6 }), levels: fc.constantFrom(7, 63, 127) });
  fc.assert(
    fc.property(matrices, ({ seed, levels }) => {
      // Cubes have the long tails that clipping is for.
      const data = normals(seed)(32 * 16).map((value) => value ** 3);
      for (const inner of [1, 8]) {
        const weights = { data, channels: 16, inner };
        const error = (search: boolean) => {
          const { values, scales } = quantizeChannels(weights, { levels, search });
          const of = (i: number) => Math.floor(i / inner) % 16;
          return data.reduce((sum, w, i) => sum + (w - (values[i] ?? 0) * (scales[of(i)] ?? 0)) ** 2, 0);
        };
        assert.ok(error(true) <= error(false) * (1 + 1e-6));
      }
    }),
  );
});

test('blocks of four bits, unpacked as the kernel unpacks them, have the error that they say', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 80 }), fc.boolean(), (seed, k, shifted) => {
      const n = 5;
      const matrix = normals(seed)(k * n);
      const { codes, scales, zeroPoints, error } = blocksOf(matrix, k, n, { size: 32, zeroPoints: shifted });
      const blocks = Math.ceil(k / 32);
      const half = (bytes: Uint8Array, at: number, i: number) =>
        ((bytes[at + (i >> 1)] ?? 0) >> (i % 2 === 0 ? 0 : 4)) & 15;
      let sum = 0;
      for (let column = 0; column < n; column++) {
        for (let row = 0; row < k; row++) {
          const block = column * blocks + Math.floor(row / 32);
          const zero = zeroPoints ? half(zeroPoints, column * Math.ceil(blocks / 2), Math.floor(row / 32)) : 8;
          const value = (half(codes, block * 16, row % 32) - zero) * (scales[block] ?? 0);
          sum += ((matrix[row * n + column] ?? 0) - value) ** 2;
        }
      }
      assert.ok(Math.abs(sum - error) <= 1e-4 * Math.max(sum, 1e-6), `${sum} against ${error}`);
    }),
  );
});

test('weights that make up for each other leave less of their errors in the output, on inputs that go together', () => {
  // Of one matrix in a hundred it may be a little more: what rounds one weight up can round the next one down.
  const ratios = Array.from({ length: 30 }, (_, seed) => {
    const [n, count, k] = [6, 300, 8 + 2 * seed];
    const random = normals(seed + 1);
    const [matrix, common] = [random(k * n), random(count)];
    const inputs = random(count * k).map((value, i) => 0.3 * value + (common[Math.floor(i / k)] ?? 0) + 1);
    const x = Matrix.from1DArray(count, k, inputs);
    const mean = Float64Array.from({ length: k }, (_, c) =>
      x.getColumn(c).reduce((sum, value) => sum + value / count, 0),
    );
    const moments = { count, mean, second: x.transpose().mmul(x).div(count) };
    const centred = Matrix.sub(x, Matrix.ones(count, 1).mmul(Matrix.rowVector([...mean])));
    const leaves = (compensation?: Compensation) => {
      const { lost } = blocksOf(matrix, k, n, { size: 32, zeroPoints: false, compensation });
      return centred.mmul(Matrix.from1DArray(k, n, lost)).norm('frobenius');
    };
    return leaves(compensationOf(moments)) / leaves();
  });
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  assert.ok(mean < 0.8 && Math.max(...ratios) < 1.1, `${mean.toFixed(3)} on average, at most ${Math.max(...ratios)}`);
});

test('what is quantised already, or too old, is not offered', async () => {
  const selection = everywhere(sitesOf(cnn.model), 'INT8Static');
  const model = await rewritten(cnn, selection);
  assert.deepEqual(sitesOf(model), []);
  const old = mlp();
  for (const entry of old.opsetImport) entry.version = 10n;
  assert.deepEqual(sitesOf(old), []);
});

test('a layer that nothing is known to be able to run is not offered', () => {
  const w = tensor('w', new Float32Array(6), [3, 2]);
  const node = makeNode('Gemm', 'turned', ['x', 'w'], ['y'], { transA: 1 });
  const turned = modelWith({ inputs: { x: [3, 'N'] }, initializers: [w], nodes: [node], outputs: ['y'] });
  assert.deepEqual(sitesOf(turned), []);
  const small = makeNode('MatMul', 'small', ['x', 'w'], ['y']);
  const [site] = sitesOf(modelWith({ inputs: { x: ['N', 3] }, initializers: [w], nodes: [small], outputs: ['y'] }));
  assert.ok(site && !site.choices.includes(codeOf('INT4')));
});
