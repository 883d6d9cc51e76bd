import type { KubernetesLedger, LedgerOptions } from "./ledger-types.ts";

export type { GuardImage, GuardOptions, KubernetesLedger, LedgerOptions } from "./ledger-types.ts";

export declare function openLedger(options: LedgerOptions): KubernetesLedger;
