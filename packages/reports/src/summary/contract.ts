/** Whether the answers keep to the API's contract, as Markdown. */
import { isThin } from "../data/coverage.ts";
import { shareWords } from "../data/drift.ts";
import { count, counted } from "../figures.ts";
import type { ContractVersion, ShadowCoverage, ShadowReportInput } from "../inputs.ts";
import { code, details, type MarkdownColumn, table, text } from "./markdown.ts";

const versionsShown = 30;
const fieldsShown = 100;

/** One line when enough was compared and nothing odd came, else that and what was odd. */
export function coverageLine(coverage: ShadowCoverage): string {
  const { eligible, compared, duplicates, late, unlabelled, minimum } = coverage;
  const share = eligible > 0 ? ` (${shareWords(compared / eligible)})` : "";
  const mark = isThin(coverage) ? "⚠️ **Too few compared:**" : "**Coverage:**";
  const parts = [
    `${count(compared)} of ${counted(eligible, "eligible request")} compared${share}, at least ${shareWords(minimum)} asked for`,
    `${count(unlabelled)} without a label`,
    ...(late > 0 ? [`${counted(late, "late label")}`] : []),
    ...(duplicates > 0 ? [counted(duplicates, "duplicate")] : []),
  ];
  return `${mark} ${parts.join("; ")}.`;
}

/** Versions, and of each the fields that differ with an example, folded when there are many. */
export function contractSection({ contract }: Pick<ShadowReportInput, "contract">): string | null {
  if (contract === undefined || contract.versions.length === 0) return null;
  const columns: MarkdownColumn[] = [
    { title: "Contract version", align: "left" },
    { title: "Requests", align: "right" },
    { title: "Differing", align: "right" },
    { title: "Fields that differ", align: "left" },
  ];
  const shown = contract.versions.slice(0, versionsShown);
  const rows = shown.map(({ version, requests, differing, fields }) => [
    code(version, 60),
    count(requests),
    differing === 0 ? "0" : `**${count(differing)}**`,
    requests === 0 ? "no request, so nothing is shown" : fieldNames(fields),
  ]);
  const more = contract.versions.length - shown.length;
  const rest = more > 0 ? `\n\n*And ${count(more)} more in the HTML report.*` : "";
  return [
    `**The same requests in each version of the contract**\n\n${table(columns, rows)}${rest}`,
    ...shown.filter(({ fields }) => fields.length > 0).map(fieldTable),
  ].join("\n\n");
}

function fieldNames(fields: ContractVersion["fields"]): string {
  if (fields.length === 0) return "none";
  const names = fields.slice(0, 3).map(({ field }) => code(field, 60));
  return `${names.join(", ")}${fields.length > 3 ? ` and ${count(fields.length - 3)} more` : ""}`;
}

function fieldTable({ version, fields }: ContractVersion): string {
  const columns: MarkdownColumn[] = [
    { title: "Field", align: "left" },
    { title: "Requests", align: "right" },
    { title: "For example", align: "left" },
  ];
  const rows = fields
    .slice(0, fieldsShown)
    .map(({ field, differing, example }) => [
      code(field, 80),
      count(differing),
      example === null ? "—" : text(example, 300),
    ]);
  return details(`Differences in ${text(version, 60)}`, table(columns, rows));
}
