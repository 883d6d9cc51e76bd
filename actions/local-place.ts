/** The place of the target `local`: processes of this machine, their state in a directory. */
import { openTarget } from "@ml-actions/rollout/targets/index";
import type { LocalOptions } from "@ml-actions/rollout/targets/local";
import {
  deployedOptions,
  leaseTtlMs,
  localOptions,
  localState,
  portVariable,
  stateVariable,
} from "./local-state.ts";
import type { Place, PlaceContext, PlaceInputs } from "./place.ts";

/**
 * With `local-port` (the action `deploy`) it may be the first, and is handed on to the later steps of the job;
 * otherwise it must have been deployed.
 *
 * @throws UserError when nothing was ever deployed there
 */
export function localPlace(inputs: PlaceInputs, context: PlaceContext): Place {
  const { resource, "local-port": port } = inputs;
  if (port === undefined) return localPlaceOf(deployedOptions(resource.text, context.programs));
  const state = localState(inputs["local-state"]);
  context.environment(stateVariable, state);
  context.environment(portVariable(resource.text), String(port));
  return localPlaceOf(localOptions(resource.text, state, port, context.programs));
}

export function localPlaceOf(options: LocalOptions): Place {
  return {
    target: "local",
    resource: options.resource,
    cluster: null,
    kept: null,
    leaseTtlMs,
    open: async () => ({ ...(await openTarget("local", options)), guard: async () => null, close: () => {} }),
  };
}
