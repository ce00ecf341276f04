/** What of the Helm chart is generated: its values from values.ts, its CRDs from src/api. */
import { dump } from 'js-yaml';
import { fields, isGroup, type Schema, valuesSchema } from './fields.ts';

const notice = '# Generated from scripts/chart/values.ts by `npm run generate`. Do not edit.\n';
const columns = 120;

/** Words in lines of comments, `indent` spaces in. */
function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}# ${word}`);
  }
  return lines;
}

function valuesYaml(): string {
  const lines = fields().flatMap(({ path, schema }) => {
    const indent = '  '.repeat(path.length - 1);
    const name = path.at(-1) ?? '';
    const value = isGroup(schema)
      ? `${indent}${name}:`
      : dump({ [name]: schema.default }, { flowLevel: 1 })
          .trimEnd()
          .replace(/^/, indent);
    return [...(path.length === 1 ? [''] : []), ...comment(schema.description ?? '', indent), value];
  });
  return `${notice}${lines.join('\n')}\n`;
}

const cell = (text: string) => text.replaceAll('|', '\\|');

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'any'}`;
  if (typeof schema.additionalProperties === 'object' && schema.additionalProperties.type)
    return `map to ${typeOf(schema.additionalProperties)}`;
  return schema.type ?? 'any';
}

function table(): string[] {
  const rows = fields()
    .filter(({ schema }) => !isGroup(schema))
    .map(({ path, schema }) => {
      const fallback = schema.default === '' ? '' : `\`${JSON.stringify(schema.default)}\``;
      return `| \`${path.join('.')}\` | ${cell(typeOf(schema))} | ${fallback} | ${cell(schema.description ?? '')} |`;
    });
  return ['| value | type | default | meaning |', '|---|---|---|---|', ...rows];
}

const readme = () =>
  [
    '# Helm chart of Retune',
    '',
    'Generated from `scripts/chart` by `npm run generate`. How to install, upgrade and uninstall is told in',
    '[docs/install.md](../../docs/install.md).',
    '',
    '```sh',
    'helm install retune helm/retune --namespace retune-system --create-namespace',
    '```',
    '',
    '## Values',
    '',
    'A name that is not in this table is refused, and so is a value of another type.',
    '',
    ...table(),
    '',
  ].join('\n');

/** Helm gives a chart that is part of another one values of its own under this name. */
const withGlobal = (schema: Schema): Schema => ({
  ...schema,
  properties: { ...schema.properties, global: { type: 'object' } },
});

/** A CRD as a template: helm installs what is in a chart's crds/ and never upgrades it. */
export function crdTemplate(definition: string): string {
  if (definition.includes('{{')) throw new Error('a CRD holds "{{", which helm would take for its own');
  const metadata = [
    'metadata:',
    '  labels:',
    '    {{- include "retune.labels" . | nindent 4 }}',
    '  {{- if .Values.crds.keep }}',
    '  annotations:',
    '    helm.sh/resource-policy: keep',
    '  {{- end }}',
  ];
  const annotated = definition.replace(/^metadata:\n/m, `${metadata.join('\n')}\n`);
  return `{{- if .Values.crds.install }}\n${annotated}{{- end }}\n`;
}

/** Files of the chart by their path from the top of the project; `crds` are definitions by their file's name. */
export function chartFiles(crds: Map<string, string>): Map<string, string> {
  const folder = 'helm/retune';
  return new Map([
    [`${folder}/values.yaml`, valuesYaml()],
    [`${folder}/values.schema.json`, `${JSON.stringify(withGlobal(valuesSchema), undefined, 2)}\n`],
    [`${folder}/README.md`, readme()],
    ...[...crds].map(([name, definition]) => [`${folder}/templates/crds/${name}`, crdTemplate(definition)] as const),
  ]);
}
