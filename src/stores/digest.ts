import { createHash } from 'node:crypto';
import { StoreError } from './store.ts';

const pattern = /^sha256:([0-9a-f]{64})$/;

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** The hexadecimal digits of a digest. Throws StoreError Invalid: a name made of anything else could lead elsewhere. */
export function hexOf(digest: string): string {
  const [, hex] = pattern.exec(digest) ?? [];
  if (!hex) throw new StoreError('Invalid', `"${digest}" is not a digest: it is sha256: and 64 hexadecimal digits`);
  return hex;
}

/** The digest that a name of 64 hexadecimal digits stands for; undefined for any other name. */
export const digestNamed = (name: string): string | undefined =>
  /^[0-9a-f]{64}$/.test(name) ? `sha256:${name}` : undefined;

/** The bytes, if they are those of the digest. Throws StoreError Corrupt that says where they lie. */
export function verified(bytes: Uint8Array, digest: string, place: string): Uint8Array {
  if (digestOf(bytes) === digest) return bytes;
  throw new StoreError('Corrupt', `${place} does not hash to ${digest}: delete it, and it will be made again`);
}
