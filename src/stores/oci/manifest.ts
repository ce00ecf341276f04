import { digestOf } from '../digest.ts';
import type { About } from '../store.ts';

/** OCI Image Format Specification 1.1, "Guidelines for artifact usage". */
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
/** What Retune keeps in registries: variants, and the records beside them. */
export const artifactType = 'application/vnd.retune.artifact.v1';
const emptyType = 'application/vnd.oci.empty.v1+json';
const created = 'org.opencontainers.image.created';
const title = 'org.opencontainers.image.title';

/** The content that stands for a configuration nobody needs. */
export const emptyConfig = new TextEncoder().encode('{}');

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

export interface Manifest {
  schemaVersion: 2;
  mediaType: string;
  artifactType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations: Record<string, string>;
}

const fileName = (digest: string, mediaType: string) =>
  `${digest.slice(7, 19)}.${mediaType === 'application/onnx' ? 'onnx' : 'bin'}`;

/** The manifest of one artifact; its only layer is the artifact itself. */
export function manifestOf(digest: string, size: number, about: About, putMs: number): Manifest {
  const { mediaType, annotations } = about;
  return {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType,
    config: { mediaType: emptyType, digest: digestOf(emptyConfig), size: emptyConfig.length },
    layers: [{ mediaType, digest, size, annotations: { [title]: fileName(digest, mediaType) } }],
    annotations: { ...annotations, [created]: new Date(putMs).toISOString() },
  };
}

export const withAnnotations = (manifest: Manifest, annotations: Record<string, string>): Manifest => ({
  ...manifest,
  annotations: { ...manifest.annotations, ...annotations },
});

/** When the artifact was put, in milliseconds since the epoch; never garbage when nobody knows. */
export const putMsOf = ({ annotations }: Manifest): number =>
  Date.parse(annotations?.[created] ?? '') || Number.POSITIVE_INFINITY;

export const putAt = (manifest: Manifest, putMs: number): Manifest =>
  withAnnotations(manifest, { [created]: new Date(putMs).toISOString() });
