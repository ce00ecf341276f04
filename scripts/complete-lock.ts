/**
 * Run after `npm install` where the registry at hand lacks some platforms' optional packages: npm leaves those out of
 * package-lock.json, and then `npm ci` refuses the lock everywhere. This puts them back, by name, version and platform.
 */
import { readFile, writeFile } from 'node:fs/promises';

interface Entry {
  version?: string;
  optionalDependencies?: Record<string, string>;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

const platform = /(android|darwin|linux|win32|freebsd|netbsd|openbsd|sunos|aix)-(arm64|aarch64|armv7|arm|x64|ia32|\w+)/;
const nodeNames: Record<string, string> = { aarch64: 'arm64', armv7: 'arm' };

const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as { packages: Record<string, Entry> };
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const key = `node_modules/${name}`;
    const [, os, cpu] = platform.exec(name) ?? [];
    if (lock.packages[key] || lock.packages[`${path}/${key}`] || !os || !cpu) continue;
    const libc = name.includes('musl') ? { libc: ['musl'] } : {};
    lock.packages[key] = {
      version,
      cpu: [nodeNames[cpu] ?? cpu],
      ...(dev && { dev }),
      ...libc,
      optional: true,
      os: [os],
    };
    console.log(`${name}@${version}`);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
await writeFile('package-lock.json', `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
