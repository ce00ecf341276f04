import type { Block } from './blocks.ts';

/** Where the commands of a block are given to bash, each time with all that the page takes for granted. */
export type Stage =
  /** This machine alone, in a folder that looks like a checkout: test/docs/commands.test.ts. */
  | 'laptop'
  /** The API server in this process, which holds the search `quick` and the SLA `web`: test/docs/commands.test.ts. */
  | 'served'
  /** A real cluster with nodes, one block after the other in the order of the table: test/cluster/docs.test.ts. */
  | 'cluster';

/** bash runs the block as it stands, between `before` and `after`, and must end with 0. */
export interface Run {
  bash: Stage;
  before?: string;
  after?: string;
  /** What stands for the words that the page leaves to the reader. */
  where?: Record<string, string>;
  /** Lines that are left out, and how they are proved instead. */
  without?: { lines: RegExp; because: Means };
  /** Lines of programs that go on until somebody ends them: they are there while `after` runs. */
  lasting?: RegExp;
  /** What is printed holds this. */
  prints?: RegExp;
}

/** How one block is proved: by one of these, and nothing else. */
export type Means =
  /** It belongs into this sample of manifests/samples, at `at` (a path of names), and is valid there. */
  | { manifest: 'search' | 'sla' | 'serving'; at?: string }
  | Run
  /** `$ command`, and what it prints: the same but for figures. */
  | { session: Stage }
  /** The end of what a command prints that the page names between words: the same but for figures. */
  | { printed: string }
  /** Another test does the same, with these words in it. */
  | { test: string; holds: string[] }
  /** A bench that takes minutes: there is one of this name, that takes these options and prints these names. */
  | { bench: string }
  /** No command and no manifest, or one that can't be run here: why. */
  | { untried: string };

export type Proof = { page: string; starts: string } & Means;

/** Whether the proof is of this block: of this page, and it starts with these words. */
export const isOf = ({ page, starts }: Proof, block: Block): boolean =>
  page === block.page && block.text.startsWith(starts);

const helpers = `
# Waits until something answers at an address, and prints what.
answers() { for try in {1..60}; do if node -e 'fetch(process.argv[1]).then(async (a) => { if (!a.ok) process.exit(1); console.log(await a.text()) }, () => process.exit(1))' "$1"; then return; fi; sleep 0.5; done; return 1; }
# Waits until an object is not there any more.
gone() { for try in {1..60}; do if ! kubectl get "$@" > /dev/null 2>&1; then return; fi; sleep 0.5; done; return 1; }
lasting=(); trap 'for pid in "\${lasting[@]}"; do kill "$pid"; done' EXIT
`;

/** What bash is given for a block. Throws Error when lines are to be left out, or to last, that are not there. */
export function scriptOf(page: string, { before = '', after = '', where = {}, without, lasting }: Run): string {
  const text = Object.entries(where).reduce((so, [word, meant]) => so.replaceAll(word, meant), page);
  for (const pattern of [without?.lines, lasting]) {
    if (pattern && !text.split('\n').some((line) => pattern.test(line))) throw new Error(`no line is like ${pattern}`);
  }
  const kept = text.split('\n').filter((line) => !without?.lines.test(line));
  const lines = kept.map((line) => (lasting?.test(line) ? `${line.replace(/ +#.*$/, '')} & lasting+=($!)` : line));
  return [helpers, before, ...lines, after].join('\n');
}

/** What is wrong with the table, a sentence each: blocks without a proof or with several, and proofs of no block. */
export function gaps(blocks: readonly Block[], proofs: readonly Proof[]): string[] {
  const first = (text: string) => text.split('\n')[0] ?? '';
  const unproved = blocks.flatMap((block) => {
    const count = proofs.filter((proof) => isOf(proof, block)).length;
    const where = `${block.page}:${block.line}: "${first(block.text)}"`;
    if (count === 0) return [`${where} is tried by no test: add it to test/docs/proofs.ts, and say how it is proved`];
    return count === 1
      ? []
      : [`${where} has ${count} proofs in test/docs/proofs.ts: give each more of its first words`];
  });
  const lost = proofs
    .filter((proof) => !blocks.some((block) => isOf(proof, block)))
    .map(
      ({ page, starts }) =>
        `${page} has no block that starts with "${starts}" any more: take it out of test/docs/proofs.ts`,
    );
  return [...unproved, ...lost];
}

/** What is printed, without what differs from run to run: figures, times, and the random ends of names. */
export const masked = (text: string): string =>
  text
    .replaceAll(/\b(quick)-(?!base\b)[0-9a-z]{8}\b/g, '$1-…')
    .replaceAll(/\d+(\.\d+)?/g, '#')
    .replaceAll(/ {2,}/g, '  ')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
