/**
 * The URL of a module of ours that another process or thread is to load. Written with the source's name; built code
 * finds it under the name it was built to.
 */
export function moduleUrl(source: string, importMetaUrl: string): string {
  const url = new URL(source, importMetaUrl).href;
  return importMetaUrl.endsWith('.ts') ? url : url.replace(/\.ts$/, '.js');
}
