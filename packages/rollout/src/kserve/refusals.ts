/** What a rollout of an InferenceService refuses, in the reader's words. */
import { RolloutError } from "../error.ts";
import { conflict, invalid } from "../kubernetes/refusals.ts";
import type { Route, Services } from "./http-routes.ts";
import type { InferenceService } from "./inference-service.ts";

export function noEntrance({ where }: InferenceService, { stable }: Services): RolloutError {
  return conflict(
    `No HTTPRoute leads users' requests to Service ${stable} of ${where}: KServe makes one where its configuration has ingress.enableGatewayApi and the InferenceService has no transformer or explainer before its predictor.`,
    `Switch enableGatewayApi on, or write an HTTPRoute whose rule names Service ${stable}.`,
  );
}

export function nowhere({ object }: Route): RolloutError {
  return new RolloutError(
    "unreachable",
    `The Gateway of httproute/${object.metadata.name} has no address, or may not be read.`,
    "See whether the Gateway is programmed (kubectl get gateway -A), and allow reading it.",
  );
}

export function noFirst({ where }: InferenceService): RolloutError {
  return invalid(
    `${where} has no revision that serves: in Knative mode KServe gives the first one all traffic at once, whatever canaryTrafficPercent says.`,
    "Apply its first release by hand, and deploy again when it serves.",
  );
}

export function othersCanary({ where, predictor }: InferenceService): RolloutError {
  return conflict(
    `${where} has canaryTrafficPercent: ${predictor.canaryTrafficPercent}, which somebody else wrote.`,
    "Let them end their canary, and remove the field.",
  );
}

export function stillGiven({ where }: InferenceService, percent: number): RolloutError {
  return conflict(`${where} still gives its candidate ${percent} %.`, "Restore stable first.");
}

export function noMirror(): RolloutError {
  return invalid(
    "KServe in Knative mode cannot copy requests to a candidate.",
    "Use mode Standard (annotation serving.kserve.io/deploymentMode), or leave the shadow out.",
  );
}
