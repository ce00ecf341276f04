import type { Candidate } from '../../api/candidate.ts';
import type { Dimensions } from '../../api/variant.ts';
import { mixedDimension } from './space.ts';

/** Whether a candidate differs from the base model in weights or precision, and not only in how the engine runs it. */
export function changesModel({ dimensions, precision }: Candidate, offered: Dimensions): boolean {
  if (precision !== 'FP32' && precision !== 'Mixed') return true;
  return offered.some(({ name, choices }) => {
    const counts = precision === 'Mixed' || name !== mixedDimension;
    const largest = Math.max(...choices);
    return counts && (dimensions[name] ?? largest) !== largest;
  });
}
