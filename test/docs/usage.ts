import { run } from '../cluster/process.ts';

/** Of each command of `retune` that help shows: its options, short and long. */
export type Usage = Map<string, Set<string>>;

const help = (...words: string[]) => run(process.execPath, ['--no-warnings', 'src/cli/main.ts', ...words, '--help']);

/** Asks the program itself. */
export async function usage(): Promise<Usage> {
  const names = [...(await help()).matchAll(/^ {2}(\w+)(?: \[options\])?(?: |$)/gm)].map(([, name = '']) => name);
  const commands = names.filter((name) => name !== 'help');
  const options = await Promise.all(
    commands.map(async (name) =>
      [...(await help(name)).matchAll(/(?<![\w-])--?[a-zA-Z][\w-]*/g)].map(([word]) => word),
    ),
  );
  return new Map(commands.map((name, i) => [name, new Set(options[i])]));
}

/** A use of `retune` in a page. */
export interface Use {
  command: string;
  options: string[];
}

/** What a line of a page uses of `retune`; undefined where it is another program's, or names no command. */
export function useOf(line: string): Use | undefined {
  const words = /^(?:\$ )?(?:kubectl )?retune ([a-z]\w*)(.*)$/.exec(line.replace(/ {2,}#.*$/, ''));
  if (!words) return undefined;
  const [, command = '', rest = ''] = words;
  const own = rest.split(/ \| | && |`/)[0] ?? '';
  return { command, options: [...own.matchAll(/(?<=\s)--?[a-zA-Z][\w-]*/g)].map(([option]) => option) };
}

/** Why there is no such use; undefined where there is. */
export function misuse(of: Usage, { command, options }: Use): string | undefined {
  const known = of.get(command);
  if (!known) return `retune has no command ${command}: there are ${[...of.keys()].join(', ')}`;
  const [stray] = options.filter((option) => !known.has(option));
  return stray && `retune ${command} has no option ${stray}`;
}
