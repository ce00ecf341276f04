import type { Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Found {
  /** Where it lies in the image, from the root: `/app/package.json`. */
  path: string;
  stats: Stats;
}

/** Everything below a folder; links are not followed. */
export async function filesOf(root: string): Promise<Found[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.map(async ({ parentPath, name }) => {
      const file = join(parentPath, name);
      return { path: file.slice(root.length), stats: await lstat(file) };
    }),
  );
}

/** Whether somebody of neither its owner nor its group may write it. Every link is 0777, which says nothing. */
export const writableByOthers = ({ stats }: Found): boolean => !stats.isSymbolicLink() && (stats.mode & 0o002) !== 0;

/** `name@version` of each package that lies in a node_modules folder, in packages of packages too. */
export async function installedPackages(root: string, files: Found[]): Promise<string[]> {
  const manifests = files.filter(({ path }) => /\/node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(path));
  const named = await Promise.all(
    manifests.map(async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(join(root, path), 'utf8')) as Record<string, string>;
      return `${name}@${version}`;
    }),
  );
  return named.sort();
}

/** `name@version` of what package-lock.json has for production. */
export function lockedPackages(lock: string): string[] {
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { name?: string; version: string; dev?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, { name, version }]) => `${name ?? path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`)
    .sort();
}
