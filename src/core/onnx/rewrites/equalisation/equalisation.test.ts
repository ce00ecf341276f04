import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changed, distance, norm, outputOf, sitesOf } from '../../../../../test/contract/changed.ts';
import { type RewriteCase, rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, families, floatInput } from '../../../../../test/contract/rewrite-models.ts';
import { unevenCnn, unevenTransformer } from '../../../../../test/rewrites/uneven.ts';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { inPrecision } from '../../../../worker/derive/precision.ts';
import { observe } from '../../../../worker/observe.ts';
import { decode, encode, type Model } from '../../model.ts';
import { inferShapes } from '../../shapes/infer.ts';
import { everywhere, precision } from '../precision/precision.ts';
import { equalisation, everyPlace } from './equalisation.ts';
import { balanced } from './scales.ts';

const uneven = [unevenCnn(), unevenTransformer()];
const rewrite = equalisation();

rewriteContract(rewrite, [...families(), ...uneven]);

const everywhereIn = (model: Model) => everyPlace(sitesOf(rewrite, model));

/** The largest magnitude of a place's channels by their geometric mean, at each tensor that is looked at. */
async function unevenness(model: Model, tensors: { tensor: string; axis: number }[], { calibration }: RewriteCase) {
  const observed = await observe(
    engine,
    model,
    tensors.map(({ tensor, axis }) => ({ kind: 'bounds', tensor, axis })),
    calibration,
  );
  return tensors.map(({ tensor, axis }) => {
    const { min, max } = observed.bounds(tensor, axis);
    const peaks = max.map((high, c) => Math.max(high, -(min[c] ?? 0))).filter((peak) => peak > 0);
    const mean = Math.exp(peaks.reduce((sum, peak) => sum + Math.log(peak), 0) / peaks.length);
    return Math.max(...peaks) / mean;
  });
}

for (const one of uneven) {
  const { name, model, calibration } = one;

  test(`${name} computes what it computed, and its channels are more alike`, async () => {
    const selection = everywhereIn(model);
    assert.equal(Object.keys(selection).length, 4);
    const even = await changed(rewrite, model, selection, calibration);
    const [before, after] = [await outputOf(model, calibration), await outputOf(even, calibration)];
    assert.ok(distance(after, before) < 1e-4 * norm(before));
    const tensors = rewrite.needs(model, selection).flatMap((need) => (need.kind === 'bounds' ? [need] : []));
    const [then, now] = [await unevenness(model, tensors, one), await unevenness(even, tensors, one)];
    tensors.forEach(({ tensor }, i) => {
      assert.ok((now[i] ?? 0) < 0.7 * (then[i] ?? 0), `${tensor}: ${then[i]} became ${now[i]}`);
    });
  });

  test(`INT8Static of ${name} is far closer to FP32, by the same operators`, async () => {
    const plain = precision();
    const selection = everywhere(plain.sites(model, inferShapes(model)), 'INT8Static');
    const without = await changed(plain, model, selection, calibration);
    const made = await inPrecision({ engine }, model, 'INT8Static', calibration);
    const expected = await outputOf(model, calibration);
    const lost = async (each: Model) => distance(await outputOf(each, calibration), expected) / norm(expected);
    const [before, after] = [await lost(without), await lost(made)];
    assert.ok(after < before / 3, `${before} became ${after}`);
    const operators = async (each: Model) => {
      const run = decode(await engine.optimise(encode(each), { threads: 1, graphOptimization: 'All' }));
      return run.graph.node.map(({ opType = '' }) => opType).sort();
    };
    assert.deepEqual(await operators(made), await operators(without));
  });
}

test('channels that are alike stay as they are, to the byte', async () => {
  const b = new Builder(4);
  const x = b.op('Relu', [b.conv('x', 3, 8, 3)]);
  const data = floatInput('x', [3, 8, 8]);
  const model = b.model({ x: ['N', 3, 8, 8] }, [b.conv(x, 8, 8, 3)]);
  const selection = everywhereIn(model);
  assert.equal(Object.keys(selection).length, 1);
  const names = ({ graph }: Model) => graph.initializer.map(({ name }) => name);
  assert.deepEqual(names(await changed(rewrite, model, selection, data)), names(model));
});

/** What stands between two convolutions of 8 channels; none of it lets factors pass unchanged to the second alone. */
const closed: Record<string, (b: Builder, x: string) => string> = {
  'an activation with a bend elsewhere': (b, x) => b.op('HardSwish', [x]),
  'a clipping': (b, x) => b.op('Clip', [x, b.scalar(0), b.scalar(6)]),
  'a value that is read elsewhere': (b, x) => b.op('Add', [x, b.op('Sigmoid', [x])]),
  'a product of a value and what is made of it': (b, x) => b.op('Mul', [x, b.op('Relu', [x])]),
  'a square': (b, x) => b.op('Mul', [x, x]),
  'channels mixed by a shape': (b, x) => b.op('Reshape', [x, b.sizes(0, 8, 4, 16)]),
  'channels that become pixels': (b, x) => b.op('Transpose', [x], { perm: [0, 2, 1, 3] }),
};

for (const [what, between] of Object.entries(closed)) {
  test(`${what} is no place`, () => {
    const b = new Builder(5);
    const made = between(b, b.conv('x', 3, 8, 3));
    const model = b.model({ x: ['N', 3, 8, 8] }, [b.conv(made, 8, 8, 1)]);
    assert.deepEqual(sitesOf(rewrite, model), []);
  });
}

test('a value that the graph returns is no place', () => {
  const b = new Builder(5);
  const x = b.op('Relu', [b.conv('x', 3, 8, 3)]);
  const model = b.model({ x: ['N', 3, 8, 8] }, [b.conv(x, 8, 8, 1), x]);
  assert.deepEqual(sitesOf(rewrite, model), []);
});

test('the values of attention are scaled behind their heads, queries and keys are not', () => {
  const { model } = unevenTransformer();
  const places = sitesOf(rewrite, model).map(({ id }) => id);
  const products = model.graph.node.filter(({ opType }) => opType === 'MatMul').map(({ name }) => name ?? '');
  const [query = '', key = '', , value = ''] = products;
  assert.ok(places.includes(value), places.join(', '));
  assert.ok(!places.includes(query) && !places.includes(key), places.join(', '));
});

test('scales are finite and bounded, 1 for dead channels, and about 1 in the geometric mean', () => {
  const size = fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e3, noNaN: true }));
  const channels = fc.array(fc.tuple(size, size), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(channels, fc.double({ min: 0, max: 1, noNaN: true }), (each, alpha) => {
      const [activations, weights] = [0, 1].map((i) => Float64Array.from(each, (pair) => pair[i] ?? 0));
      assert.ok(activations && weights);
      const scales = balanced(activations, weights, alpha);
      for (const [c, scale] of scales.entries()) {
        assert.ok(scale >= 1 / 64.001 && scale <= 64.001, `${scale}`);
        if (activations[c] === 0 || weights[c] === 0) assert.equal(scale, 1);
      }
      const logs = scales.map(Math.log);
      const clamped = logs.some((value) => Math.abs(value) > Math.log(63.9));
      if (!clamped) assert.ok(Math.abs(logs.reduce((sum, value) => sum + value, 0)) < 1e-6 * scales.length);
    }),
  );
});
