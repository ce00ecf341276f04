import { pathToFileURL } from 'node:url';

const relative = /^file:(?!\/)./;

/**
 * A manifest's object with every relative file URI, such as `{ uri: file:./model.onnx }`, made absolute: it names a file
 * beside the manifest at `path`. Whatever else it holds stays as it is. Only the CLI does this: in a cluster a manifest
 * has no folder, and the schema refuses such a URI.
 */
export function withAbsoluteUris<T>(object: T, path: string): T {
  const base = pathToFileURL(path);
  const absolute = (value: unknown, key?: string): unknown => {
    if (typeof value === 'string') return key === 'uri' && relative.test(value) ? new URL(value, base).href : value;
    if (Array.isArray(value)) return value.map((element) => absolute(element));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, absolute(inner, name)]));
  };
  return absolute(object) as T;
}
