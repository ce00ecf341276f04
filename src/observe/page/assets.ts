import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface Asset {
  /** Where it is served; its content is in its name, so that browsers may keep it for ever. */
  path: string;
  type: string;
  text: string;
  /** `sha256-…` as a Content-Security-Policy writes it. */
  hash: string;
  gzipped: Buffer;
}

export interface Assets {
  style: Asset;
  /** echarts first: the page's own script draws with it. */
  scripts: [echarts: Asset, page: Asset];
}

const compress = promisify(gzip);

async function asset(name: string, type: string, url: string): Promise<Asset> {
  const text = await readFile(fileURLToPath(url), 'utf8');
  const digest = createHash('sha256').update(text).digest();
  const [stem, ending] = [name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.'))];
  return {
    path: `/assets/${stem}.${digest.toString('hex').slice(0, 12)}${ending}`,
    ...{ type, text, hash: `sha256-${digest.toString('base64')}`, gzipped: await compress(text) },
  };
}

const beside = (name: string) => new URL(name, import.meta.url).href;
const javascript = 'text/javascript; charset=utf-8';

async function load(): Promise<Assets> {
  const [style, echarts, page] = await Promise.all([
    asset('style.css', 'text/css; charset=utf-8', beside('./style.css')),
    asset('echarts.js', javascript, import.meta.resolve('echarts/dist/echarts.common.min.js')),
    asset('page.js', javascript, beside('./gen/page.js')),
  ]);
  return { style, scripts: [echarts, page] };
}

let loaded: Promise<Assets> | undefined;

/** What the page needs beside its content: read when somebody first looks, not when the operator starts. */
export function assets(): Promise<Assets> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}
