/**
 * `npm run bench -- <name> [its arguments] [--json]`: one bench, its progress on standard error, its figures on the last
 * line. Without a name, every bench that needs no arguments.
 */
import { accelerator } from './accelerator.ts';
import { allocation } from './allocation.ts';
import { compression } from './compression.ts';
import { drift } from './drift.ts';
import { forecast } from './forecast.ts';
import { measurement } from './measurement.ts';
import { mishaps } from './mishaps.ts';
import { nasTable } from './nas-table.ts';
import { onnxRoundtrip } from './onnx-roundtrip.ts';
import { operator } from './operator.ts';
import { predictorTable } from './predictor-table.ts';
import { proposal } from './proposal.ts';
import { quantization } from './quantization.ts';
import { serving } from './serving.ts';

/** A bench reads its own arguments: what follows its name, less `--json`. */
type Bench = (say: (line: string) => void, args: readonly string[]) => Promise<object>;
const benches: Record<string, Bench> = {
  measurement,
  drift,
  accelerator,
  allocation,
  quantization,
  compression,
  'onnx-roundtrip': onnxRoundtrip,
  'nas-table': nasTable,
  'predictor-table': predictorTable,
  proposal,
  forecast,
  serving,
  mishaps,
  operator,
};
const withoutArguments = ['measurement', 'allocation', 'quantization', 'proposal'];

/** What a user can mend is one sentence; anything else keeps its stack. */
function refuse(error: unknown): never {
  const known = error instanceof Error && (error.constructor === Error || 'code' in error);
  console.error(known ? `bench: ${error.message}` : error);
  process.exit(known ? 2 : 1);
}

const json = process.argv.includes('--json');
const [first, ...others] = process.argv.slice(2).filter((argument) => argument !== '--json');
for (const name of first === undefined ? withoutArguments : [first]) {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!bench) refuse(new Error(`there is no bench "${name}": choose from ${Object.keys(benches).join(', ')}`));
  const figures = await bench((line) => console.error(line), others).catch(refuse);
  console.log(json ? JSON.stringify(figures) : `${name}: ${JSON.stringify(figures, undefined, 2)}`);
}
