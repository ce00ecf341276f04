/** A busy neighbour: a processor in use now and then, until this process is ended. */
import { setTimeout as sleep } from 'node:timers/promises';

const spell = () => 200 + Math.random() * 1300;
for (;;) {
  const until = performance.now() + spell();
  while (performance.now() < until);
  await sleep(spell());
}
