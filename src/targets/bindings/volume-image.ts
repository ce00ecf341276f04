import { TargetError } from '../target.ts';
import type { Binding } from './binding.ts';

const scheme = 'oci://';

interface ImageVolume {
  name: string;
  image?: { reference?: string; pullPolicy?: string };
}

/** What stands in `image.reference`: an OCI reference has no scheme. */
function referenceOf(uri: string, volume: string): string {
  if (uri.startsWith(scheme)) return uri.slice(scheme.length);
  throw new TargetError(
    'ModelNotOci',
    `${uri} can't be the image of volume ${volume}: variants must lie in an artifact store of ${scheme}, or be bound otherwise (spec.workloadRef.binding)`,
  );
}

/**
 * The reference of an image volume (Kubernetes `volumes[].image`, an OCI artifact mounted read-only). A model's URI is
 * `oci://` and the reference. Volumes are a list with keys: the reference of one is owned, its pull policy is not.
 */
export function volumeImage(volume: string): Binding {
  const ofTemplate = (volumes: ({ name: string } & Record<string, unknown>)[] = []) =>
    volumes.findIndex(({ name, image }) => name === volume && image !== undefined);
  return {
    where: () => `image of volume ${volume}`,
    field: 'spec.workloadRef.binding.volumeImage',
    read({ spec }) {
      const reference = (spec.volumes?.[ofTemplate(spec.volumes)] as ImageVolume | undefined)?.image?.reference;
      return reference === undefined ? undefined : scheme + reference;
    },
    write(template, _container, uri) {
      const reference = referenceOf(uri, volume);
      const volumes = (template.spec.volumes ?? []).map((present) => {
        const { name, image } = present as ImageVolume;
        return name === volume ? { ...present, image: { ...image, reference } } : present;
      });
      return { ...template, spec: { ...template.spec, volumes } };
    },
    fragment: (_container, uri) => ({
      spec: { volumes: [{ name: volume, image: { reference: referenceOf(uri, volume) } }] },
    }),
    owned: () => ['f:spec', 'f:volumes', `k:{"name":"${volume}"}`, 'f:image', 'f:reference'],
    operations({ spec }, _container, uri) {
      const path = `/spec/volumes/${ofTemplate(spec.volumes)}`;
      return [
        { op: 'test', path: `${path}/name`, value: volume },
        { op: 'replace', path: `${path}/image/reference`, value: referenceOf(uri, volume) },
      ];
    },
  };
}
