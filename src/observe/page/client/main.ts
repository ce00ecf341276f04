import { type MountedChart, mount } from './chart.ts';
import { type Answer, ask, type Fresh, poll, token } from './live.ts';

let charts: MountedChart[] = [];
const main = () => document.querySelector<HTMLElement>('main');
const figures = () => [...document.querySelectorAll<HTMLElement>('figure[data-chart]')];
const drawAll = () => {
  charts = figures().flatMap((figure) => mount(figure) ?? []);
};

function say(text: string, state: 'live' | 'late'): void {
  const status = document.getElementById('status');
  if (!status) return;
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
}

/** Puts the new content in place of the old; what was open, focused and pointed at stays so. */
function replace({ title, main: content }: Fresh): void {
  const place = main();
  if (!place) return;
  const opened = [...place.querySelectorAll('details[open]')].map(({ id }) => id);
  const typed = place.querySelector<HTMLInputElement>('input[type=search]')?.value;
  const focused = document.activeElement?.id;
  const chosen = charts.flatMap((chart) => {
    const key = chart.chosen();
    return key === undefined ? [] : [{ id: chart.id, key }];
  });
  for (const chart of charts) chart.dispose();
  document.title = title;
  place.innerHTML = content;
  for (const id of opened) document.getElementById(id)?.setAttribute('open', '');
  const search = place.querySelector<HTMLInputElement>('input[type=search]');
  if (search && typed !== undefined) search.value = typed;
  drawAll();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  for (const { id, key } of chosen) charts.find((chart) => chart.id === id)?.choose(key);
}

function signIn(message: string): void {
  const template = document.getElementById('sign-in') as HTMLTemplateElement | null;
  const place = main();
  if (!template || !place) {
    say(message, 'late');
    return;
  }
  for (const chart of charts.splice(0)) chart.dispose();
  place.replaceChildren(template.content.cloneNode(true));
  const refusal = place.querySelector('[role=alert]');
  if (refusal && token.read()) refusal.textContent = message;
  place.querySelector('form')?.addEventListener('submit', (event) => {
    event.preventDefault();
    const given = place.querySelector<HTMLInputElement>('input[name=token]')?.value.trim();
    if (!given) return;
    token.keep(given);
    void start();
  });
  say('signed out', 'late');
}

function take(answer: Answer): boolean {
  if (answer.kind === 'Refused') {
    signIn(answer.message);
    token.drop();
    return false;
  }
  if (answer.kind === 'Failed') {
    say(answer.message, 'late');
    return true;
  }
  if (answer.kind === 'Fresh') replace(answer.page);
  say('live', 'live');
  return true;
}

async function start(): Promise<void> {
  if (take(await ask())) poll(take);
}

drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of charts) chart.redraw();
});
// A report in a file has nobody to ask.
if (document.body.dataset.live !== undefined) void start();
