import { shortHash } from '../../core/search/candidate.ts';

/** The longest a child's name may be, so that its pod's name still fits a label. */
const longestName = 60;

/** A child's name: as much of its parent's as there is room for, and what tells it from its siblings. */
export const childName = (parent: string, suffix: string): string =>
  `${parent.slice(0, longestName - suffix.length - 1)}-${suffix}`;

/** Where and how a variant is measured. */
export interface Place {
  accelerator: string;
  /** Of the accelerator's profile. */
  generation: number;
  /** The phase, where there are several. */
  phase?: string;
}

/** The trial of a variant in a place; the same name whoever asks. */
export function trialName(variant: string, { accelerator, generation, phase }: Place): string {
  const parts = [accelerator, ...(phase ? [phase] : []), ...(generation > 1 ? [generation] : [])];
  return childName(variant, shortHash(parts.join(' ')).slice(-5));
}
