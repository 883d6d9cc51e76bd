/** What every part of one mirror knows. */
import type { ActionContext } from "@ml-actions/action-kit/action";
import type { Release } from "@ml-actions/rollout/target";
import type { OpenPlace, Place } from "../../place.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";

export interface Scene {
  inputs: ShadowInputs;
  context: ActionContext<ShadowOutputs>;
  place: Place;
  opened: OpenPlace;
  stable: Release;
  candidate: Release;
  /** Numbers an answer. */
  width: number;
}
