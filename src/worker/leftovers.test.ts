import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelWith } from '../core/onnx/fixtures.ts';
import { makeNode } from '../core/onnx/graph.ts';
import { tensor } from '../core/onnx/tensors.ts';
import { engine } from '../engines/onnxruntime/onnxruntime.ts';
import { leftoverWeights } from './leftovers.ts';

/** MatMul of quantised operands, with and without the Relu after it that keeps ONNX Runtime 1.30 from fusing it. */
function product(relu: boolean) {
  const scale = tensor('scale', Float32Array.of(0.02));
  const zero = tensor('zero', Uint8Array.of(128));
  const weights = tensor('weights', new Int8Array(64 * 64).fill(3), [64, 64]);
  const bias = tensor('bias', new Float32Array(64).fill(1), [64]);
  const layer = (index: number, input: string, output: string) => [
    makeNode('QuantizeLinear', `q${index}`, [input, 'scale', 'zero'], [`q${index}`]),
    makeNode('DequantizeLinear', `d${index}`, [`q${index}`, 'scale', 'zero'], [`d${index}`]),
    makeNode('DequantizeLinear', `w${index}`, ['weights', 'scale'], [`w${index}`]),
    makeNode('MatMul', `m${index}`, [`d${index}`, `w${index}`], [relu ? `m${index}` : output]),
    ...(relu
      ? [
          makeNode('Add', `a${index}`, [`m${index}`, 'bias'], [`a${index}`]),
          makeNode('Relu', `r${index}`, [`a${index}`], [output]),
        ]
      : []),
  ];
  return modelWith({
    inputs: { x: ['N', 64] },
    initializers: [scale, zero, weights, bias],
    nodes: [...layer(1, 'x', 'h'), ...layer(2, 'h', 'y')],
    outputs: ['y'],
    opset: 17,
  });
}

test('weights that are dequantised in every run are found by name', async () => {
  const options = { threads: 1, graphOptimization: 'All' } as const;
  assert.deepEqual(await leftoverWeights(engine, product(false), options), []);
  assert.ok((await leftoverWeights(engine, product(true), options)).includes('weights'));
});
