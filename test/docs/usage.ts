import { run } from '../cluster/process.ts';

/** What help says of a command. */
export interface Known {
  /** Its options, short and long, and whether a value follows. */
  options: Map<string, boolean>;
  /** How many arguments it takes at most. */
  mostArguments: number;
}

export type Usage = Map<string, Known>;

const help = (...words: string[]) => run(process.execPath, ['--no-warnings', 'src/cli/main.ts', ...words, '--help']);

/** Reads what commander prints: the line of usage, and a line for each option. */
export function known(text: string): Known {
  const [, line = ''] = /^Usage: \S+ \w+(.*)$/m.exec(text) ?? [];
  const positional = line.replace('[options]', '').match(/[<[]\w+[>\]]/g) ?? [];
  const lines = [...text.matchAll(/^ {2}(-\w, )?(--[\w-]+)( <[^>]+>)?/gm)];
  const options = lines.flatMap(([, short, long = '', value]) =>
    [short?.slice(0, 2), long].flatMap((name) => (name ? [[name, value !== undefined] as const] : [])),
  );
  return { options: new Map(options), mostArguments: positional.length };
}

/** Of each command of `retune` that help shows. Asks the program itself. */
export async function usage(): Promise<Usage> {
  const names = [...(await help()).matchAll(/^ {2}(\w+)(?: \[options\])?(?: |$)/gm)].map(([, name = '']) => name);
  const commands = names.filter((name) => name !== 'help');
  return new Map(await Promise.all(commands.map(async (name) => [name, known(await help(name))] as const)));
}

/** A use of `retune` in a page. */
export interface Use {
  command: string;
  words: string[];
}

/** What a line of a page uses of `retune`; undefined where it is another program's, or names no command. */
export function useOf(line: string): Use | undefined {
  const words = /^(?:\$ )?(?:kubectl )?retune ([a-z]\w*)(.*)$/.exec(line.replace(/ {2,}#.*$/, ''));
  if (!words) return undefined;
  const [, command = '', rest = ''] = words;
  return { command, words: (rest.split(/ [|>&]|`|\)/)[0] ?? '').split(' ').filter(Boolean) };
}

/** Why there is no such use; undefined where there is. A page that only names a command may leave out its arguments. */
export function misuse(of: Usage, { command, words }: Use): string | undefined {
  const found = of.get(command);
  if (!found) return `retune has no command ${command}: there are ${[...of.keys()].join(', ')}`;
  let given = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-')) given++;
    else if (!found.options.has(word)) return `retune ${command} has no option ${word}`;
    else if (found.options.get(word)) i++;
  }
  return given > found.mostArguments
    ? `retune ${command} takes ${found.mostArguments} arguments, not ${given}: ${words.join(' ')}`
    : undefined;
}
