import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';

const folder = new URL('../src/observe/page/client/', import.meta.url);
/** What imports comes after what it imports. */
const order = ['palette', 'legend', 'plot', 'bars', 'tip', 'chart', 'live', 'main'];
const imports = /^import\s[^;]*;$/gm;

/**
 * The page's script in one file, for a browser: the modules of its folder one after the other, without types, imports and
 * exports. A name may therefore stand at the top of one of them only.
 */
export async function pageScript(): Promise<string> {
  const modules = await Promise.all(
    order.map(async (name) => stripTypeScriptTypes(await readFile(new URL(`${name}.ts`, folder), 'utf8'))),
  );
  const script = modules
    .map((text) => text.replaceAll(imports, '').replaceAll(/^export /gm, ''))
    .join('\n')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{2,}/g, '\n');
  return `// Generated from src/observe/page/client by \`npm run generate\`. Do not edit.\n(() => {\n'use strict';\n${script.trim()}\n})();\n`;
}
