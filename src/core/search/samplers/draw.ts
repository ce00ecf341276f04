import type { Candidate } from '../../../api/candidate.ts';
import { canonical } from '../candidate.ts';
import type { Evaluated } from '../sampler.ts';
import { type Space, size } from '../space.ts';

const attempts = 2000;

/** Takes from `next` until there are `count` new candidates, or no more to be had; undefined says so. */
export function drawNew(
  space: Space,
  history: readonly Evaluated[],
  count: number,
  next: () => Candidate | undefined,
): Candidate[] {
  const known = new Set(history.map(({ candidate }) => canonical(candidate, space.dimensions)));
  const drawn: Candidate[] = [];
  const all = size(space);
  for (let tries = 0; drawn.length < count && known.size < all && tries < attempts; tries++) {
    const candidate = next();
    if (!candidate) break;
    const text = canonical(candidate, space.dimensions);
    if (known.has(text)) continue;
    known.add(text);
    drawn.push(candidate);
  }
  return drawn;
}
