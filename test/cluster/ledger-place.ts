/** Ledgers of resources that are there in name only, each test with one of its own. */
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { Api } from "@ml-actions/cluster/types";
import { type KubernetesLedger, type LedgerOptions, openLedger } from "@ml-actions/rollout/kubernetes/ledger";
import type { JournalStep, Release } from "@ml-actions/rollout/target";
import { afterAll, beforeAll } from "vitest";
import { inNamespace, type TestNamespace } from "./namespace.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
export const release = (digit: string): Release => ({
  digest: digest(digit),
  label: `flights-${digit}`,
  model: { digest: digest(digit), uri: "flights.onnx", contract: "flights.contract.json" },
});

/** One namespace for all tests of a file. */
export function sharedNamespace(): () => TestNamespace {
  let namespace: TestNamespace | undefined;
  const finished = Promise.withResolvers<void>();
  let removed: Promise<void> = Promise.resolve();
  beforeAll(async () => {
    const ready = Promise.withResolvers<void>();
    removed = inNamespace(async (own) => {
      namespace = own;
      ready.resolve();
      await finished.promise;
    });
    await Promise.race([ready.promise, removed]);
  });
  afterAll(async () => {
    finished.resolve();
    await removed;
  });
  return () => namespace as TestNamespace;
}

export interface LedgerPlace {
  resource: string;
  /** Of Lease and ConfigMap. */
  name: string;
  ledger: KubernetesLedger;
  /** As one more process. */
  open(options?: Partial<LedgerOptions>): Promise<KubernetesLedger>;
  api(): Promise<Api>;
  /** How often the ledger's own restore was asked. */
  restored: string[];
  troubles: string[];
}

let count = 0;
export async function ledgerPlace(
  namespace: TestNamespace,
  more: Partial<LedgerOptions> = {},
): Promise<LedgerPlace> {
  const resource = `deployment/flights-${++count}`;
  const restored: string[] = [];
  const troubles: string[] = [];
  const api = async () => openApi(await connect({ kubeconfig: namespace.kubeconfig }));
  const open = async (options: Partial<LedgerOptions> = {}): Promise<KubernetesLedger> =>
    openLedger({
      api: await api(),
      namespace: namespace.name,
      resource,
      guard: null,
      restore: async () => {
        restored.push("restored");
      },
      onTrouble: (message) => troubles.push(message),
      ...more,
      ...options,
    });
  const name = `ml-actions-deployment-flights-${count}`;
  return { resource, name, open, api, restored, troubles, ledger: await open() };
}

const holder = (rollout: string) => `holder of ${rollout}`;

export const hold = (
  ledger: KubernetesLedger,
  rollout: string,
  more: { ttlMs?: number; seize?: boolean } = {},
) => ledger.hold({ holder: holder(rollout), rollout, ttlMs: 20_000, ...more });

export const write = (ledger: KubernetesLedger, rollout: string, step: JournalStep, at = Date.now()) =>
  ledger.write({ at, rollout, holder: holder(rollout), step });

export const begin = (ledger: KubernetesLedger, rollout: string, candidate: Release) =>
  write(ledger, rollout, { name: "begin", candidate, stable: null, steps: [10] });

export const stepsOf = async (ledger: KubernetesLedger): Promise<JournalStep[]> =>
  (await ledger.journal()).map(({ step }) => step);
