import { z } from 'zod';
import { Values } from './values.ts';

/** What the chart's files are made from; the part of JSON Schema that its values use. */
export interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  propertyNames?: unknown;
  minimum?: number;
  maximum?: number;
}

/** JSON Schema, draft 7: what every helm 3 reads. */
export const valuesSchema = z.toJSONSchema(Values, {
  target: 'draft-7',
  io: 'input',
  reused: 'inline',
  override({ jsonSchema }) {
    // Bounds that only say "a safe integer" tell a reader nothing.
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  },
}) as Schema;

/** Whether a value has fields of its own with defaults, and is no map or structure that is set as a whole. */
export const isGroup = ({ properties, default: fallback }: Schema) =>
  properties !== undefined && fallback === undefined;

export interface Field {
  path: string[];
  schema: Schema;
}

/** Groups and values in the order of their source, each group before what is in it. */
export function fields(schema: Schema = valuesSchema, path: string[] = []): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = [...path, name];
    return [{ path: here, schema: field }, ...(isGroup(field) ? fields(field, here) : [])];
  });
}
