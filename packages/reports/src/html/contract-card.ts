/** Whether the answers keep to the API's contract, as a card of a page. */
import { oneLine } from "../clean.ts";
import { shareWords } from "../data/drift.ts";
import { count } from "../figures.ts";
import type { ContractVersion, ShadowReportInput } from "../inputs.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { badge, card, scrollTable } from "./parts.ts";

const versionsShown = 30;
const fieldsShown = 50;

export function contractCard({ contract }: Pick<ShadowReportInput, "contract">): Content {
  if (contract === undefined || contract.versions.length === 0) return null;
  const shown = contract.versions.slice(0, versionsShown);
  const columns = [
    { title: "Version" },
    { title: "" },
    { title: "Requests", number: true as const },
    { title: "Differing", number: true as const },
    { title: "Fields", number: true as const },
  ];
  const rows = shown.map(({ version, requests, differing, fields }) => [
    html`<code>${oneLine(version, 100)}</code>`,
    answerBadge(requests, differing),
    count(requests),
    requests > 0 ? `${count(differing)} (${shareWords(differing / requests)})` : count(differing),
    count(fields.length),
  ]);
  const more = contract.versions.length - shown.length;
  const caption = `Recorded requests sent to both sides in each version, answers compared field by field.${more > 0 ? ` ${count(more)} more versions are left out.` : ""}`;
  return card(
    "API contract",
    html`${scrollTable(caption, columns, rows)}${shown.filter(({ fields }) => fields.length > 0).map(fieldTable)}`,
  );
}

/** Nothing sent is nothing shown. */
function answerBadge(requests: number, differing: number): Markup {
  if (requests === 0) return badge("inconclusive", "no request");
  return differing === 0 ? badge("pass", "the same") : badge("fail", "differs");
}

function fieldTable({ version, fields }: ContractVersion): Content {
  const name = oneLine(version, 100);
  const columns = [
    { title: "Field" },
    { title: "Requests", number: true as const },
    { title: "For example" },
  ];
  const rows = fields
    .slice(0, fieldsShown)
    .map(({ field, differing, example }) => [
      html`<code>${oneLine(field, 120)}</code>`,
      count(differing),
      example === null ? "—" : oneLine(example, 300),
    ]);
  const more = fields.length - fieldsShown;
  const caption = `Fields that differ in ${name}${more > 0 ? `; ${count(more)} more are left out` : ""}.`;
  return html`<h3 class="part">${name}</h3>${scrollTable(caption, columns, rows)}`;
}
