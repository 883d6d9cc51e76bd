/** Where requests for the user's object come in, as its owner says it: for who cannot look at gateways of others. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { invalid } from "./refusals.ts";

/** On the user's object: `http://10.0.0.1`, an address that leads to it with its own name as host. */
export const entranceAnnotation = "ml-actions.github.io/entrance";

/** null: it says nothing. @throws RolloutError `invalid` when that is no address */
export function givenEntrance({ kind, metadata }: KubeObject): string | null {
  const given = metadata.annotations?.[entranceAnnotation];
  if (given === undefined) return null;
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given;
  throw invalid(
    `The annotation ${entranceAnnotation} of ${kind} ${metadata.name} is no http address: ${JSON.stringify(given.slice(0, 100))}.`,
    "Give an address such as http://10.0.0.1, or remove the annotation.",
  );
}
