import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trial } from '../../api/trial.ts';
import { Machines } from './met.ts';

const facts = (cpuModel: string) => ({
  ...{ cpuModel, instructionSets: ['avx'], cores: 2, cacheBytes: {}, engine: 'onnxruntime 1.30.0' },
});
const trial = (accelerator: string, cpuModel: string, finished?: string): Trial => ({
  ...{ apiVersion: 'v', kind: 'Trial', metadata: { name: 't' }, spec: { accelerator } as Trial['spec'] },
  status: finished ? { facts: facts(cpuModel), finished, conditions: [] } : undefined,
});

test('the latest trial of an accelerator says what its machine is, in whichever order trials are seen', () => {
  const machines = new Machines();
  assert.equal(machines.see(trial('a', 'one')), false);
  assert.equal(machines.of('a'), undefined);
  assert.equal(machines.see(trial('a', 'one', '2026-01-01T12:00:00Z')), true);
  assert.equal(machines.see(trial('a', 'old', '2026-01-01T11:00:00Z')), false);
  assert.equal(machines.see(trial('b', 'other', '2026-01-01T13:00:00Z')), true);
  assert.deepEqual(machines.of('a'), { facts: facts('one'), finished: '2026-01-01T12:00:00Z' });
  assert.equal(machines.see(trial('a', 'one', '2026-01-01T14:00:00Z')), false);
  assert.equal(machines.see(trial('a', 'two', '2026-01-01T15:00:00Z')), true);
});
