import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString> | string;

/** A heading that its section is named by. */
export function heading(level: 1 | 2 | 3, id: string, content: Html): Html {
  if (level === 1) return html`<h1 id="${id}">${content}</h1>`;
  return level === 2 ? html`<h2 id="${id}">${content}</h2>` : html`<h3 id="${id}">${content}</h3>`;
}

export interface Column {
  name: string;
  /** Figures stand at the right. */
  number?: boolean;
  /** Stays on one line. */
  whole?: boolean;
  /** Sentences may break. */
  wrap?: boolean;
}

export interface Row {
  cells: (Html | number | undefined)[];
  strong?: boolean;
}

const classOf = ({ number, whole, wrap }: Column) => (number ? 'number' : whole ? 'whole' : wrap ? 'wrap' : '');

/** A table with a caption (hidden where a heading says the same) that scrolls by itself where it is wider than the screen. The first cell of a row names it. */
export const table = (
  caption: string,
  columns: readonly Column[],
  rows: readonly Row[],
  captioned = true,
) => html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption class="${captioned ? '' : 'unseen'}">${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col" class="${classOf(column)}">${column.name}</th>`)}</tr></thead>
<tbody>${rows.map(
  ({ cells, strong }) => html`<tr class="${strong ? 'strong' : ''}">${columns.map((column, i) => {
    const cell = cells[i] ?? '';
    return i === 0
      ? html`<th scope="row" class="${classOf(column)}">${cell}</th>`
      : html`<td class="${classOf(column)}">${cell}</td>`;
  })}</tr>
`,
)}</tbody></table></div>`;

/** Opened on demand; `id` keeps it open when the page is renewed. */
export const details = (id: string, summary: string, content: Html) =>
  html`<details id="${id}"><summary>${summary}</summary>${content}</details>`;

export interface Fact {
  name: string;
  value: Html | number;
  note?: Html;
  tone?: Tone;
  /** Words that want room. */
  wide?: boolean;
}

/** Figures side by side, the most telling first. */
export const facts = (all: readonly Fact[]) =>
  html`<dl class="facts">${all.map(({ name, value, note, tone, wide }) => html`<div class="${wide ? 'wide' : ''}"><dt>${name}</dt><dd class="${tone ?? ''}">${value}${note ? html`<small>${note}</small>` : ''}</dd></div>`)}</dl>`;

export type Tone = 'good' | 'warn' | 'bad' | 'muted' | 'accent';

/** A state in a word; its colour says nothing that the word does not. */
export const badge = (text: string, tone: Tone) => html`<span class="badge ${tone}">${text}</span>`;
