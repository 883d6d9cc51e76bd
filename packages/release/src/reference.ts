/** The tables of inputs, outputs and permissions, in action-readme.md and in the README of each action. */
import type { ActionDefinition } from "@ml-actions/action-kit";
import { fieldFacts } from "@ml-actions/action-kit/field-facts";

const BEGIN = "<!-- generated from the definitions by `npm run generate`: do not edit -->";
const END = "<!-- end of generated -->";

/** Puts `body` between the markers of `text`, or at its end when it has none. */
export function replaceGenerated(text: string, body: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  const block = `${BEGIN}\n\n${body.trim()}\n\n${END}`;
  if (begin === -1 && end === -1) return `${text.trim()}\n\n${block}\n`;
  if (begin === -1 || end === -1) throw new Error(`One of the markers is missing: ${BEGIN} … ${END}`);
  return text.slice(0, begin) + block + text.slice(end + END.length);
}

/** What stands in the README of one action. */
export function actionReference(definition: ActionDefinition): string {
  return sections(definition, "##").join("\n\n");
}

/** What stands in action-readme.md: every action, after a table of contents. */
export function suiteReference(definitions: readonly ActionDefinition[]): string {
  const contents = definitions.map(
    ({ name, description }) => `| [\`${name}\`](#${name}) | ${cell(description)} |`,
  );
  const actions = definitions.map((definition) =>
    [`## ${definition.name}`, definition.description, ...sections(definition, "###")].join("\n\n"),
  );
  return [["| action | what it does |", "|---|---|", ...contents].join("\n"), ...actions].join("\n\n");
}

function sections(definition: ActionDefinition, level: string): string[] {
  const config = definition.readsConfig
    ? [
        `Inputs may also stand in \`delivery.yaml\`, under \`${definition.name}:\`. An input of the workflow wins over the file, the file over the default.`,
      ]
    : [];
  return [
    ["```yaml", definition.example.trim(), "```"].join("\n"),
    `${level} Inputs`,
    ...config,
    inputTable(definition),
    `${level} Outputs`,
    outputTable(definition),
    `${level} Permissions`,
    permissionTable(definition),
  ];
}

function inputTable(definition: ActionDefinition): string {
  const rows = Object.entries(definition.inputs.shape).map(([name, field]) => {
    const { description, required, defaultText } = fieldFacts(field);
    const fallback = required ? "**required**" : defaultText === undefined ? "" : code(defaultText);
    return `| \`${name}\` | ${fallback} | ${cell(description)} |`;
  });
  return ["| input | default | description |", "|---|---|---|", ...rows].join("\n");
}

function outputTable(definition: ActionDefinition): string {
  const rows = Object.entries(definition.outputs).map(([name, description]) => {
    const safe = definition.safeOutputs[name];
    const early = safe === undefined ? "" : code(safe);
    return `| \`${name}\` | ${early} | ${cell(description)} |`;
  });
  return ["| output | until known | description |", "|---|---|---|", ...rows].join("\n");
}

function permissionTable({ permissions }: ActionDefinition): string {
  const rows = Object.entries(permissions).map(([scope, reason]) => `| \`${scope}\` | ${cell(reason)} |`);
  if (rows.length === 0) return "None: it does not use `GITHUB_TOKEN`.";
  return ["| permission of `GITHUB_TOKEN` | why |", "|---|---|", ...rows].join("\n");
}

/** A line break would end the row, a bar the cell. */
const cell = (text: string): string =>
  text
    .trim()
    .replaceAll("|", "\\|")
    .replace(/\s*\n\s*/g, "<br>");

const code = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line === "" ? "" : `\`${cell(line)}\``))
    .join("<br>");
