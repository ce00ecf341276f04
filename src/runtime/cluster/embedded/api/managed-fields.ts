import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../errors.ts';
import { flatten, isBelow, isItem, type ListKeys, merge, removePath, showPath } from './field-paths.ts';

/**
 * Who owns which field: what Kubernetes keeps in `metadata.managedFields`. As there, one name is two managers when it
 * both applies and updates. See Kubernetes' "Server-Side Apply" and sigs.k8s.io/structured-merge-diff.
 */
export interface Manager {
  name: string;
  operation: 'Apply' | 'Update';
  fields: ReadonlySet<string>;
}

type Fields = Record<string, unknown>;

function conflict(manager: Manager, apiVersion: string, paths: string[]): string {
  const who = `${JSON.stringify(manager.name)}${manager.operation === 'Update' ? ` using ${apiVersion}` : ''}`;
  const [first = ''] = paths;
  return paths.length === 1
    ? `conflict with ${who}: ${showPath(first)}`
    : `conflicts with ${who}:\n${paths.map((path) => `- ${showPath(path)}`).join('\n')}`;
}

/** Merges what `manager` applies into the live fields. Throws Conflict, naming who owns what, unless `force`. */
export function applyFields(
  live: { fields: Fields; managers: readonly Manager[] },
  config: Fields,
  how: { manager: string; force?: boolean; lists: ListKeys; apiVersion: string },
): { fields: Fields; managers: Manager[] } {
  const { lists } = how;
  const isMe = ({ name, operation }: Manager) => name === how.manager && operation === 'Apply';
  const others = live.managers.filter((manager) => !isMe(manager));
  const applied = flatten(config, lists);
  const before = flatten(live.fields, lists);
  const changed = [...applied].filter(([path, value]) => !isDeepStrictEqual(before.get(path), value));

  const conflicts = others
    .map((manager) => ({ manager, paths: changed.map(([path]) => path).filter((path) => manager.fields.has(path)) }))
    .filter(({ paths }) => paths.length > 0);
  if (conflicts.length > 0 && !how.force) {
    const count = conflicts.reduce((sum, { paths }) => sum + paths.length, 0);
    const list = conflicts.map(({ manager, paths }) => conflict(manager, how.apiVersion, paths)).join('\n');
    throw new ApiError('Conflict', `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${list}`);
  }

  const fields = merge(live.fields, config, lists) as Fields;
  const lost = new Set(conflicts.flatMap(({ paths }) => paths));
  const kept = others.map((manager) => ({ ...manager, fields: manager.fields.difference(lost) }));
  const mine = live.managers.find(isMe)?.fields ?? new Set<string>();
  for (const path of dropped(mine, new Set(applied.keys()), kept)) removePath(fields, path, lists);
  const me: Manager = { name: how.manager, operation: 'Apply', fields: new Set(applied.keys()) };
  return { fields, managers: prune([...kept, me], fields, lists) };
}

/** What I applied before, don't any more, and nobody else owns, leaves first. */
function dropped(before: ReadonlySet<string>, now: Set<string>, others: Manager[]): string[] {
  const wanted = (path: string, fields: ReadonlySet<string>) =>
    fields.has(path) || fields.values().some((field) => isBelow(field, path));
  return [...before]
    .filter((path) => !wanted(path, now) && !others.some(({ fields }) => wanted(path, fields)))
    .sort((a, b) => Number(isItem(a)) - Number(isItem(b)) || b.length - a.length);
}

/** Ownership after a create or replace: the writer owns what it changed, and all others lose that. */
export function updateFields(
  live: { fields: Fields; managers: readonly Manager[] },
  next: Fields,
  manager: string,
  lists: ListKeys,
): Manager[] {
  const before = flatten(live.fields, lists);
  const changed = new Set(
    [...flatten(next, lists)].filter(([path, value]) => !isDeepStrictEqual(before.get(path), value)).map(([p]) => p),
  );
  const isMe = ({ name, operation }: Manager) => name === manager && operation === 'Update';
  const others = live.managers
    .filter((other) => !isMe(other))
    .map((other) => ({ ...other, fields: other.fields.difference(changed) }));
  const fields = (live.managers.find(isMe)?.fields ?? new Set<string>()).union(changed);
  return prune([...others, { name: manager, operation: 'Update', fields }], next, lists);
}

/** Nobody owns a field that isn't there. */
function prune(managers: Manager[], fields: Fields, lists: ListKeys): Manager[] {
  const present = new Set(flatten(fields, lists).keys());
  return managers
    .map((manager) => ({ ...manager, fields: manager.fields.intersection(present) }))
    .filter(({ fields: owned }) => owned.size > 0);
}
