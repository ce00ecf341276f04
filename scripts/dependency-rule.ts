/**
 * The dependency rule of docs/architecture.md, checked on every import of src/:
 * cli → observe | serve | engines | stores | targets | sources | worker | controllers → runtime | core → api.
 */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src', import.meta.url));
const middle = ['observe', 'serve', 'engines', 'stores', 'targets', 'sources', 'worker', 'controllers'];

/**
 * What each folder may import besides itself. The interfaces `engines/engine.ts` and `stores/store.ts` are the face of
 * their folder: whoever is handed an implementation may name its type.
 */
const mayImport: Record<string, string[]> = {
  api: [],
  core: ['api'],
  runtime: [],
  ...Object.fromEntries(middle.map((folder) => [folder, ['runtime', 'core', 'api']])),
  cli: [...middle, 'runtime', 'core', 'api'],
};
const faces = new Set(['engines/engine.ts', 'stores/store.ts', 'targets/target.ts', 'sources/source.ts']);

/** Packages that only one folder may import. */
const packages: [string, string][] = [
  ['@kubernetes/client-node', 'runtime/cluster/kubernetes/'],
  ['onnxruntime-node', 'engines/onnxruntime/'],
];
const impure = /\b(Date\.now|Math\.random|process\.env|new Date\(\))/;

const importPattern = /^\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;

function violation(file: string, target: string): string | undefined {
  const from = file.split('/')[0] ?? '';
  if (!target.startsWith('.')) {
    if (target.startsWith('node:') && (from === 'core' || from === 'api')) return `${from} is pure: no ${target}`;
    const owner = packages.find(([name]) => target === name || target.startsWith(`${name}/`));
    return owner && !file.startsWith(owner[1]) ? `only ${owner[1]} imports ${owner[0]}` : undefined;
  }
  const path = relative(src, join(src, dirname(file), target));
  const to = path.split('/')[0] ?? '';
  if (to === from || faces.has(path) || (mayImport[from] ?? []).includes(to)) return undefined;
  return `${from} may not import ${path}`;
}

/** One sentence a violation, in order of files. Tests are free: they wire real adapters together. */
export async function dependencyViolations(): Promise<string[]> {
  const problems: string[] = [];
  for await (const file of glob('**/*.ts', { cwd: src })) {
    if (file.endsWith('.test.ts')) continue;
    const text = await readFile(join(src, file), 'utf8');
    for (const match of text.matchAll(importPattern)) {
      const problem = violation(file, match[1] ?? match[2] ?? '');
      if (problem) problems.push(`src/${file}: ${problem}`);
    }
    if (file.startsWith('core/') && impure.test(text))
      problems.push(`src/${file}: core takes time and chance as arguments`);
  }
  return problems.sort();
}
