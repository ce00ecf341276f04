import { Environment } from '@marcbachmann/cel-js';
import type { z } from 'zod';
import type { CelRule, KubernetesObject } from './common.ts';
import { customResourceDefinition } from './crd.ts';
import { type KindName, kinds } from './kinds.ts';

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  'x-kubernetes-validations'?: CelRule[];
}

const environment = new Environment({ unlistedVariablesAreDyn: true });

/** CEL tells integers from doubles, JSON does not: the schema knows which is which. */
function celValue(value: unknown, schema: Schema): unknown {
  if (schema.type === 'integer' && typeof value === 'number') return BigInt(value);
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema.items ?? {}));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, celValue(field, schema.properties?.[name] ?? {})]),
  );
}

function* brokenRules(value: unknown, previous: unknown, schema: Schema, path: string): Generator<string> {
  if (value === undefined || value === null) return;
  for (const { rule, message } of schema['x-kubernetes-validations'] ?? []) {
    const transition = rule.includes('oldSelf');
    if (transition && previous === undefined) continue;
    const variables = { self: celValue(value, schema), oldSelf: transition ? celValue(previous, schema) : undefined };
    if (environment.evaluate(rule, variables) !== true) yield `${path}: ${message}`;
  }
  if (Array.isArray(value)) {
    // Items have no names to compare them with what they were before by.
    for (const [i, item] of value.entries()) yield* brokenRules(item, undefined, schema.items ?? {}, `${path}[${i}]`);
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const before = (previous as Record<string, unknown> | undefined)?.[name];
    yield* brokenRules((value as Record<string, unknown>)[name], before, field, `${path}.${name}`);
  }
}

function specSchema(kind: KindName): Schema {
  const definition = customResourceDefinition(kinds[kind]) as {
    spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
  };
  return definition.spec.versions[0]?.schema.openAPIV3Schema.properties?.spec ?? {};
}

const sentence =
  (part: 'spec' | 'status') =>
  ({ path, message, code, input }: z.core.$ZodIssue) =>
    `${[part, ...path].join('.')}: ${code === 'invalid_type' && input === undefined ? 'it is required and not there' : message}`;

/**
 * What the API server would refuse in the spec of this object, a sentence each; empty when nothing. The same schema
 * and the same CEL rules, evaluated here, for where there is no API server. Pass the present object as `previous` when
 * this one is to replace it.
 */
export function problems(object: KubernetesObject & { spec?: unknown }, previous?: { spec?: unknown }): string[] {
  if (!(object.kind in kinds)) {
    return [`kind: "${object.kind}" is not a kind of Retune, which has ${Object.keys(kinds).join(', ')}`];
  }
  const kind = object.kind as KindName;
  if (object.apiVersion !== kinds[kind].apiVersion) {
    return [`apiVersion: "${object.apiVersion}" is not served, write ${kinds[kind].apiVersion}`];
  }
  const parsed = kinds[kind].spec.safeParse(object.spec, { reportInput: true });
  if (!parsed.success) return parsed.error.issues.map(sentence('spec'));
  return [...brokenRules(parsed.data, previous?.spec, specSchema(kind), 'spec')];
}

function* strayFields(value: unknown, { properties, items }: Schema, path: string): Generator<string> {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* strayFields(item, items ?? {}, `${path}[${i}]`);
  } else if (value !== null && typeof value === 'object' && properties) {
    for (const [name, field] of Object.entries(value)) {
      if (Object.hasOwn(properties, name)) yield* strayFields(field, properties[name] ?? {}, `${path}.${name}`);
      else yield `${path}.${name}: there is no such field; ${path} has ${Object.keys(properties).join(', ')}`;
    }
  }
}

/**
 * Fields of an object's spec that its kind does not have, a sentence each: what `kubectl` warns of and an API server drops
 * without a word.
 */
export const unknownFields = ({ kind, spec }: KubernetesObject & { spec?: unknown }): string[] =>
  kind in kinds ? [...strayFields(spec, specSchema(kind as KindName), 'spec')] : [];

/** What the API server would refuse in the status of an object of Retune's; empty when nothing, or when it has none. */
export function statusProblems({ kind, status }: KubernetesObject & { status?: unknown }): string[] {
  if (status === undefined) return [];
  return (
    kinds[kind as KindName].status.safeParse(status, { reportInput: true }).error?.issues.map(sentence('status')) ?? []
  );
}

/** The object with every default of its spec filled in, as the API server stores it. Call it on valid objects only. */
export function withDefaults<T extends KubernetesObject & { spec?: unknown }>(object: T): T {
  return { ...object, spec: kinds[object.kind as KindName].spec.parse(object.spec) };
}
