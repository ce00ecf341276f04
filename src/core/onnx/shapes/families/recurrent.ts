import { multiply, type Shape } from '../dims.ts';
import { type Rule, type Rules, rulesFor, value } from '../value.ts';

/** X [sequence, batch, input] → Y [sequence, directions, batch, hidden] and last states [directions, batch, hidden]. */
const recurrent: Rule = (site) => {
  const [first, second] = site.shape()?.slice(0, 2) ?? ['?', '?'];
  const batchFirst = site.int('layout', 0) === 1;
  const [sequence = '?', batch = '?'] = batchFirst ? [second, first] : [first, second];
  const directions = site.text('direction', 'forward') === 'bidirectional' ? 2 : 1;
  const gated = site.shape(2)?.[2];
  const hidden = site.int('hidden_size', 0) || (gated ?? '?');
  const all: Shape = batchFirst ? [batch, sequence, directions, hidden] : [sequence, directions, batch, hidden];
  const last = value(site.type(), batchFirst ? [batch, directions, hidden] : [directions, batch, hidden]);
  return [value(site.type(), all), last, last];
};

/** Indices of 3-D columns back into an image: [N, C·∏block, L] → [N, C, …image]. */
const col2Im: Rule = (site) => {
  const [image, block] = [site.elements(1), site.numbers(2)];
  const [batch = '?', columns = '?'] = site.shape() ?? [];
  if (!image || !block) return [value(site.type())];
  const size = block.reduce((product, each) => product * each, 1);
  const channels = typeof columns === 'number' && size > 0 ? columns / size : multiply(columns, 1);
  return [value(site.type(), [batch, typeof columns === 'number' ? channels : '?', ...image])];
};

export const recurrence: Rules = { ...rulesFor('LSTM GRU RNN', recurrent), Col2Im: col2Im };
