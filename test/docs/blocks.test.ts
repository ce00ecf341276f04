import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOf, codeSpans } from './blocks.ts';

const page = `# Title

Prose with \`npm test\` and \`retune search
-f x\`.

\`\`\`sh
one \`two\`

    three
\`\`\`

    four

      five

Not code:
    a line that goes on.
~~~
six
~~~
`;

test('fenced and indented blocks are found with their language and line', () => {
  assert.deepEqual(blocksOf('x.md', page), [
    { page: 'x.md', line: 7, language: 'sh', text: 'one `two`\n\n    three' },
    { page: 'x.md', line: 12, language: '', text: 'four\n\n  five' },
    { page: 'x.md', line: 19, language: '', text: 'six' },
  ]);
});

test('code in a line is found, over its end too, and not inside of blocks', () => {
  assert.deepEqual(codeSpans(page), [
    { line: 3, code: 'npm test' },
    { line: 3, code: 'retune search -f x' },
  ]);
});
