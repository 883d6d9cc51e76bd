export { type Credentials, dockerConfigDirectory, storedCredentials } from "./docker-config.ts";
export { type DownloadOptions, download } from "./download.ts";
export { OciError, type OciErrorCode } from "./errors.ts";
export { type Exchange, exchange, isLoopback, shown } from "./exchange.ts";
export {
  type Descriptor,
  type Document,
  type Index,
  type Manifest,
  mediaTypes,
  parseDocument,
} from "./manifest.ts";
export { digestPattern, formatReference, parseReference, type Reference } from "./reference.ts";
export { type Pulled, Registry, type RegistryOptions } from "./registry.ts";
