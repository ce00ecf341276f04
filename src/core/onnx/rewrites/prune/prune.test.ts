import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  denseNet,
  groupedNet,
  inputs,
  mlp,
  mobileNet,
  Net,
  randoms,
  residualNet,
  transformer,
} from '../../../../../test/rewrites/networks.ts';
import { distance, groupOf, outputOf, pruned, withDeadUnits } from '../../../../../test/rewrites/pruned.ts';
import { initializerOf } from '../../graph.ts';
import type { Model } from '../../model.ts';
import { inferShapes } from '../../shapes/infer.ts';
import { dims } from '../../tensors.ts';
import type { Rewrite } from '../rewrite.ts';
import { notPrunable } from './prune.ts';
import { pruneChannels } from './prune-channels.ts';
import { pruneHeads } from './prune-heads.ts';
import { pruneNeurons } from './prune-neurons.ts';

const networks: [string, Model, number[]][] = [
  ['a residual network', residualNet(), [16, 3, 8, 8]],
  ['a depthwise block with a gate', mobileNet(), [16, 4, 6, 6]],
  ['a grouped Conv and a shuffle', groupedNet(), [16, 4, 5, 5]],
  ['a dense block', denseNet(), [16, 3, 6, 6]],
  ['an MLP', mlp(), [64, 6]],
  ['attention of constant shapes', transformer('constant'), [16, 5, 16]],
  ['attention of computed shapes', transformer('computed'), [16, 5, 16]],
  ['attention of one projection', transformer('joined'), [16, 5, 16]],
];

for (const [name, model, shape] of networks) {
  test(`${name}: units that nothing reads are cut, wherever they stand, and nothing changes`, async () => {
    const random = randoms(11);
    for (const rewrite of [pruneChannels({ roundTo: 1 }), pruneNeurons({ roundTo: 1 }), pruneHeads()]) {
      for (const { id, choices, identity } of rewrite.sites(model, inferShapes(model))) {
        const [fewest = 1] = choices;
        const group = groupOf(model, id);
        const order = [...group.units.keys()].map((index) => [random(), index] as const).sort((a, b) => a[0] - b[0]);
        const dead = new Set(order.slice(fewest).map(([, index]) => index));
        assert.equal(dead.size, identity - fewest);
        const deadened = withDeadUnits(model, group, dead);
        const data = inputs(shape);
        const expected = await outputOf(deadened, data);
        const found = await outputOf(await pruned(rewrite, deadened, { [id]: fewest }, data), data);
        assert.ok(distance(found.data, expected.data) < 1e-4, `${id}: ${distance(found.data, expected.data)}`);
      }
    }
  });
}

/** Channels of rank `rank` between two layers that nothing bends. */
function lowRank(
  kind: 'MatMul' | 'Gemm' | 'valid Conv' | 'padded Conv',
  rank: number,
  seed: number,
): [Model, number[]] {
  const net = new Net(seed);
  if (kind === 'MatMul' || kind === 'Gemm') {
    const narrow = net.linear('x', 8, rank);
    const wide = net.biased(net.linear(narrow, rank, 12), 12);
    if (kind === 'MatMul') return [net.model(['N', 8], net.linear(wide, 12, 4)), [1024, 8]];
    return [net.model(['N', 8], net.op('Gemm', [wide, net.weight([4, 12])], { transB: 1 })), [1024, 8]];
  }
  const padded = kind === 'padded Conv';
  const narrow = net.conv('x', 3, rank, 1, { bias: false });
  const wide = net.conv(narrow, rank, 12, 1, { bias: !padded });
  return [net.model(['N', 3, 6, 6], net.conv(wide, 12, 4, 3, { pad: padded ? 1 : 0 })), [32, 3, 6, 6]];
}

for (const kind of ['MatMul', 'Gemm', 'valid Conv', 'padded Conv'] as const) {
  test(`channels that are linear combinations of others are cut without loss before a ${kind}`, async () => {
    for (const rewrite of [pruneChannels({ roundTo: 1 }), pruneNeurons({ roundTo: 1 })]) {
      for (const rank of [3, 5]) {
        const [model, shape] = lowRank(kind, Math.min(rank, kind.endsWith('Conv') ? 3 : 8), rank);
        const site = rewrite.sites(model, inferShapes(model)).find(({ identity }) => identity === 12);
        if (!site) continue;
        const data = inputs(shape);
        const expected = await outputOf(model, data);
        const plain = rewrite.name === 'prune-channels' ? pruneChannels : pruneNeurons;
        const far = await pruned(plain({ roundTo: 1, repair: 'none' }), model, { [site.id]: rank }, data);
        assert.ok(
          distance((await outputOf(far, data)).data, expected.data) > 0.05,
          'cutting alone must lose something',
        );
        const found = await outputOf(await pruned(rewrite, model, { [site.id]: rank }, data), data);
        assert.ok(distance(found.data, expected.data) < 2e-3, `rank ${rank}: ${distance(found.data, expected.data)}`);
      }
    }
  });
}

test('repaired weights are nowhere worse on the calibration inputs than weights that were only cut', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const net = new Net(seed);
    const convolves = seed % 2 === 0;
    const hidden = convolves
      ? net.op('Relu', [net.conv('x', 3, 12, 3)])
      : net.op('Tanh', [net.biased(net.linear('x', 8, 24), 24)]);
    const output = convolves ? net.conv(hidden, 12, 4, 3, { pad: seed % 4 === 0 ? 1 : 0 }) : net.linear(hidden, 24, 4);
    const [model, data] = convolves
      ? [net.model(['N', 3, 6, 6], output), inputs([16, 3, 6, 6], seed)]
      : [net.model(['N', 8], output), inputs([128, 8], seed)];
    const make = convolves ? pruneChannels : pruneNeurons;
    const expected = await outputOf(model, data);
    const [site] = make({ roundTo: 1 }).sites(model, inferShapes(model));
    assert.ok(site);
    for (const choice of site.choices.filter((_, index) => index % 4 === 0)) {
      const errors: number[] = [];
      for (const repair of ['least squares', 'none'] as const) {
        const result = await pruned(make({ roundTo: 1, repair }), model, { [site.id]: choice }, data);
        errors.push(distance((await outputOf(result, data)).data, expected.data));
      }
      const [repaired = 0, cut = 0] = errors;
      // A constant that a border does not see may cost what the fit through the origin gains.
      assert.ok(repaired <= cut * 1.001 + 1e-5, `seed ${seed}, ${choice}: ${repaired} instead of ${cut}`);
    }
  }
});

test('matrices that layers share are cut once for all of them, vectors that were merged stay apart', async () => {
  const net = new Net(3);
  const [up, down, zeros] = [net.weight([8, 16], 0.5), net.weight([16, 8], 0.5), net.weight([16], 0)];
  let x = 'x';
  for (let layer = 0; layer < 2; layer++) {
    x = net.op('MatMul', [net.op('Tanh', [net.op('Add', [net.op('MatMul', [x, up]), zeros])]), down]);
  }
  const other = net.op('Relu', [net.op('Add', [net.linear(x, 8, 16), zeros])]);
  const model = net.model(['N', 8], net.linear(other, 16, 3));
  const rewrite: Rewrite = pruneNeurons({ roundTo: 1 });
  const sites = rewrite.sites(model, inferShapes(model));
  assert.deepEqual(
    sites.map(({ identity }) => identity),
    [16, 16],
  );
  const data = inputs([64, 8]);
  const [shared] = sites;
  const result = await pruned(rewrite, model, { [shared?.id ?? '']: 12 }, data);
  const sizes = [up, down, zeros].map((name) => dims(initializerOf(result.graph, name) ?? assert.fail(name)));
  assert.deepEqual(sizes.slice(0, 2), [
    [8, 12],
    [12, 8],
  ]);
  const found = await outputOf(result, data);
  assert.ok(distance(found.data, (await outputOf(model, data)).data) < 0.2);
});

test('what must stay is said with a reason', () => {
  const net = new Net(9);
  const normalised = net.op('LayerNormalization', [net.linear('x', 8, 16), net.weight([16]), net.weight([16])], {
    axis: -1,
  });
  const sorted = net.op('TopK', [net.linear(normalised, 16, 12), net.ints(4)], { axis: -1 }, 2);
  const model = net.model(['N', 8], net.linear(sorted, 4, 3));
  assert.deepEqual(pruneNeurons({ roundTo: 1 }).sites(model, inferShapes(model)), []);
  assert.deepEqual(
    notPrunable(model).map(({ node, reason }) => `${node.name}: ${reason}`),
    [
      'matmul_0: it is normalised over',
      'matmul_2: channels are not followed through TopK',
      'matmul_4: it is an axis of an output of the model',
    ],
  );
});
