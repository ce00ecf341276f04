/** Models that are not what was measured of them. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Challenge } from '../../src/api/challenge.ts';
import { valueInfo } from '../../src/core/onnx/fixtures.ts';
import { makeNode, producerOf } from '../../src/core/onnx/graph.ts';
import { decode, encode, type GraphProto, type Model } from '../../src/core/onnx/model.ts';
import { parseManifest, slice } from '../../src/core/onnx/supernet.ts';
import { DataType, tensor } from '../../src/core/onnx/tensors.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { dataset } from '../../src/worker/dataset.ts';
import { challengeOf } from '../../src/worker/measure/challenge.ts';

const quickstart = 'examples/quickstart';
const options = { threads: 1, graphOptimization: 'All' } as const;
const widest = 256;
const side = BigInt(widest);

export interface Artifact {
  digest: string;
  uri: string;
  sizeBytes: number;
}

/**
 * What a bad variant does: `Saturating` is slow only when all of the load is its own. What comes after a Slow one shares
 * the machine with the queue that it leaves. The last two are known by a timeout.
 */
export const mishaps = ['Saturating', 'Slow', 'WrongAnswers', 'Crashing', 'Failing', 'NeverReady'] as const;
export type Mishap = (typeof mishaps)[number];

/** The name of the graph's output, which from now on is for someone else to make: what made it makes `answers`. */
function freed(graph: GraphProto): string {
  const name = graph.output[0]?.name ?? '';
  const producer = producerOf(graph, name);
  if (!producer) throw new Error('nothing makes the output of the base model');
  producer.output = producer.output.map((output) => (output === name ? 'answers' : output));
  return name;
}

/** The quick start's model with a branch beside it that takes time and adds nothing: so many products of 256 x 256. */
function slowed(base: Model, products: number): Model {
  const model = decode(encode(base));
  const { graph } = model;
  const input = graph.input[0]?.name ?? '';
  const output = freed(graph);
  const weights = Float32Array.from({ length: widest * widest }, (_, i) => (((i * 7919) % 13) - 6) / 1000);
  graph.initializer.push(
    tensor('slow.weights', weights, [widest, widest]),
    tensor('slow.shape', BigInt64Array.of(side, side), [2]),
    tensor('slow.nothing', Float32Array.of(0)),
  );
  const nodes = [
    makeNode('Cast', 'slow.cast', [input], ['slow.float'], { to: DataType.FLOAT }),
    makeNode('ReduceMax', 'slow.most', ['slow.float'], ['slow.one'], { keepdims: 0 }),
    makeNode('Expand', 'slow.expand', ['slow.one', 'slow.shape'], ['slow.0']),
    ...Array.from({ length: products }, (_, i) =>
      makeNode('MatMul', `slow.product.${i}`, [`slow.${i}`, 'slow.weights'], [`slow.${i + 1}`]),
    ),
    makeNode('ReduceMin', 'slow.least', [`slow.${products}`], ['slow.end'], { keepdims: 0 }),
    makeNode('Mul', 'slow.none', ['slow.end', 'slow.nothing'], ['slow.zero']),
    makeNode('Add', 'slow.add', ['answers', 'slow.zero'], [output]),
  ];
  graph.node.push(...nodes);
  return model;
}

/** The same signature, and an error at every request: rows are reshaped to what they don't fill. */
function failing(base: Model): Model {
  const model = decode(encode(base));
  const { graph } = model;
  const name = freed(graph);
  graph.output[0] = valueInfo(name, ['batch', 'classes']);
  graph.initializer.push(
    tensor('failing.shape', BigInt64Array.of(7n, 7n, 7n), [3]),
    tensor('failing.back', BigInt64Array.of(1n, -1n), [2]),
  );
  graph.node.push(
    makeNode('Reshape', 'failing.reshape', ['answers', 'failing.shape'], ['failing.cube']),
    makeNode('Reshape', 'failing.restore', ['failing.cube', 'failing.back'], [name]),
  );
  return model;
}

async function millisecondsOf(bytes: Uint8Array, runs = 5): Promise<number> {
  const session = await engine.load(bytes, options);
  const data = Uint8Array.from({ length: 784 }, (_, i) => i % 256);
  const feeds = { image: { type: 'UINT8' as const, shape: [1, 1, 28, 28], data } };
  await session.run(feeds);
  const started = performance.now();
  for (let i = 0; i < runs; i++) await session.run(feeds);
  const each = (performance.now() - started) / runs;
  await session.release();
  return each;
}

/** Products that take so many milliseconds here. */
async function productsFor(base: Model, ms: number): Promise<number> {
  const few = 20;
  const each = (await millisecondsOf(encode(slowed(base, few)))) - (await millisecondsOf(encode(base)));
  return Math.max(1, Math.round((few * ms) / each));
}

export interface Workshop {
  base: Artifact;
  /** What a server of the base model answers; bad variants claim to answer the same. */
  challenge: Challenge;
  /** An artifact with the fault, another one each time. `slowMs` and `saturatingMs` are what a request takes here. */
  make(mishap: Mishap, serial: number): Promise<Artifact>;
}

/** Makes artifacts in `folder`, which servers see under `seenAs`. `silent` is a URI that takes a request and never answers. */
export async function openWorkshop(how: {
  folder: string;
  seenAs: string;
  silent: string;
  slowMs: number;
  saturatingMs: number;
}): Promise<Workshop> {
  const bytes = new Uint8Array(await readFile(`${quickstart}/supernet.onnx`));
  const manifest = parseManifest(await readFile(`${quickstart}/supernet.json`, 'utf8'));
  const base = slice(decode(bytes), manifest, { 'stage1.depth': 1, 'stage1.width': 16, 'stage2.depth': 1 });
  const other = slice(decode(bytes), manifest, { 'stage1.depth': 1, 'stage1.width': 8, 'stage2.depth': 1 });
  const products = {
    Slow: await productsFor(base, how.slowMs),
    Saturating: await productsFor(base, how.saturatingMs),
  };
  const put = async (name: string, content: Uint8Array): Promise<Artifact> => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    await writeFile(join(how.folder, name), content, { mode: 0o644 });
    return { digest, uri: pathToFileURL(join(how.seenAs, name)).href, sizeBytes: content.length };
  };
  const stamped = (model: Model, serial: number): Uint8Array => {
    model.docString = `bad variant ${serial}`;
    return encode(model);
  };
  const made = await put('base.onnx', encode(base));
  const session = await engine.load(encode(base), options);
  const heldout = dataset(new Uint8Array(await readFile(`${quickstart}/heldout.npz`)), session.inputs);
  const challenge = await challengeOf(session, heldout, made.digest);
  await session.release();
  if (!challenge) throw new Error('the quick start can not be asked');

  const makers: Record<Mishap, (serial: number) => Uint8Array> = {
    Slow: (serial) => stamped(slowed(base, products.Slow), serial),
    Saturating: (serial) => stamped(slowed(base, products.Saturating), serial),
    WrongAnswers: (serial) => stamped(decode(encode(other)), serial),
    Failing: (serial) => stamped(failing(base), serial),
    Crashing: (serial) => stamped(decode(encode(base)), serial).subarray(0, 1000),
    NeverReady: (serial) => stamped(decode(encode(base)), serial),
  };
  return {
    ...{ base: made, challenge },
    async make(mishap, serial) {
      const artifact = await put(`${mishap.toLowerCase()}-${serial}.onnx`, makers[mishap](serial));
      return mishap === 'NeverReady' ? { ...artifact, uri: `${how.silent}/${serial}.onnx` } : artifact;
    },
  };
}
