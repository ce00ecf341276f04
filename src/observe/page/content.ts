import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareView } from './model/hardware.ts';
import { overview } from './model/overview.ts';
import { searchView } from './model/search.ts';
import { variantView } from './model/variant.ts';
import { idOf, type PageReader } from './reader.ts';
import { hardwareSection } from './views/hardware.ts';
import { overviewSection } from './views/overview.ts';
import { served } from './views/parts.ts';
import { searchSection } from './views/search.ts';
import { slaSection } from './views/sla.ts';
import type { Html } from './views/table.ts';
import { variantSection } from './views/variant.ts';

export interface Content {
  title: string;
  main: Html;
}

/** The pages there are; undefined where there is nothing of that name. */
export interface Contents {
  overview(question: { text: string; page: number }): Promise<Content>;
  search(namespace: string, name: string): Promise<Content | undefined>;
  variant(namespace: string, search: string, name: string): Promise<Content | undefined>;
  sla(namespace: string, name: string): Promise<Content | undefined>;
  hardware(name: string): Promise<Content | undefined>;
}

/** Runs of so many searches are drawn in a roofline: each costs two lists. */
const mostSearches = 5;

export function contents(reader: PageReader): Contents {
  const searchOf = async (namespace: string, name: string) =>
    (await reader.searches()).find(({ metadata }) => idOf(metadata) === idOf({ namespace, name }));
  const viewOf = async (search: NASSearch) => {
    const { variants, trials } = await reader.childrenOf(search);
    return searchView(search, variants, trials);
  };
  return {
    async overview(question) {
      const [searches, slas, profiles] = await Promise.all([reader.searches(), reader.slas(), reader.profiles()]);
      return { title: 'Retune', main: overviewSection(overview({ searches, slas, profiles }, question)) };
    },

    async search(namespace, name) {
      const search = await searchOf(namespace, name);
      return search && { title: `Search ${name} – Retune`, main: searchSection(await viewOf(search), served) };
    },

    async variant(namespace, searchName, name) {
      const search = await searchOf(namespace, searchName);
      if (!search) return undefined;
      const [children, profiles] = await Promise.all([reader.childrenOf(search), reader.profiles()]);
      const view = variantView(search, children, profiles, name);
      return view && { title: `Variant ${name} – Retune`, main: variantSection(view, served) };
    },

    async sla(namespace, name) {
      const sla = (await reader.slas()).find(({ metadata }) => idOf(metadata) === idOf({ namespace, name }));
      if (!sla) return undefined;
      return { title: `SLA ${name} – Retune`, main: slaSection({ sla, readings: reader.readings(sla) }, served) };
    },

    async hardware(name) {
      const profile = (await reader.profiles()).find(({ metadata }) => metadata.name === name);
      if (!profile) return undefined;
      const started = ({ metadata }: NASSearch) => metadata.creationTimestamp ?? '';
      const here = (await reader.searches())
        .filter(({ status }) => status?.accelerators?.some((one) => one.name === name))
        .sort((a, b) => started(b).localeCompare(started(a)));
      const views = await Promise.all(here.slice(0, mostSearches).map(viewOf));
      return { title: `Accelerator ${name} – Retune`, main: hardwareSection(hardwareView(profile, views), served) };
    },
  };
}
