/**
 * `node scripts/image/sbom.ts npm.cdx.json STATUS.D`: what the image holds, as CycloneDX on standard output. npm's own list of
 * the packages, which the Dockerfile gives it, with Node itself and the packages of Debian whose files the image has.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is read and written of https://cyclonedx.org/docs/1.5/json; the rest is passed on as npm wrote it. */
export interface Component {
  'bom-ref': string;
  type: string;
  name: string;
  version: string;
  purl: string;
  externalReferences?: { type: string; url: string }[];
}

export interface Bom {
  metadata: { component: Component };
  components: Component[];
}

const component = (type: string, name: string, version: string, purl: string): Component => ({
  ...{ 'bom-ref': purl, type, name, version, purl },
});

/**
 * A package of Debian as dpkg records it (deb822: `Name: value` lines). `release` is the VERSION_ID of os-release. Throws
 * Error when it lacks a name, a version or an architecture.
 */
export function debianComponent(status: string, release: string): Component {
  const field = (name: string): string => {
    const value = new RegExp(`^${name}: (.+)$`, 'm').exec(status)?.[1];
    if (value === undefined) throw new Error(`this is not what dpkg says of a package, it has no ${name}: ${status}`);
    return value;
  };
  const [name, version] = [field('Package'), field('Version')];
  const where = `arch=${field('Architecture')}&distro=debian-${release}`;
  return component(
    'library',
    name,
    version,
    `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${where}`,
  );
}

/** Node's own release, with all that is compiled into it. `version` has no v in front. */
export const nodeComponent = (version: string): Component =>
  component('application', 'node', version, `pkg:generic/node@${version}`);

/** npm's list with more in it. The registry that it was fetched from is the builder's matter, and npm names its folder. */
export function merged(npm: Bom, name: string, others: readonly Component[]): Bom {
  const withoutSource = (one: Component): Component => ({
    ...one,
    externalReferences: one.externalReferences?.filter(({ type }) => type !== 'distribution'),
  });
  return {
    ...npm,
    metadata: { ...npm.metadata, component: { ...npm.metadata.component, name } },
    components: [...npm.components.map(withoutSource), ...others],
  };
}

if (import.meta.main) {
  const [file = '', folder = ''] = process.argv.slice(2);
  const npm = JSON.parse(readFileSync(file, 'utf8')) as Bom;
  const release = /^VERSION_ID="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  const debian = readdirSync(folder)
    .sort()
    .map((name) => debianComponent(readFileSync(join(folder, name), 'utf8'), release));
  const { name } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string };
  process.stdout.write(
    `${JSON.stringify(merged(npm, name, [nodeComponent(process.versions.node), ...debian]), null, 2)}\n`,
  );
}
