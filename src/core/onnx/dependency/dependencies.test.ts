import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  denseNet,
  groupedNet,
  mlp,
  mobileNet,
  Net,
  residualNet,
  transformer,
} from '../../../../test/rewrites/networks.ts';
import type { Model } from '../model.ts';
import { inferShapes } from '../shapes/infer.ts';
import { dependencies } from './dependencies.ts';
import { regroupedAxes } from './regroup.ts';

const of = (model: Model) => dependencies(model, inferShapes(model));
const summary = (model: Model) =>
  of(model).groups.map(({ id, units, producers, consumers, heads }) => {
    return `${id}: ${units.length}${heads ? ' heads' : ''}, ${producers.length} → ${consumers.length}`;
  });

test('groups follow residual adds, gates, depthwise and grouped convolutions, concatenations and splits', () => {
  assert.deepEqual(summary(residualNet()), ['conv_0: 8, 3 → 3', 'conv_2: 12, 1 → 1', 'conv_9: 12, 1 → 1']);
  assert.deepEqual(summary(mobileNet()), ['conv_0: 16, 2 → 2', 'conv_6: 8, 1 → 1', 'conv_11: 8, 1 → 1']);
  // Four groups of 4 channels in and 6 out: a unit is one channel of each; the shuffle ties channels in pairs.
  assert.deepEqual(summary(groupedNet()), ['conv_0: 4, 1 → 1', 'conv_2: 6, 1 → 1', 'conv_4: 4, 1 → 1']);
  assert.deepEqual(summary(denseNet()), [
    ...['conv_0: 8, 1 → 3', 'conv_3: 8, 1 → 2', 'conv_7: 8, 1 → 1', 'conv_10: 8, 1 → 1', 'convtranspose_14: 8, 1 → 1'],
  ]);
  assert.deepEqual(summary(mlp()), ['matmul_0: 32, 1 → 1', 'gemm_7: 24, 1 → 1', 'matmul_9: 16, 1 → 1']);
});

test('heads are found whichever way their sizes are written, and nothing else of a transformer block may go', () => {
  for (const sizes of ['constant', 'computed', 'joined'] as const) {
    const model = transformer(sizes);
    const [heads, neurons, ...others] = summary(model).map((text) => text.replace(/^[^:]*: /, ''));
    assert.equal(heads, `4 heads, ${sizes === 'joined' ? 1 : 3} → 1`);
    assert.deepEqual([neurons, others], ['32, 1 → 1', []]);
    const reasons = new Set(of(model).refused.map(({ reason }) => reason));
    assert.deepEqual([...reasons], ['it is normalised over']);
  }
});

test('a head is its columns in each projection', () => {
  const model = transformer('joined');
  const { groups, unitsOf } = of(model);
  const [heads] = groups;
  const projection = heads?.producers[0]?.input[1] ?? '';
  const columns = unitsOf(projection, 1) ?? [];
  // Query, key and value stand one after the other, four heads of four columns each.
  columns.forEach((unit, column) => {
    assert.equal(unit, heads?.units[Math.floor(column / 4) % 4]);
  });
  assert.equal(columns.length, 48);
});

/** Channels between two convolutions with an operator between them: undefined, or why they must stay. */
function reasonFor(build: (net: Net, x: string) => string, channels = 8): string | undefined {
  const net = new Net(1);
  const middle = build(net, net.conv('x', 3, 8, 1));
  const { groups, refused } = of(net.model(['N', 3, 4, 4], net.conv(middle, channels, 2, 1)));
  return groups.some(({ id }) => id === 'conv_0') ? undefined : refused[0]?.reason;
}

test('what works on all channels at once keeps them', () => {
  const reasons: [string | undefined, RegExp][] = [
    [reasonFor((net, x) => net.op('Softmax', [x], { axis: 1 })), /normalised/],
    [reasonFor((net, x) => net.op('LRN', [x], { size: 3 })), /normalised/],
    [reasonFor((net, x) => net.op('CumSum', [x, net.scalarInt(1)])), /positions/],
    [reasonFor((net, x) => net.op('DepthToSpace', [x], { blocksize: 2 }), 2), /DepthToSpace/],
    [reasonFor((net, x) => net.op('ReduceMax', [x], { axes: [1n] }), 1), /runs over/],
    [reasonFor((net, x) => net.op('Slice', [x, net.ints(1), net.ints(7), net.ints(1)]), 6), /positions/],
  ];
  for (const [reason, expected] of reasons) assert.match(reason ?? 'nothing', expected);
});

test('what works channel by channel, or elsewhere, lets them go', () => {
  const passes: ((net: Net, x: string) => string)[] = [
    (net, x) => net.op('Softmax', [x], { axis: 3 }),
    (net, x) => net.op('InstanceNormalization', [x, net.weight([8]), net.weight([8])]),
    (net, x) => net.op('Slice', [x, net.ints(0), net.ints(2), net.ints(2)]),
    (net, x) => net.op('Pad', [x, net.ints(0, 0, 1, 1, 0, 0, 1, 1)]),
    (net, x) => net.op('Where', [net.op('Greater', [x, net.scalar(0)]), x, net.weight([8, 1, 1])]),
    (net, x) =>
      net.op('Unsqueeze', [net.op('Squeeze', [net.op('GlobalMaxPool', [x]), net.ints(2, 3)]), net.ints(2, 3)]),
    (net, x) => net.op('Expand', [net.op('GlobalAveragePool', [x]), net.ints(1, 8, 4, 4)]),
    (net, x) => net.op('Tile', [x, net.ints(1, 1, 2, 2)]),
  ];
  for (const build of passes) assert.equal(reasonFor(build), undefined, String(build));
});

test('weights of another type than FLOAT keep what they meet', () => {
  const net = new Net(2);
  const weights = net.conv('x', 3, 8, 1);
  const model = net.model(['N', 3, 4, 4], net.conv(weights, 8, 2, 1));
  const conv = model.graph.node[1];
  const weight = model.graph.initializer.find(({ name }) => name === conv?.input[1]);
  assert.ok(weight);
  weight.dataType = 11;
  weight.rawData = new Uint8Array(weight.rawData.length * 2);
  assert.match(
    of(model)
      .refused.map(({ reason }) => reason)
      .join(),
    /FLOAT/,
  );
  assert.deepEqual(of(model).groups, []);
});

test('a Reshape is cut into stretches that hold the same elements', () => {
  const axes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(axes, fc.array(fc.nat(4), { maxLength: 3 }), (shape, merges) => {
      const output = [...shape];
      for (const at of merges)
        if (at + 1 < output.length) output.splice(at, 2, (output[at] ?? 1) * (output[at + 1] ?? 1));
      const found = regroupedAxes(shape, output);
      const size = (sizes: number[], of: number[]) => of.reduce((product, axis) => product * (sizes[axis] ?? 0), 1);
      for (const { inputs, outputs } of found) assert.equal(size(shape, inputs), size(output, outputs));
      const covered = found.flatMap(({ inputs }) => inputs);
      assert.equal(new Set(covered).size, covered.length);
      const left = shape.filter((each, axis) => each > 1 && !covered.includes(axis));
      assert.deepEqual(left, []);
    }),
    { seed: 3 },
  );
  assert.deepEqual(regroupedAxes(['N', 'S', 384], ['?', '?', 12, 32]), [{ inputs: [2], outputs: [2, 3] }]);
  assert.deepEqual(regroupedAxes(['N', 'S', 384], ['2*N', 384]), [{ inputs: [2], outputs: [1] }]);
});
