/**
 * `npm run bench -- <name> [arguments] [--json]`: one bench, its progress on standard error, its figures on the last
 * line. Without a name, every bench that needs no arguments.
 */
import { parseArgs } from 'node:util';
import { measurement } from './measurement.ts';
import { onnxRoundtrip } from './onnx-roundtrip.ts';

type Bench = (say: (line: string) => void, positionals: readonly string[]) => Promise<object>;
const benches: Record<string, Bench> = { measurement, 'onnx-roundtrip': onnxRoundtrip };
const withoutArguments = ['measurement'];

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const [first, ...others] = positionals;
for (const name of first === undefined ? withoutArguments : [first]) {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!bench) throw new Error(`there is no bench "${name}": choose from ${Object.keys(benches).join(', ')}`);
  const figures = await bench((line) => console.error(line), others);
  console.log(values.json ? JSON.stringify(figures) : `${name}: ${JSON.stringify(figures, undefined, 2)}`);
}
