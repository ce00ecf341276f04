import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { batchNorms, foldBatchNorms, recalibrationModel } from './batch-norm.ts';
import { initializerOf } from './graph.ts';
import { decode, encode, type Model, ModelError, readMetadata, withMetadata } from './model.ts';
import { Observations } from './observe/observations.ts';
import { everywhere, precision } from './rewrites/precision/precision.ts';
import { inferShapes } from './shapes/infer.ts';
import { checkManifest, parseManifest, slice } from './supernet.ts';
import { DataType } from './tensors.ts';

const bytes = new Uint8Array(readFileSync('examples/quickstart/supernet.onnx'));
const model = decode(bytes);
const manifest = parseManifest(readFileSync('examples/quickstart/supernet.json', 'utf8'));

/** Every tensor a node reads is an input, a constant or the output of a node before it, and every output is made. */
function assertWhole({ graph }: Model): void {
  const known = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  for (const node of graph.node) {
    for (const name of node.input) assert.ok(!name || known.has(name), `${node.name} reads ${name}`);
    for (const name of node.output) known.add(name);
  }
  for (const { name } of graph.output) assert.ok(known.has(name), `output ${name}`);
}

const anySubnet = fc.record(
  Object.fromEntries(manifest.dimensions.map(({ name, choices }) => [name, fc.constantFrom(...choices)])),
);

test('reading and writing a model is the identity, byte by byte', () => {
  assert.deepEqual(encode(decode(bytes)), bytes);
});

test('what is no model is refused with a sentence', () => {
  assert.throws(() => decode(new Uint8Array()), /the model file is empty/);
  assert.throws(() => decode(bytes.subarray(0, 100_000)), /truncated or not ONNX/);
  assert.throws(() => decode(new TextEncoder().encode('<html>not found</html>')), ModelError);
});

test('metadata is added and replaced, and the rest of the file stays', () => {
  const once = withMetadata(model, { 'retune.threads': '1' });
  const twice = withMetadata(once, { 'retune.threads': '2' });
  assert.deepEqual(readMetadata(twice), { ...readMetadata(model), 'retune.threads': '2' });
});

test('the largest choice everywhere is the supernet itself', () => {
  const full = slice(model, manifest, {});
  assert.deepEqual(
    full.graph.node.map(({ name }) => name),
    model.graph.node.map(({ name }) => name),
  );
  assert.deepEqual(encode(slice(full, manifest, {})), encode(full));
});

const rewrite = precision();
const quantized = (folded: Model, wanted: 'INT8Static' | 'INT8Dynamic') => {
  const selection = everywhere(rewrite.sites(folded, inferShapes(folded)), wanted);
  const ranges = rewrite.needs(folded, selection).map(({ tensor }) => [tensor, { min: 0, max: 1 }] as const);
  return rewrite.rewrite(folded, selection, new Observations(new Map(ranges)));
};

test('every subnet and every rewriting of it is a whole graph', () => {
  fc.assert(
    fc.property(anySubnet, (choices) => {
      const subnet = slice(model, manifest, choices);
      const folded = foldBatchNorms(subnet);
      for (const each of [
        subnet,
        folded,
        recalibrationModel(subnet),
        quantized(folded, 'INT8Static'),
        quantized(folded, 'INT8Dynamic'),
      ]) {
        assertWhole(each);
      }
      assert.equal(batchNorms(folded).length, 0);
    }),
    { numRuns: 25 },
  );
});

test('a static INT8 graph keeps no convolution in float and no float between them', () => {
  const folded = foldBatchNorms(slice(model, manifest, {}));
  const { graph } = quantized(folded, 'INT8Static');
  const operators = graph.node.map(({ opType }) => opType);
  assert.ok(!operators.includes('Conv') && !operators.includes('Relu') && !operators.includes('Add'));
  const convs = graph.node.filter(({ opType }) => opType === 'QLinearConv');
  assert.equal(convs.length, folded.graph.node.filter(({ opType }) => opType === 'Conv').length);
  const weights = convs.map(({ input }) => initializerOf(graph, input[3])?.dataType);
  assert.deepEqual(new Set(weights), new Set([DataType.INT8]));
  assert.equal(operators.filter((operator) => operator === 'QuantizeLinear').length, 1);
  assert.ok(operators.filter((operator) => operator === 'DequantizeLinear').length <= 1);
});

test('a dimension or a choice that is not offered is refused by name', () => {
  assert.throws(
    () => slice(model, manifest, { depth: 1 }),
    /the supernet has no dimension "depth", it has stage1.depth/,
  );
  assert.throws(() => slice(model, manifest, { 'stage1.depth': 9 }), /"stage1.depth" offers 1, 2, 3, not 9/);
});

test('a manifest that does not fit the model says where', () => {
  checkManifest(model, manifest);
  const width = { name: 'w', kind: 'width' as const, choices: [8] };
  const wrong =
    (initializer: string, choices = [8]) =>
    () =>
      checkManifest(model, {
        formatVersion: 1,
        dimensions: [{ ...width, choices, slices: [{ initializer, axis: 0 }] }],
      });
  assert.throws(wrong('absent'), /dimension "w" names initializer "absent", which the model lacks/);
  assert.throws(wrong('stem.conv.weight', [4096]), /offers width 4096, but "stem.conv.weight" has 32 on axis 0/);
  assert.throws(() => parseManifest('{'), /the supernet manifest is not JSON/);
  assert.throws(() => parseManifest('{"formatVersion": 1}'), /the supernet manifest is wrong at dimensions/);
});
