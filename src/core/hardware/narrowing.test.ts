import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Precision } from '../../api/candidate.ts';
import { Abilities, HardwareFacts, type KernelKind } from '../../api/hardware-profile.ts';
import { Work } from '../../api/work.ts';
import type { Space } from '../search/space.ts';
import h200 from './h200.fixture.json' with { type: 'json' };
import { type BaseRun, narrowed, uselessChoices } from './narrowing.ts';

type Rates = Record<string, [gops: number, ...ratios: [Precision, number][]]>;

const abilities = (rates: Rates): Abilities => ({
  ...{ bandwidthGBps: { memory: 10 }, peakGops: { fp32: 1, int8: 1 }, table: `sha256:${'0'.repeat(64)}` },
  kernels: Object.entries(rates).flatMap(([name, [gops, ...ratios]]) => {
    const kind = name as KernelKind;
    const others = ratios.map(([precision, ratio]) => ({ kind, precision, ratio, gops: gops / ratio }));
    return [{ kind, precision: 'FP32' as const, ratio: 1, gops }, ...others];
  }),
});
const base = (layers: { kind: KernelKind; macs: number }[], l2 = 0.5): BaseRun => ({
  work: {
    ...{ macs: 1, bytesMoved: 1, weightBytes: 1, peakActivationBytes: 1, fits: { l2 } },
    parts: layers.map((layer) => ({ ...layer, precision: 'FP32' as const, count: 1, bytes: 0 })),
  },
  p50Ms: 10,
});
const space: Space = {
  dimensions: ['separable', 'tiling', 'depth'].map((name) => ({ name, choices: [0, 100] })),
  precisions: ['FP32', 'INT8Static', 'INT8Dynamic', 'Mixed'],
  engines: [{ threads: 1, graphOptimization: 'All' }],
};
const vnni = abilities({
  Conv: [50, ['INT8Static', 0.3], ['INT8Dynamic', 1]],
  PointwiseConv: [60, ['INT8Static', 0.4], ['INT8Dynamic', 1]],
  DepthwiseConv: [10, ['INT8Static', 1.3], ['INT8Dynamic', 9]],
  MatMul: [60, ['INT8Static', 0.3], ['INT8Dynamic', 0.35]],
});

test('a precision is kept where its kernels are faster for what the model is made of, and dropped with why where not', () => {
  const products = uselessChoices(space, base([{ kind: 'MatMul', macs: 250e6 }]), vnni);
  assert.deepEqual(products, []);
  const mobile = base([
    { kind: 'PointwiseConv', macs: 150e6 },
    { kind: 'DepthwiseConv', macs: 20e6 },
  ]);
  const [dropped, ...others] = uselessChoices(space, mobile, vnni);
  assert.deepEqual([dropped?.choice, others], ['INT8Dynamic', []]);
  assert.match(
    dropped?.reason ?? '',
    /4\.\d+ times what FP32 takes here: depthwise convolutions take 9\.00 times as long/,
  );
});

test('the same model keeps less on a machine without integer kernels', () => {
  const old = abilities({ PointwiseConv: [20, ['INT8Static', 1.1], ['INT8Dynamic', 2]], MatMul: [20] });
  const found = uselessChoices(space, base([{ kind: 'PointwiseConv', macs: 90e6 }]), old);
  assert.deepEqual(
    found.map(({ choice }) => choice),
    ['INT8Static', 'INT8Dynamic'],
  );
  assert.deepEqual(narrowed(space, found).precisions, ['FP32', 'Mixed']);
});

test('a precision that speeds up a small part of the model only is not worth its loss', () => {
  const mostlyOther = base([{ kind: 'MatMul', macs: 6e6 }]);
  const found = uselessChoices(space, mostlyOther, vnni);
  assert.deepEqual(
    found.map(({ choice, reason }) => [choice, reason.includes('times as long')]),
    [
      ['INT8Static', false],
      ['INT8Dynamic', false],
    ],
  );
});

test('rates that say more than was measured count for all of it, no more', () => {
  const [found] = uselessChoices(space, base([{ kind: 'Conv', macs: 1e12 }]), vnni);
  assert.deepEqual([found?.choice, found?.reason.slice(0, 27)], ['INT8Dynamic', 'expected to take 1.00 times']);
});

test('separating and tiling are left out where they gain nothing', () => {
  const slowDepthwise = abilities({ Conv: [100], PointwiseConv: [90], DepthwiseConv: [0.5] });
  const found = uselessChoices({ ...space, precisions: ['FP32'] }, base([], 1), slowDepthwise);
  assert.deepEqual(
    found.map(({ choice }) => choice),
    ['separable', 'tiling'],
  );
  assert.deepEqual(
    narrowed(space, found).dimensions.map(({ name }) => name),
    ['depth'],
  );
});

/** As it was probed, and the vision transformer of the examples as it was measured there, in turns with FP32. */
const recorded = {
  abilities: Abilities.parse(h200.abilities),
  trial: (wanted: string, batchSize: number) => {
    const found = h200.trials.find((trial) => trial.precision === wanted && trial.batchSize === batchSize);
    assert.ok(found);
    return { ...found, work: Work.parse(found.work) };
  },
};
const left = (batchSize: number) => {
  const precisions: Precision[] = ['FP32', 'FP16', 'INT8Static', 'INT4'];
  const { work, p50Ms } = recorded.trial('FP32', batchSize);
  const useless = uselessChoices({ ...space, precisions }, { work, p50Ms }, recorded.abilities);
  return narrowed({ ...space, precisions }, useless).precisions;
};

test('on a GPU, what has no kernel there is left out, and 16 bits are kept where there is enough to compute', () => {
  assert.equal(HardwareFacts.parse(h200.facts).gpu?.name, 'NVIDIA H200');
  assert.deepEqual(left(1024), ['FP32', 'FP16']);
  // Eight images are too few: it launches kernels for most of the time.
  assert.deepEqual(left(8), ['FP32']);
});

test('what was left out on that GPU gained nothing when it was measured, and what was kept did', () => {
  for (const batchSize of [8, 1024]) {
    const kept = left(batchSize);
    for (const name of ['FP16', 'INT8Static', 'INT4'] as const) {
      const { low, high } = recorded.trial(name, batchSize);
      assert.ok(kept.includes(name) ? high < 0.92 : low > 0.92, `${name} at ${batchSize}: ${low} to ${high}`);
    }
  }
});
