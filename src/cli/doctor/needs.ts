import type { Attributes } from './kinds.ts';

/** Verbs that somebody needs on a resource, written `plural` or `plural/subresource`. */
export interface Need {
  group: string;
  resource: string;
  verbs: readonly string[];
  clusterScoped?: boolean;
}

const group = 'retune.dev';
const own = (resource: string, verbs: readonly string[], clusterScoped = false): Need => ({
  group,
  resource,
  verbs,
  clusterScoped,
});
const read = ['get', 'list', 'watch'] as const;

/** What a user needs, by what for. */
export const userNeeds: { what: string; required: boolean; needs: Need[] }[] = [
  {
    what: 'read what Retune knows (status, front, diff, explain, report)',
    required: true,
    needs: [
      ...['nassearches', 'latencyslas', 'variants', 'trials'].map((plural) => own(plural, ['get', 'list'])),
      own('hardwareprofiles', ['get', 'list'], true),
      { group: '', resource: 'pods', verbs: ['list'] },
    ],
  },
  {
    what: 'create searches and SLAs',
    required: false,
    needs: ['nassearches', 'latencyslas'].map((plural) => own(plural, ['create', 'patch'])),
  },
  {
    what: 'pause, resume, promote and roll back',
    required: false,
    needs: ['nassearches', 'latencyslas'].map((plural) => own(plural, ['update'])),
  },
  {
    what: 'retry',
    required: false,
    needs: ['nassearches', 'variants', 'trials'].map((plural) => own(`${plural}/status`, ['update'])),
  },
];

const made = [...read, 'create'] as const;

/** What the operator does, and so must be allowed. */
export const operatorNeeds: Need[] = [
  own('nassearches', made),
  own('latencyslas', [...read, 'patch']),
  ...['variants', 'trials'].map((plural) => own(plural, made)),
  own('hardwareprofiles', made, true),
  ...['nassearches', 'latencyslas', 'variants', 'trials'].map((plural) => own(`${plural}/status`, ['update'])),
  own('hardwareprofiles/status', ['update'], true),
  { group: '', resource: 'nodes', verbs: ['list', 'watch'], clusterScoped: true },
  { group: '', resource: 'pods', verbs: [...made, 'delete'] },
  { group: 'apps', resource: 'deployments', verbs: ['get', 'create', 'update', 'patch', 'delete'] },
  { group: '', resource: 'events', verbs: ['create'] },
];

/** The questions that a need comes to, in one namespace. */
export function questions({ group, resource, verbs, clusterScoped }: Need, namespace: string): Attributes[] {
  const [plural = '', subresource] = resource.split('/');
  return verbs.map((verb) => ({
    ...{ verb, group, resource: plural, subresource },
    namespace: clusterScoped ? undefined : namespace,
  }));
}
