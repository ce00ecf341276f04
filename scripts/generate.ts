/** The only writer of generated files. `npm run generate` writes them; `npm run check` compares and writes nothing. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump } from 'js-yaml';
import { customResourceDefinition } from '../src/api/crd.ts';
import { kinds } from '../src/api/kinds.ts';
import { helm } from '../test/cluster/helm.ts';
import { apiReference } from './api-reference.ts';
import { chartFiles } from './chart/files.ts';
import { installIsCurrent, installPath, renderInstall } from './chart/render.ts';
import { dashboardFiles } from './dashboards/files.ts';
import { pageScript } from './page-script.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const notice = '# Generated from src/api by `npm run generate`. Do not edit.\n';

/** Every generated file by its path from the top of the project. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const crds = new Map<string, string>();
  for (const kind of Object.values(kinds)) {
    const definition = dump(customResourceDefinition(kind), { noRefs: true, lineWidth: 120 });
    crds.set(`${kind.group}_${kind.plural}.yaml`, notice + definition);
  }
  for (const [name, definition] of crds) files.set(`crds/${name}`, definition);
  for (const [path, content] of chartFiles(crds)) files.set(path, content);
  for (const [path, content] of dashboardFiles()) files.set(path, content);
  files.set('docs/api-reference.md', apiReference());
  files.set('src/observe/page/gen/page.js', await pageScript());
  return files;
}

/** Paths whose content on disk differs from what would be generated. */
export async function staleFiles(): Promise<string[]> {
  const stale: string[] = [];
  const files = await generatedFiles();
  for (const [path, content] of files) {
    const present = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (present !== content) stale.push(path);
  }
  if (!(await installIsCurrent(files))) stale.push(installPath);
  return stale;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await generatedFiles();
  for (const [path, content] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    console.log(path);
  }
  // Rendering takes a helm, which takes minutes to build the first time.
  if (process.argv.includes('--render') || !(await installIsCurrent(files))) {
    const program = await helm((line) => console.log(line));
    await writeFile(join(root, installPath), await renderInstall(program));
    console.log(installPath);
  }
}
