import { RewriteName } from '../api/analysis.ts';
import { type ModelCost, modelCost, type NodeCost } from '../core/onnx/cost/cost.ts';
import { type Model, ModelError } from '../core/onnx/model.ts';
import { prepare } from '../core/onnx/prepare.ts';
import { inOrder } from '../core/onnx/rewrites/all.ts';
import { cleanUp } from '../core/onnx/rewrites/clean-up/clean-up.ts';
import { showShape } from '../core/onnx/shapes/dims.ts';
import { inferShapes } from '../core/onnx/shapes/infer.ts';
import { domainOf } from '../core/onnx/shapes/registry.ts';
import type { Value } from '../core/onnx/shapes/value.ts';
import { typeName } from '../core/onnx/tensor-data/element-types.ts';
import { readModel } from './model-file.ts';

interface Signature {
  name: string;
  type: string;
  shape: readonly (number | string)[] | undefined;
}

interface OperatorRow {
  operator: string;
  count: number;
  macs: number;
  bytes: number;
}

/** What `retune inspect` says of a model; with `-o json` just this. */
export interface Inspection {
  file: string;
  irVersion: number;
  opsets: Record<string, number>;
  inputs: Signature[];
  outputs: Signature[];
  nodes: number;
  parameters: number;
  weightBytes: number;
  macs: number;
  bytesRead: number;
  bytesWritten: number;
  peakActivationBytes: number;
  peakAt?: string;
  /** Sizes that were left open and counted as 1. */
  assumed: string[];
  operators: OperatorRow[];
  /** What a search could change: at how many places each rewrite applies, of the model prepared and cleaned up. */
  searchable: { rewrite: string; places: number; unit: string }[];
  notAnalysable: { node: string; operator: string; reason: string }[];
}

/** `batch=8` and `seq=128` as sizes. Throws when one is neither a name nor a whole number. */
export function parseDims(entries: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.lastIndexOf('=');
      const size = Number(entry.slice(at + 1));
      if (at < 1 || !Number.isSafeInteger(size) || size < 0) {
        throw new Error(`--dim takes name=size with a whole size of 0 or more, such as batch=1, not "${entry}"`);
      }
      return [entry.slice(0, at), size];
    }),
  );
}

const operatorOf = (domain: string | undefined, opType: string | undefined) =>
  domainOf(domain) === 'ai.onnx' ? (opType ?? '') : `${domain}.${opType}`;

function operatorRows(nodes: readonly NodeCost[]): OperatorRow[] {
  const rows = new Map<string, OperatorRow>();
  for (const { node, macs, bytesRead, bytesWritten, folded } of nodes) {
    if (folded) continue;
    const operator = operatorOf(node.domain, node.opType);
    const row = rows.get(operator) ?? { operator, count: 0, macs: 0, bytes: 0 };
    rows.set(operator, row);
    row.count += 1;
    row.macs += macs;
    row.bytes += bytesRead + bytesWritten;
  }
  return [...rows.values()].sort(
    (a, b) => b.macs - a.macs || b.bytes - a.bytes || a.operator.localeCompare(b.operator),
  );
}

function costOrHint(model: Model, dims: Record<string, number>): ModelCost {
  const known = inferShapes(model).openDims;
  const stray = Object.keys(dims).filter((name) => !known.includes(name));
  if (stray.length > 0) {
    const open = known.length > 0 ? `it leaves open ${known.join(', ')}` : 'it leaves none open';
    throw new ModelError(`the model has no open size "${stray.join('", "')}": ${open}`);
  }
  try {
    return modelCost(model, { dims });
  } catch (error) {
    const open = known.filter((name) => !Object.hasOwn(dims, name));
    if (!(error instanceof ModelError) || open.length === 0) throw error;
    throw new ModelError(
      `${error.message}. Open sizes count as 1: set them by ${open.map((name) => `--dim ${name}=…`).join(' ')}`,
    );
  }
}

/** Everything that the graph of a model says of its cost. Throws ModelError, a sentence, for whatever is wrong with it. */
export function inspection(file: string, dims: Record<string, number>): Inspection {
  const model = readModel(file);
  const cost = costOrHint(model, dims);
  const shapes = inferShapes(model, { dims }).values;
  const initial = new Set(model.graph.initializer.map(({ name }) => name));
  const signature = ({ name = '' }: { name?: string }): Signature => {
    const { type, shape }: Value = shapes.get(name) ?? { type: 0 };
    return { name, type: typeName(type), shape };
  };
  return {
    file,
    irVersion: Number(model.irVersion ?? 0n),
    opsets: Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version)])),
    inputs: model.graph.input.filter(({ name = '' }) => !initial.has(name)).map(signature),
    outputs: model.graph.output.map(signature),
    nodes: model.graph.node.length,
    ...{ parameters: cost.parameters, weightBytes: cost.weightBytes, macs: cost.macs },
    ...{ bytesRead: cost.bytesRead, bytesWritten: cost.bytesWritten, peakActivationBytes: cost.peakActivationBytes },
    peakAt: cost.peakAt?.name || cost.peakAt?.output[0],
    assumed: cost.assumed,
    operators: operatorRows(cost.nodes),
    searchable: searchable(model),
    notAnalysable: cost.inference.unanalysed.map(({ node, reason }) => ({
      ...{ node: node.name || (node.output[0] ?? ''), operator: operatorOf(node.domain, node.opType), reason },
    })),
  };
}

function searchable(model: Model): Inspection['searchable'] {
  const clean = cleanUp(prepare(model));
  const inference = inferShapes(clean);
  return inOrder(RewriteName.options).map((rewrite) => ({
    ...{ rewrite: rewrite.name, places: rewrite.sites(clean, inference).length, unit: rewrite.unit },
  }));
}

/** 1234567 as `1.23 M`. */
function scaled(figure: number, base: number, units: readonly string[]): string {
  let power = 0;
  while (figure / base ** power >= base && power < units.length - 1) power++;
  return power === 0 ? `${figure}${units[0]}` : `${(figure / base ** power).toPrecision(3)}${units[power]}`;
}
const plain = (figure: number) => scaled(figure, 1000, ['', ' k', ' M', ' G', ' T', ' P']);
const bytes = (figure: number) => scaled(figure, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
const share = (part: number, whole: number) => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)}%`);

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

function changeable(searchable: Inspection['searchable']): string[] {
  const rows = searchable.map(({ rewrite, places }) => [rewrite, String(places)]);
  const [head = '', ...lines] = table([['could be changed', 'places'], ...rows]);
  return [`${head}  choices`, ...lines.map((line, i) => `${line}  ${searchable[i]?.unit}`)];
}

/** The same for people. */
export function inspectionLines(found: Inspection): string[] {
  const signature = ({ name, type, shape }: Signature) => `  ${name}: ${type} ${showShape(shape)}`;
  const moved = found.operators.reduce((sum, row) => sum + row.bytes, 0);
  const rows = found.operators.map(({ operator, count, macs, bytes: each }) => {
    return [operator, String(count), share(macs, found.macs), share(each, moved)];
  });
  const opsets = Object.entries(found.opsets).map(([domain, version]) => `${domain} ${version}`);
  const dark = new Map<string, number>();
  for (const { operator, reason } of found.notAnalysable) {
    dark.set(`${operator}: ${reason}`, (dark.get(`${operator}: ${reason}`) ?? 0) + 1);
  }
  return [
    `${found.file}: IR ${found.irVersion}, operator sets ${opsets.join(', ')}, ${found.nodes} nodes`,
    ...['inputs', ...found.inputs.map(signature), 'outputs', ...found.outputs.map(signature)],
    `parameters         ${plain(found.parameters)}, ${bytes(found.weightBytes)}`,
    `MACs               ${plain(found.macs)}`,
    `bytes moved        ${bytes(found.bytesRead)} read, ${bytes(found.bytesWritten)} written`,
    `peak activations   ${bytes(found.peakActivationBytes)}${found.peakAt ? ` at "${found.peakAt}"` : ''}`,
    ...(found.assumed.length > 0 ? [`counted as 1       ${found.assumed.join(', ')} (set by --dim name=size)`] : []),
    ...['', ...table([['operator', 'count', 'MACs', 'bytes'], ...rows])],
    ...['', ...changeable(found.searchable)],
    ...(dark.size > 0 ? ['', `not analysable: ${found.notAnalysable.length} nodes, which the figures leave out`] : []),
    ...[...dark].map(([reason, count]) => `  ${count} × ${reason}`),
  ];
}

/** Prints what a model is and costs, without running it. */
export function inspect(file: string, options: { dim: string[]; output?: string }): void {
  if (options.output !== undefined && options.output !== 'json') {
    throw new Error(`-o takes json, not "${options.output}"`);
  }
  const found = inspection(file, parseDims(options.dim));
  console.log(options.output === 'json' ? JSON.stringify(found, undefined, 2) : inspectionLines(found).join('\n'));
}
