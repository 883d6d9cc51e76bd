export { isLoopback, shown } from "./address.ts";
export { contentOfBytes, contentOfFile, contentOfSource } from "./content.ts";
export { type Credentials, dockerConfigDirectory, storedCredentials } from "./docker-config.ts";
export { type DownloadOptions, download } from "./download.ts";
export { OciError, type OciErrorCode } from "./errors.ts";
export { type Exchange, exchange } from "./exchange.ts";
export { Layout } from "./layout.ts";
export {
  formatLayoutReference,
  isLayoutReference,
  type LayoutReference,
  parseLayoutReference,
} from "./layout-reference.ts";
export {
  type Descriptor,
  type Document,
  type Index,
  type Manifest,
  mediaTypes,
  type Pulled,
  parseDocument,
} from "./manifest.ts";
export { type OpenedStore, openStore } from "./open-store.ts";
export { digestPattern, formatReference, parseReference, type Reference } from "./reference.ts";
export { Registry, type RegistryOptions } from "./registry.ts";
export type { BlobContent, Referrer, Source, Store } from "./store.ts";
