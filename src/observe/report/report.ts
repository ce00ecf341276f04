import { createHash } from 'node:crypto';
import { html } from 'hono/html';
import { assets } from '../page/assets.ts';
import { showTime } from '../page/format.ts';
import { hardwareView } from '../page/model/hardware.ts';
import { hardwareSection } from '../page/views/hardware.ts';
import { standalone } from '../page/views/layout.ts';
import type { Links } from '../page/views/parts.ts';
import { searchSection } from '../page/views/search.ts';
import { slaSection } from '../page/views/sla.ts';
import { facts } from '../page/views/table.ts';
import { variantSection } from '../page/views/variant.ts';
import type { ReportData } from './data.ts';

/** Links inside the file: to what is in it. */
function linksWithin({ searches }: ReportData): Links {
  const there = new Set(searches.flatMap(({ recommended }) => recommended.map(({ variant }) => variant.metadata.name)));
  const types = new Set(searches.flatMap(({ profiles }) => profiles.map(({ metadata }) => metadata.name)));
  const names = searches.map(({ view }) => view.search.metadata);
  return {
    variant: (_, name) => (there.has(name) ? `#variant-${name}` : undefined),
    hardware: (name) => (types.has(name) ? `#hardware-${name}` : undefined),
    search({ metadata: { namespace, name } }) {
      const found = names.find((one) => one.name === name && (one.namespace ?? '') === (namespace ?? ''));
      return found && `#search-${namespace ?? ''}-${name}`;
    },
  };
}

const inline = (text: string) => text.replaceAll(/<\/(?=script|style)/gi, '<\\/');
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** One HTML file with everything in it: no script, font or image from anywhere else, and nothing that it may ask for. */
export async function renderReport(data: ReportData): Promise<string> {
  const { style, scripts } = await assets();
  const links = linksWithin(data);
  const views = data.searches.map(({ view }) => view);
  const profiles = new Map(data.searches.flatMap(({ profiles: all }) => all.map((one) => [one.metadata.name, one])));
  const main = html`<h1>${data.title}</h1><p>Written ${showTime(data.generatedAt)}</p>
${facts(data.headline.map(({ label, value, note }) => ({ name: label, value, note })))}
${data.slas.map((view) => slaSection(view, links, 2))}
${views.map((view) => searchSection(view, links, 2))}
${data.searches.flatMap(({ recommended }) => recommended.map((view) => variantSection(view, links, 2)))}
${[...profiles.values()].map((profile) => hardwareSection(hardwareView(profile, views), links, 2))}`;
  const [css, ...code] = [style, ...scripts].map(({ text }) => inline(text));
  const hashes = code.map(hashOf).join(' ');
  const policy = `default-src 'none'; script-src ${hashes}; style-src ${hashOf(css ?? '')}; img-src data:; base-uri 'none'`;
  const page = await standalone({ title: data.title, main, style: css ?? '', scripts: code, policy });
  return String(page);
}
