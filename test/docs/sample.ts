import { readFile } from 'node:fs/promises';
import { loadAll } from 'js-yaml';
import type { KubernetesObject } from '../../src/api/common.ts';
import type { Block } from './blocks.ts';
import type { Proof } from './proof.ts';

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const nameOf = (value: unknown) => (isFields(value) ? value.name : undefined);

/** `over` laid over `under`: fields one by one, lists of things with names by these names, other lists as a whole. */
export function laid(under: unknown, over: unknown): unknown {
  if (isFields(under) && isFields(over)) {
    const fields = Object.entries(over).map(([name, value]) => [name, laid(under[name], value)]);
    return { ...under, ...Object.fromEntries(fields) };
  }
  if (Array.isArray(under) && Array.isArray(over) && [...under, ...over].every((one) => nameOf(one) !== undefined)) {
    const kept = under.map((one) => {
      const same = over.find((other) => nameOf(other) === nameOf(one));
      return same === undefined ? one : laid(one, same);
    });
    return [...kept, ...over.filter((one) => !under.some((other) => nameOf(other) === nameOf(one)))];
  }
  return over;
}

/** The objects of the sample that a block is a part of, with the block in its place. */
export async function sampleWith(
  { text }: Block,
  { manifest, at = '' }: Extract<Proof, { manifest: string }>,
): Promise<KubernetesObject[]> {
  const objects = loadAll(await readFile(`manifests/samples/${manifest}.yaml`, 'utf8')) as KubernetesObject[];
  const [fragment] = loadAll(text);
  const whole =
    at === '' ? fragment : at.split('.').reduceRight((inner: unknown, name) => ({ [name]: inner }), fragment);
  const [first, ...others] = objects;
  return [laid(first, whole) as KubernetesObject, ...others];
}
