import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { makeNode } from '../graph.ts';
import { decode, encode, type Model, ModelError } from '../model.ts';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  TensorProto_DataLocation as Location,
  ModelProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
} from '../proto/gen/onnx_pb.js';
import { floats, tensor } from '../tensors.ts';
import { constants, liftConstants } from './constants.ts';
import { bitsOf, DataType } from './element-types.ts';
import { elements, strings } from './elements.ts';
import { apart, externalFiles, withExternalData } from './external.ts';

type Init = Parameters<typeof create<typeof TensorProtoSchema>>[1];
const proto = (init: Init) => create(TensorProtoSchema, init);
const modelOf = (node: NodeProto[], initializer = [tensor('w', Float32Array.of(1))]) =>
  create(ModelProtoSchema, {
    opsetImport: [create(OperatorSetIdProtoSchema, { version: 17n })],
    graph: create(GraphProtoSchema, { node, initializer }),
  }) as Model;

/** Codes and what they stand for, from the OCP FP8 and MX specifications and IEEE 754. */
const known: [DataType, number[], number[]][] = [
  [DataType.FLOAT16, [0x3c00, 0xc000, 0x7bff, 0x0001, 0xfc00], [1, -2, 65504, 2 ** -24, -Infinity]],
  [DataType.BFLOAT16, [0x3f80, 0xc000, 0x7f80], [1, -2, Infinity]],
  [DataType.FLOAT8E4M3FN, [0x38, 0x7e, 0x7f, 0x01], [1, 448, NaN, 2 ** -9]],
  [DataType.FLOAT8E4M3FNUZ, [0x40, 0x7f, 0x80], [1, 240, NaN]],
  [DataType.FLOAT8E5M2, [0x3c, 0x7b, 0xfc], [1, 57344, -Infinity]],
  [DataType.FLOAT8E5M2FNUZ, [0x40, 0x7f, 0x80], [1, 57344, NaN]],
  [DataType.FLOAT8E8M0, [127, 128, 0, 255], [1, 2, 2 ** -127, NaN]],
  [DataType.FLOAT4E2M1, [0, 1, 7, 15], [0, 0.5, 6, -6]],
  [DataType.FLOAT6E2M3, [1, 31, 63], [0.125, 7.5, -7.5]],
  [DataType.FLOAT6E3M2, [1, 31, 63], [0.0625, 28, -28]],
  [DataType.INT4, [7, 8, 15], [7, -8, -1]],
  [DataType.UINT4, [7, 8, 15], [7, 8, 15]],
  [DataType.INT2, [1, 2, 3, 0, 3], [1, -2, -1, 0, -1]],
  [DataType.UINT2, [1, 2, 3, 0, 3], [1, 2, 3, 0, 3]],
];

/** Codes packed least significant bits first, as `raw_data` has them. */
function pack(codes: number[], bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  for (const [index, code] of codes.entries()) {
    for (let bit = 0; bit < bits; bit++) {
      const at = index * bits + bit;
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (((code >> bit) & 1) << (at & 7));
    }
  }
  return bytes;
}

for (const [dataType, codes, values] of known) {
  test(`${DataType[dataType]} is read from raw_data and from int32_data`, () => {
    const bits = bitsOf(dataType) ?? 0;
    const rawData = pack(codes, bits);
    const dims = [BigInt(codes.length)];
    const int32Data = bits < 6 ? [...rawData] : codes;
    assert.deepEqual([...elements(proto({ dataType, dims, rawData }))], values);
    assert.deepEqual([...elements(proto({ dataType, dims, int32Data }))], values);
  });
}

test('plain numbers are read from raw_data, whatever its alignment, and from their own field', () => {
  const bytes = (data: ArrayBufferView) => new Uint8Array(data.buffer);
  const shifted = new Uint8Array([0, ...bytes(Float32Array.of(1.5, -2))]).subarray(1);
  assert.deepEqual(
    elements(proto({ dataType: DataType.FLOAT, dims: [2n], rawData: shifted })),
    Float32Array.of(1.5, -2),
  );
  assert.deepEqual(floats(proto({ dataType: DataType.FLOAT, dims: [2n], floatData: [1, 2] })), Float32Array.of(1, 2));
  assert.deepEqual(elements(proto({ dataType: DataType.INT64, int64Data: [-3n] })), BigInt64Array.of(-3n));
  assert.deepEqual(elements(proto({ dataType: DataType.UINT64, uint64Data: [3n] })), BigUint64Array.of(3n));
  assert.deepEqual(elements(proto({ dataType: DataType.UINT32, uint64Data: [3n] })), Uint32Array.of(3));
  assert.deepEqual(
    elements(proto({ dataType: DataType.INT8, dims: [2n], int32Data: [-1, 127] })),
    Int8Array.of(-1, 127),
  );
  assert.deepEqual(elements(proto({ dataType: DataType.BOOL, int32Data: [1] })), Uint8Array.of(1));
  assert.deepEqual(elements(proto({ dataType: DataType.DOUBLE, doubleData: [0.1] })), Float64Array.of(0.1));
  assert.deepEqual(elements(proto({ dataType: DataType.COMPLEX64, floatData: [1, 2] })), Float32Array.of(1, 2));
  const text = proto({ dataType: DataType.STRING, dims: [1n], stringData: [new TextEncoder().encode('é')] });
  assert.deepEqual(strings(text), ['é']);
});

test('a tensor whose data and dimensions disagree is refused with its name', () => {
  const of = (init: Init) => () => elements(proto({ name: 'w', dataType: DataType.FLOAT, ...init }));
  assert.throws(of({ dims: [3n], rawData: new Uint8Array(8) }), /"w" holds 8 bytes, but 3 elements of FLOAT take 12/);
  assert.throws(of({ dims: [3n], floatData: [1] }), /"w" holds 1 elements, but its dimensions name 3/);
  assert.throws(of({ dims: [-3n] }), /"w" has the negative dimension -3/);
  assert.throws(of({ dims: [1n << 40n, 1n << 40n] }), /"w" names more than 2\^53 elements/);
  assert.throws(of({ dataType: DataType.STRING }), /"w" is of STRING, which holds no numbers/);
  assert.throws(of({ dataType: 99 }), /"w" is of type 99, which holds no numbers/);
});

test('no bytes make reading an element type fail in any way but a sentence', () => {
  const types = fc.integer({ min: -1, max: 30 });
  fc.assert(
    fc.property(
      types,
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.bigInt({ min: -2n, max: 9n })),
      (dataType, rawData, dims) => {
        try {
          elements(proto({ dataType, rawData, dims }));
        } catch (error) {
          assert.ok(error instanceof ModelError, String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});

const constant = (init: Parameters<typeof create<typeof AttributeProtoSchema>>[1]) => {
  const node = makeNode('Constant', 'c', [], ['c']);
  node.attribute = [create(AttributeProtoSchema, init)];
  return node;
};

test('a Constant node reads as an initializer, in whichever attribute its value stands', () => {
  const of = (init: Parameters<typeof constant>[0]) => constants(modelOf([constant(init)]).graph).get('c');
  const value = of({ name: 'value', type: AttributeType.TENSOR, t: tensor('', Float32Array.of(1, 2), [2]) });
  assert.deepEqual(value && [value.name, ...floats(value)], ['c', 1, 2]);
  const ints = of({ name: 'value_ints', type: AttributeType.INTS, ints: [1n, 2n] });
  assert.deepEqual(ints && [ints.dims, ...elements(ints)], [[2n], 1n, 2n]);
  const float = of({ name: 'value_float', type: AttributeType.FLOAT, f: 0.5 });
  assert.deepEqual(float && [float.dims, ...elements(float)], [[], 0.5]);
  assert.equal(of({ name: 'sparse_value', type: AttributeType.SPARSE_TENSOR }), undefined);
});

test('lifting Constant nodes keeps the original, their values and every name', () => {
  const node = constant({ name: 'value', type: AttributeType.TENSOR, t: tensor('', Float32Array.of(7)) });
  const model = decode(encode(modelOf([node, makeNode('Add', 'add', ['w', 'c'], ['y'])])));
  const lifted = liftConstants(model);
  assert.deepEqual([model.graph.node.length, lifted.graph.node.length], [2, 1]);
  assert.deepEqual([...constants(lifted.graph).keys()], ['w', 'c']);
  assert.equal(liftConstants(lifted), lifted);
  assert.equal(decode(encode(lifted)).graph.initializer.length, 2);
});

const outside = (entries: Record<string, string>) =>
  modelOf(
    [makeNode('Relu', 'relu', ['w'], ['y'])],
    [
      proto({
        ...{ name: 'w', dims: [2n], dataType: DataType.FLOAT, dataLocation: Location.EXTERNAL },
        externalData: Object.entries(entries).map(([key, value]) =>
          create(StringStringEntryProtoSchema, { key, value }),
        ),
      }),
    ],
  );

test('external data comes from the lookup, and each way it can be missing is a sentence', () => {
  const bytes = new Uint8Array(Float32Array.of(9, 1, 2).buffer);
  const model = outside({ location: 'weights/w.bin', offset: '4', length: '8' });
  assert.deepEqual(externalFiles(model), ['weights/w.bin']);
  const [w] = withExternalData(model, () => bytes).graph.initializer;
  assert.deepEqual(w && floats(w), Float32Array.of(1, 2));
  const refused = (entries: Record<string, string>, given: Uint8Array | undefined, sentence: RegExp) =>
    assert.throws(() => withExternalData(outside(entries), () => given), { name: 'ModelError', message: sentence });
  refused({ location: 'w.bin' }, undefined, /"w" lies in the file "w.bin", which is missing/);
  refused({ location: 'w.bin', offset: '8' }, bytes, /bytes 8 to 16 of "w.bin", which has 12/);
  refused({ location: '../w.bin' }, bytes, /lies outside the model's folder/);
  refused({ location: '/etc/passwd' }, bytes, /lies outside the model's folder/);
  refused({ location: 'w.bin', offset: '-4' }, bytes, /names no valid range of "w.bin"/);
  refused({}, bytes, /names no file/);
});

test('elements that still lie outside are refused, and a model that lacks nothing stays itself', () => {
  const model = outside({ location: 'w.bin' });
  assert.throws(() => model.graph.initializer.map(elements), /"w" lies outside the model file/);
  const whole = modelOf([makeNode('Relu', 'relu', ['w'], ['y'])]);
  assert.equal(
    withExternalData(whole, () => undefined),
    whole,
  );
});

test('large initializers stand apart from a model, and put together it is the model', () => {
  const large = tensor(
    'w',
    Float32Array.from({ length: 2000 }, (_, i) => i),
    [2000],
  );
  const model = modelOf([makeNode('Relu', 'relu', ['w'], ['y'])], [large, tensor('few', Float32Array.of(1, 2), [2])]);
  const { model: graph, weights } = apart(model);
  assert.ok(encode(graph).length < 1000);
  assert.deepEqual([...weights.values()], [large.rawData]);
  assert.deepEqual(encode(withExternalData(graph, (location) => weights.get(location))), encode(model));
});
