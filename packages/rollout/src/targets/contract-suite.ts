/** What every target must do, whatever it is made of. `contract.test.ts` runs it over the whole registry. */
import { Bench, type ContractCase, type TargetFixture } from "./contract/bench.ts";
import { failureCases } from "./contract/failures.ts";
import { ledgerCases } from "./contract/ledger.ts";
import { trafficCases } from "./contract/traffic.ts";
import { watchingCases } from "./contract/watching.testing.ts";

export type { TargetFixture } from "./contract/bench.ts";

export const contractCases: readonly ContractCase[] = [
  ...trafficCases,
  ...failureCases,
  ...watchingCases,
  ...ledgerCases,
];

/** Proves one case on an empty target of its own; rejects with what was not as it must be. */
export async function prove(
  contractCase: ContractCase,
  createFixture: () => Promise<TargetFixture>,
): Promise<void> {
  const fixture = await createFixture();
  try {
    await contractCase.prove(await Bench.create(fixture));
  } finally {
    await fixture.close();
  }
}
