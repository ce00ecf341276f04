import assert from 'node:assert/strict';
import type { ModelPatch } from '../../src/targets/target.ts';

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list of named items is merged by name, as in a strategic merge patch of a pod template. */
function mergeList(live: unknown[], patch: unknown[]): unknown[] {
  const nameOf = (item: unknown) => (isPlain(item) ? item.name : undefined);
  const kept = live.map((item) => {
    const change = patch.find((other) => nameOf(other) !== undefined && nameOf(other) === nameOf(item));
    return change === undefined ? item : merge(item, change, true);
  });
  return [...kept, ...patch.filter((item) => !live.some((other) => nameOf(other) === nameOf(item)))];
}

function merge(live: unknown, patch: unknown, strategic: boolean): unknown {
  if (strategic && Array.isArray(live) && Array.isArray(patch)) return mergeList(live, patch);
  if (!isPlain(live) || !isPlain(patch)) return patch;
  const merged = { ...live };
  for (const [name, value] of Object.entries(patch)) merged[name] = merge(live[name], value, strategic);
  return merged;
}

function operate(target: Plain, { op, path, value }: { op: string; path: string; value: unknown }): void {
  const names = path
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = names.pop() ?? '';
  const parent = names.reduce((part, name) => part[name] as Plain, target);
  assert.ok(last in parent, `${path} is there`);
  if (op === 'test') assert.deepEqual(parent[last], value);
  else parent[last] = value;
}

/** `target` after `kubectl patch --type` of a patch that Retune recommends: as much of each type as it makes. */
export function patched<T extends object>(target: T, { type, body }: Pick<ModelPatch, 'type' | 'body'>): T {
  if (type !== 'json') return merge(target, body, type === 'strategic') as T;
  const copy = structuredClone(target);
  for (const operation of body as Parameters<typeof operate>[1][]) operate(copy as Plain, operation);
  return copy;
}
