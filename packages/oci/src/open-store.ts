/** From what people write to the place that it names. */
import { Layout } from "./layout.ts";
import { isLayoutReference, parseLayoutReference } from "./layout-reference.ts";
import { parseReference } from "./reference.ts";
import { Registry, type RegistryOptions } from "./registry.ts";
import type { Store } from "./store.ts";

export interface OpenedStore {
  store: Store;
  tag?: string;
  /** `sha256:<hex>`; when it is there, it alone decides, whatever the tag says. */
  digest?: string;
}

/** `registry/repository[:tag][@sha256:…]` or `oci:DIR[:tag][@sha256:…]`. Nothing is asked or opened yet, so a registry that
 * is down and a directory that is missing show with the first use. Rejects with `OciError` code `reference`. */
export async function openStore(reference: string, options: RegistryOptions = {}): Promise<OpenedStore> {
  if (isLayoutReference(reference)) {
    const { directory, ...named } = parseLayoutReference(reference);
    return { store: new Layout(directory), ...named };
  }
  const parsed = parseReference(reference);
  const { tag, digest } = parsed;
  return {
    store: new Registry(parsed, options),
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}
