import type { KindName } from '../../api/kinds.ts';

/** What the arguments of each command name, for completions. */
export const argumentKinds: Record<string, KindName[][]> = {
  status: [['LatencySLA', 'NASSearch']],
  front: [['NASSearch']],
  diff: [['Variant'], ['Variant']],
  explain: [['LatencySLA', 'NASSearch', 'Variant']],
  report: [['NASSearch', 'LatencySLA']],
  retry: [['NASSearch', 'Variant', 'Trial']],
  pause: [['NASSearch', 'LatencySLA']],
  resume: [['NASSearch', 'LatencySLA']],
  promote: [['LatencySLA'], ['Variant']],
  rollback: [['LatencySLA']],
};
