/** `npm run bench -- <name> [--json]`: one bench, its progress on standard error, its figures on the last line. */
import { parseArgs } from 'node:util';
import { measurement } from './measurement.ts';

const benches: Record<string, (say: (line: string) => void) => Promise<object>> = { measurement };

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const chosen = positionals.length > 0 ? positionals : Object.keys(benches);
for (const name of chosen) {
  const bench = benches[name];
  if (!bench) throw new Error(`there is no bench "${name}": choose from ${Object.keys(benches).join(', ')}`);
  const figures = await bench((line) => console.error(line));
  console.log(values.json ? JSON.stringify(figures) : `${name}: ${JSON.stringify(figures, undefined, 2)}`);
}
