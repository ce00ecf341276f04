/**
 * Field paths as server-side apply sees them: an object flattened to its leaves, where the items of an associative list
 * are named by their key and not by their place.
 */

/**
 * Which lists are associative and which maps are atomic, by dotted path without list items (`.spec.containers.env`): the
 * fields that make an item's key, `[]` for a set of scalars, or `atomic`. Lists not named are atomic, maps are granular.
 */
export type ListKeys = Readonly<Record<string, readonly string[] | 'atomic'>>;

/** The value of a path that stands for a list item itself, whatever is in it. */
const item = Symbol('item');

/** Segments are joined by a character that no segment holds, so that the label `a` is no parent of the label `a.b`. */
const joint = '\u0000';

type Plain = Record<string, unknown>;
export const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The path as people write it: `.spec.containers[name="app"].image`. */
export const showPath = (path: string) => path.replaceAll(joint, '');
export const isBelow = (path: string, ancestor: string) => path.startsWith(ancestor + joint);
export const isItem = (path: string) => path.endsWith(']');

function selector(value: unknown, keys: readonly string[]): string | undefined {
  if (keys.length === 0) return isPlain(value) ? undefined : `[=${JSON.stringify(value)}]`;
  if (!isPlain(value) || keys.some((key) => value[key] === undefined)) return undefined;
  return `[${keys.map((key) => `${key}=${JSON.stringify(value[key])}`).join(',')}]`;
}

/** The selectors of a list's items, or undefined when the list is atomic (or an item lacks its key). */
function selectors(list: unknown[], place: string, lists: ListKeys): string[] | undefined {
  const keys = lists[place];
  if (!keys || keys === 'atomic') return undefined;
  const found = list.map((value) => selector(value, keys));
  return found.every((one) => one !== undefined) ? found : undefined;
}

const join = (path: string, segment: string) => (path ? path + joint + segment : segment);

/** Every leaf of `value` by its path; list items are present as paths of their own. */
export function flatten(value: unknown, lists: ListKeys): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const walk = (part: unknown, path: string, place: string): void => {
    if (Array.isArray(part) && part.length > 0) {
      const names = selectors(part, place, lists);
      if (!names) return void leaves.set(path, part);
      for (const [index, name] of names.entries()) {
        leaves.set(join(path, name), item);
        if (isPlain(part[index])) walk(part[index], join(path, name), place);
      }
    } else if (isPlain(part) && Object.keys(part).length > 0 && lists[place] !== 'atomic') {
      for (const [name, field] of Object.entries(part)) walk(field, join(path, `.${name}`), `${place}.${name}`);
    } else if (path) {
      leaves.set(path, part);
    }
  };
  walk(value, '', '');
  return leaves;
}

/** `live` with the fields of `config` laid over it. Neither is changed. */
export function merge(live: unknown, config: unknown, lists: ListKeys, place = ''): unknown {
  if (isPlain(live) && isPlain(config) && lists[place] !== 'atomic') {
    const merged: Plain = { ...live };
    for (const [name, field] of Object.entries(config)) {
      merged[name] = merge(live[name], field, lists, `${place}.${name}`);
    }
    return merged;
  }
  if (!Array.isArray(live) || !Array.isArray(config)) return config;
  const mine = selectors(config, place, lists);
  const theirs = selectors(live, place, lists);
  if (!mine || !theirs) return config;
  const kept = live.map((old, index) => {
    const at = mine.indexOf(theirs[index] ?? '');
    return at < 0 ? old : merge(old, config[at], lists, place);
  });
  return [...kept, ...config.filter((_, index) => !theirs.includes(mine[index] ?? ''))];
}

/** Takes the field or list item at `path` out of `root`, and the maps and lists that are empty for it. */
export function removePath(root: Plain, path: string, lists: ListKeys): void {
  const segments = path.split(joint);
  const step = (part: unknown, depth: number, place: string): unknown => {
    const segment = segments[depth] ?? '';
    const last = depth === segments.length - 1;
    if (Array.isArray(part)) {
      const at = (selectors(part, place, lists) ?? []).indexOf(segment);
      if (at < 0) return part;
      if (!last) return part.with(at, step(part[at], depth + 1, place) ?? {});
      return part.length > 1 ? part.toSpliced(at, 1) : undefined;
    }
    const name = segment.slice(1);
    if (!isPlain(part) || !(name in part)) return part;
    const { [name]: field, ...rest } = part;
    const left = last ? undefined : step(field, depth + 1, `${place}.${name}`);
    if (left !== undefined) return { ...part, [name]: left };
    return Object.keys(rest).length > 0 || depth === 0 ? rest : undefined;
  };
  const result = step(root, 0, '') as Plain;
  for (const name of Object.keys(root)) if (!(name in result)) delete root[name];
  Object.assign(root, result);
}
