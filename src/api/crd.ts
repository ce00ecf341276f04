import { z } from 'zod';
import type { KindDefinition } from './kinds.ts';

type Json = Record<string, unknown>;

/**
 * What Kubernetes' structural schemas don't take from JSON Schema: `additionalProperties: false` (pruning does that
 * work) and the bounds that only say "a safe integer".
 */
function makeStructural(context: { jsonSchema: object }): void {
  const schema = context.jsonSchema as Json;
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  // A record's key schema has no place in OpenAPI; its length bound is checked by whoever reads the map.
  delete schema.propertyNames;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.type === 'integer') schema.format = 'int64';
  if (schema.default !== undefined) schema.default = completeDefault(schema);
}

/** The API server judges a default as it is written, before it fills in those of its fields: so they are written out. */
function completeDefault(schema: Json): unknown {
  const given = schema.default;
  const properties = schema.properties as Record<string, Json> | undefined;
  if (!properties || typeof given !== 'object' || given === null) return given;
  const filled = Object.entries(properties).flatMap(([name, property]) => {
    const value = (given as Json)[name] ?? completeDefault(property);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(filled);
}

function structural(schema: z.ZodType, description: string): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    override: makeStructural,
  }) as Json;
  return { ...rest, description };
}

/** The CustomResourceDefinition of one kind (apiextensions.k8s.io/v1), made from its schemas alone. */
export function customResourceDefinition(kind: KindDefinition): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: ['retune'],
      },
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: kind.description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: structural(kind.spec, 'What is wanted.'),
                status: structural(kind.status, 'What is, as last observed.'),
              },
            },
          },
        },
      ],
    },
  };
}
