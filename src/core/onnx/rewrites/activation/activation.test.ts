import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RewriteCase } from '../../../../../test/contract/rewrite.ts';
import { rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, families, floatInput } from '../../../../../test/contract/rewrite-models.ts';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { batch } from '../../../../worker/dataset.ts';
import { observe } from '../../../../worker/observe.ts';
import { encode, type Model } from '../../model.ts';
import { inferShapes } from '../../shapes/infer.ts';
import { cleanUp } from '../clean-up/clean-up.ts';
import { activation } from './activation.ts';
import { fitRamp, normal } from './fit.ts';
import { activations } from './functions.ts';
import { patterns } from './patterns.ts';

const cleaned = (each: RewriteCase) => ({ ...each, name: `${each.name}, cleaned up`, model: cleanUp(each.model) });
rewriteContract(activation, [...families(), ...families().map(cleaned)]);

const named = (name: string) => activations.find((each) => each.name === name) ?? assert.fail(name);

test('activations are known by what they compute, however they are written', () => {
  const b = new Builder(1);
  const half = (x: string) => b.op('Mul', [x, b.scalar(0.5)]);
  const erf = (x: string) => b.op('Add', [b.scalar(1), b.op('Erf', [b.op('Mul', [x, b.scalar(Math.SQRT1_2)])])]);
  const cube = (x: string) => b.op('Pow', [x, b.scalar(3)]);
  const inner = (x: string) => b.op('Add', [x, b.op('Mul', [cube(x), b.scalar(0.044715)])]);
  const tanh = (x: string) => b.op('Tanh', [b.op('Mul', [inner(x), b.scalar(Math.sqrt(2 / Math.PI))])]);
  const relu6 = (x: string) => b.op('Clip', [b.op('Add', [x, b.scalar(3)]), b.scalar(0), b.scalar(6)]);
  const written: [string, (x: string) => string][] = [
    ['Gelu', (x) => b.op('Mul', [half(x), erf(x)])],
    ['Gelu', (x) => b.gelu(x)],
    ['FastGelu', (x) => b.op('Mul', [half(x), b.op('Add', [tanh(x), b.scalar(1)])])],
    ['Silu', (x) => b.op('Mul', [b.op('Sigmoid', [x]), x])],
    ['QuickGelu', (x) => b.op('Mul', [x, b.op('Sigmoid', [b.op('Mul', [x, b.scalar(1.702)])])])],
    ['HardSwish', (x) => b.op('Div', [b.op('Mul', [x, relu6(x)]), b.scalar(6)])],
    ['Mish', (x) => b.op('Mul', [x, b.op('Tanh', [b.op('Softplus', [x])])])],
    ['HardSigmoid', (x) => b.op('Div', [relu6(x), b.scalar(6)])],
    ['Tanh', (x) => b.op('Tanh', [x])],
  ];
  let x = 'x';
  for (const [, write] of written) x = write(b.dense(x, 4, 4));
  const found = patterns(b.model({ x: ['N', 4] }, [x]).graph).map((each) => each.activation.name);
  assert.deepEqual(
    found,
    written.map(([name]) => name),
  );
});

test('a value inside that somebody else reads keeps the pattern from being taken', () => {
  const b = new Builder(1);
  const gate = b.op('Sigmoid', [b.dense('x', 4, 4)]);
  const y = b.op('Mul', [b.nodes.at(-1)?.input[0] ?? '', gate]);
  const names = patterns(b.model({ x: ['N', 4] }, [y, gate]).graph).map((each) => each.activation.name);
  assert.deepEqual(names, ['Sigmoid']);
});

test('a fitted ramp is never worse than a Relu, and exact where the curve is a ramp', () => {
  const curves = ['Gelu', 'HardSwish', 'Silu', 'Mish', 'Softplus', 'Elu'];
  const mean = fc.double({ min: -4, max: 4, noNaN: true });
  const deviation = fc.double({ min: 0.05, max: 4, noNaN: true });
  fc.assert(
    fc.property(fc.constantFrom(...curves), mean, deviation, fc.boolean(), (name, centre, width, shifted) => {
      const { curve } = named(name);
      const { scale, offset, shift, error } = fitRamp(curve, centre, width, shifted);
      const { x, weight } = normal(centre, width);
      const squares = (of: (x: number) => number) =>
        x.reduce((sum, each, i) => sum + (weight[i] ?? 0) * (of(each) - curve(each)) ** 2, 0);
      assert.ok(scale >= 0);
      const found = squares((each) => Math.max(0, scale * each + offset) + shift);
      assert.ok(Math.abs(found - error) < 1e-6 * (1 + found), `${found} is said to be ${error}`);
      // The kink is searched in steps of a thirty-second of the deviation.
      assert.ok(found <= squares((each) => Math.max(0, each)) * 1.02 + 1e-4 * width ** 2);
      const exact = fitRamp((each) => Math.max(0, 2 * each + 1), centre, width, shifted);
      assert.ok(exact.error < 2e-3 * width ** 2, `${exact.error}`);
    }),
  );
});

async function distances(name: string, choices: readonly number[]): Promise<number[]> {
  const b = new Builder(5);
  const write = (x: string) => (name === 'Gelu' ? b.gelu(x) : b.op(name, [x]));
  const y = b.dense(write(b.dense('x', 16, 32)), 32, 8);
  const model = b.model({ x: ['N', 16] }, [y], 18);
  const data = { ...floatInput('x', [16]) };
  const outputs = async (each: Model) => {
    const session = await engine.load(encode(each), { threads: 1, graphOptimization: 'All' });
    const result = await session.run(batch(data, 0, data.rows));
    await session.release();
    return result[y]?.data as Float32Array;
  };
  const expected = await outputs(model);
  const norm = Math.hypot(...expected);
  const [site] = activation.sites(model, inferShapes(model));
  return Promise.all(
    choices.map(async (chosen) => {
      const selection = { [site?.id ?? '']: chosen };
      const observed = await observe(engine, model, activation.needs(model, selection), data);
      const found = await outputs(activation.rewrite(model, selection, observed));
      return Math.hypot(...found.map((value, i) => value - (expected[i] ?? 0))) / norm;
    }),
  );
}

test('one operator is exact, FastGelu nearly so, piecewise and fitted ones are close', async () => {
  const [one = 1, fast = 1, piecewise = 1, ramp = 1] = await distances('Gelu', [1, 2, 3, 4]);
  assert.ok(one < 1e-5 && fast < 2e-3, `${one} ${fast}`);
  assert.ok(piecewise < 0.06 && piecewise > fast, `${piecewise}`);
  assert.ok(ramp < 0.12, `${ramp}`);
  for (const name of ['HardSwish', 'Softplus', 'Elu', 'Tanh', 'Sigmoid']) {
    const [away = 1] = await distances(name, [4]);
    assert.ok(away < 0.15, `${name}: ${away}`);
  }
});
