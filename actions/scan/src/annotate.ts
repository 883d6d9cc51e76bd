/** The annotations of a scan, worst first: the log keeps the first of them and counts the others. */
import type { Log } from "@ml-actions/action-kit/action";
import { shown } from "./errors.ts";
import { placeOf, type ScanStory } from "./summary.ts";
import { type Upgrade, upgradesOf } from "./upgrades.ts";

export function annotate(log: Log, story: ScanStory): void {
  const { decision, notices } = story;
  for (const doubt of decision.doubts) log.error(doubt, { title: "Nothing is known" });
  for (const upgrade of upgradesOf(decision.blocking)) {
    log.error(lineOf(upgrade, story), { title: `${upgrade.severity}: ${shown(upgrade.package, 80)}` });
  }
  for (const { finding, risk } of decision.accepted) {
    log.info(
      `accepted until ${risk.expires}: ${shown(finding.id)} in ${shown(finding.package)}: ${shown(risk.reason)}`,
    );
  }
  for (const notice of notices) log.notice(shown(notice, 400), { title: "scan" });
}

/** `Upgrade left-pad 1.3.0 → 1.3.1 in /app/… (linux/amd64): CVE-2026-1001, CVE-2026-1002`. */
function lineOf(upgrade: Upgrade, story: ScanStory): string {
  const { package: name, installed, to, platforms, findings } = upgrade;
  const what =
    to === null
      ? `No fix yet for ${shown(name, 100)} ${shown(installed, 60)}`
      : `Upgrade ${shown(name, 100)} ${shown(installed, 60)} → ${shown(to, 60)}`;
  const place = shown(placeOf(upgrade, story), 120);
  const ids = findings.slice(0, 8).map(({ id }) => shown(id, 60));
  const more = findings.length > ids.length ? ` and ${findings.length - ids.length} more` : "";
  return `${what}${place === "" ? "" : ` in ${place}`} (${platforms.join(", ")}): ${ids.join(", ")}${more}`;
}
