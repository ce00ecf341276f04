import { shortHash } from '../../core/search/candidate.ts';

/** The longest a child's name may be, so that its pod's name still fits a label. */
const longestName = 60;

/** A child's name: as much of its parent's as there is room for, and what tells it from its siblings. */
export const childName = (parent: string, suffix: string): string =>
  `${parent.slice(0, longestName - suffix.length - 1)}-${suffix}`;

/** The trial of a variant on an accelerator, in one phase where there are several; the same name whoever asks. */
export const trialName = (variant: string, accelerator: string, phase?: string): string =>
  childName(variant, shortHash(phase ? `${accelerator} ${phase}` : accelerator).slice(-5));
