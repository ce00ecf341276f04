import { html, raw } from 'hono/html';
import type { ChartData } from '../chart-data.ts';

/** Text of JSON that may stand inside a script element: no tag can begin in it. */
const inScript = (data: unknown) => raw(JSON.stringify(data).replaceAll('<', '\\u003c'));

/**
 * A drawing with its name. The browser draws from the data; whoever does without finds the same in the table that follows
 * each drawing. `id` is the same across updates.
 */
export const figure = (id: string, name: string, data: ChartData | undefined) =>
  data === undefined
    ? ''
    : html`<figure id="${id}" data-chart="${data.kind}"><figcaption>${name}</figcaption>
<div class="plot ${data.kind}" id="${id}-plot" tabindex="0" role="application" aria-roledescription="chart" aria-label="${name}. The arrow keys go from point to point, Enter opens one; the table has the same figures."></div>
<script type="application/json">${inScript(data)}</script></figure>`;
