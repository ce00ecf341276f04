/** docs/api-reference.md, made from the same schemas as the CRDs. */
import { customResourceDefinition } from '../src/api/crd.ts';
import { kinds } from '../src/api/kinds.ts';

interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  'x-kubernetes-validations'?: { message: string }[];
}

const cell = (text: string) => text.replaceAll('|', '\\|');

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'any'}`;
  if (schema.additionalProperties) return `map to ${typeOf(schema.additionalProperties)}`;
  return schema.type ?? 'any';
}

function rows(schema: Schema, path: string): string[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}.${name}`;
    const fallback =
      field.default === undefined || typeof field.default === 'object' ? '' : `\`${JSON.stringify(field.default)}\``;
    const row = `| \`${here}\` | ${cell(typeOf(field))} | ${required.has(name) ? 'required' : fallback} | ${cell(field.description ?? '')} |`;
    return [row, ...rows(field, here), ...(field.items ? rows(field.items, `${here}[]`) : [])];
  });
}

function rules(schema: Schema): string[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule) => `- ${rule.message}`);
  return [...own, ...Object.values(schema.properties ?? {}).flatMap(rules)];
}

export function apiReference(): string {
  const sections = Object.values(kinds).map((kind) => {
    const definition = customResourceDefinition(kind) as {
      spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
    };
    const schema = definition.spec.versions[0]?.schema.openAPIV3Schema ?? {};
    const { spec = {}, status = {} } = schema.properties ?? {};
    const refused = rules(spec);
    return [
      `## ${kind.kind}`,
      '',
      `${kind.description} ${kind.namespaced ? 'Namespaced' : 'Cluster-scoped'}; short name \`${kind.shortNames.join('`, `')}\`.`,
      '',
      '| field | type | default | meaning |',
      '|---|---|---|---|',
      ...rows(spec, 'spec'),
      ...rows(status, 'status'),
      ...(refused.length ? ['', 'Refused with the sentence:', '', ...refused] : []),
      '',
    ].join('\n');
  });
  return [
    '# API reference',
    '',
    'Generated from `src/api` by `npm run generate`. Group `retune.dev`, version `v1alpha1`.',
    '',
    ...sections,
  ].join('\n');
}
