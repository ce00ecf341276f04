import type { Command } from 'commander';
import { kinds } from '../../api/kinds.ts';
import { hardwareProfiles } from '../../api/resources.ts';
import type { ResourceType } from '../../runtime/cluster/cluster.ts';
import { namespaces } from '../doctor/kinds.ts';
import { argumentKinds } from './argument-kinds.ts';
import { type Connection, connect, contexts } from './connection.ts';
import { collections } from './find.ts';
import { shells } from './shells.ts';

/** Opens the cluster that the words so far name. */
type Open = (options: Record<string, string>) => Pick<Connection, 'cluster' | 'namespace'>;

/** A key press is not worth a longer wait. */
const patienceMs = 3000;

interface Line {
  command: Command | undefined;
  /** Values of the options given so far, by the names that commander gives them. */
  options: Record<string, string>;
  /** Arguments given so far, the one that is being written left out. */
  given: string[];
  /** The option whose value is being written. */
  open?: string;
  current: string;
}

/** What the words so far mean; the last one is being written. */
function read(program: Command, words: readonly string[]): Line {
  const [current = ''] = words.slice(-1);
  const command = words.length > 1 ? program.commands.find((one) => one.name() === words[0]) : undefined;
  const line: Line = { command, options: {}, given: [], current };
  for (const word of words.slice(1, -1)) {
    const option = command?.options.find(({ short, long }) => word === short || word === long);
    if (line.open !== undefined) {
      line.options[line.open] = word;
      line.open = undefined;
    } else if (option) line.open = option.required ? option.attributeName() : undefined;
    else if (!word.startsWith('-')) line.given.push(word);
  }
  return line;
}

async function namesOf(open: Open, { options, given, command, current }: Line): Promise<string[]> {
  if (command?.name() === 'completions') return given.length === 0 ? shells : [];
  const among = argumentKinds[command?.name() ?? '']?.[given.length];
  if (!among) return [];
  const { cluster, namespace } = open(options);
  const listed = await Promise.all(
    among.map(async (kind) => {
      const [short] = kinds[kind].shortNames;
      const type: ResourceType = collections[kind];
      const names = (await cluster.list(type, { namespace })).map(({ metadata }) => metadata.name);
      return current.includes('/') ? names.map((name) => `${short}/${name}`) : names;
    }),
  );
  return [...new Set(listed.flat())];
}

async function valuesOf(open: Open, { options, command, open: name = '' }: Line): Promise<string[]> {
  const choices = command?.options.find((option) => option.attributeName() === name)?.argChoices;
  if (choices) return [...choices];
  const list = async (type: ResourceType) =>
    (await open(options).cluster.list(type)).map(({ metadata }) => metadata.name);
  if (name === 'context') return contexts(options.kubeconfig);
  if (name === 'namespace') return list(namespaces);
  return name === 'accelerator' ? list(hardwareProfiles) : [];
}

/** What the last word may become, every one a whole word; none where nobody can tell. */
export async function candidates(program: Command, words: readonly string[], open: Open): Promise<string[]> {
  const line = read(program, words);
  const { command, current } = line;
  const visible = program.createHelp().visibleCommands(program);
  const of = async () => {
    if (words.length <= 1) return visible.map((one) => one.name());
    if (line.open !== undefined) return valuesOf(open, line);
    if (current.startsWith('-')) return (command?.options ?? []).flatMap(({ long }) => long ?? []);
    return namesOf(open, line);
  };
  return (await of()).filter((one) => one.startsWith(current)).sort();
}

/** Prints what the last word may become, a line each; no error is worth a word in the middle of a line that is written. */
export async function complete(program: Command, words: readonly string[], forKubectl = false): Promise<void> {
  const late = new Promise<string[]>((resolve) => setTimeout(() => resolve([]), patienceMs));
  const found = await Promise.race([candidates(program, words, connect).catch(() => []), late]);
  // kubectl reads what cobra writes: 4 keeps the shell from offering files.
  const lines = forKubectl ? [...found, ':4'] : found;
  await new Promise<void>((resolve) => process.stdout.write(lines.map((one) => `${one}\n`).join(''), () => resolve()));
  process.exit(0);
}
