/**
 * The log of an action, over @actions/core, with two guards that core lacks. First, the runner takes commands from
 * what we print (`::error::`, `::add-mask::`, `::stop-commands::`, `##[group]`), so a line that holds data must
 * never pass for one. Second, GitHub keeps ten annotations of a type a step and drops the others without a word, so
 * from the tenth on there is one that says how many more there are. Stories write the worst first.
 */
import { isAbsolute, relative } from "node:path";
import * as core from "@actions/core";
import type { Log, Place } from "./action.ts";

/** GitHub's limit per type and step: docs "Workflow commands", and `_maxIssueCount` in actions/runner. */
const ANNOTATIONS_PER_TYPE = 10;

export interface AnnotatingLog extends Log {
  /** Writes the annotations that were held back: the tenth, or how many more there are. */
  close(): void;
}

type Level = "error" | "warning" | "notice";

const write = { error: core.error, warning: core.warning, notice: core.notice };

/**
 * Breaks up what the runner would read as a command, by a zero-width space that people do not see. The runner splits
 * at \r and \n, trims .NET white space from the start of a line and then looks for `::`; the older form `##[` it
 * looks for anywhere (ActionCommand.TryParseV2 and TryParse in actions/runner).
 */
export function disarm(text: string): string {
  return text.replace(/(^|[\r\n])([\s\u0085]*):(?=:)/g, "$1$2:\u200b").replace(/##(?=\[)/g, "##\u200b");
}

export function openLog(): AnnotatingLog {
  const held: Record<Level, { message: string; properties: core.AnnotationProperties }[]> = {
    error: [],
    warning: [],
    notice: [],
  };
  const written: Record<Level, number> = { error: 0, warning: 0, notice: 0 };

  const annotate = (level: Level, message: string, place: Place = {}) => {
    const properties = propertiesOf(place);
    if (written[level] < ANNOTATIONS_PER_TYPE - 1) {
      written[level] += 1;
      write[level](message, properties);
    } else {
      held[level].push({ message, properties });
      core.info(disarm(`${level}: ${message}`));
    }
  };
  const close = () => {
    for (const level of ["error", "warning", "notice"] as const) {
      const [first, ...others] = held[level].splice(0);
      if (first === undefined) continue;
      if (others.length === 0) write[level](first.message, first.properties);
      else write[level](`and ${others.length + 1} more of this kind: they are in the log of this step`);
    }
  };
  return {
    info: (line) => core.info(disarm(line)),
    debug: (line) => core.debug(line),
    error: (message, place) => annotate("error", message, place),
    warning: (message, place) => annotate("warning", message, place),
    notice: (message, place) => annotate("notice", message, place),
    group: (title, body) => core.group(title, body),
    close,
  };
}

/** GitHub shows an annotation in a diff only when its path is relative to the repository. */
function propertiesOf({ file, line, column, title }: Place): core.AnnotationProperties {
  const workspace = process.env.GITHUB_WORKSPACE;
  const inRepository = file && workspace && isAbsolute(file) ? relative(workspace, file) : file;
  return {
    ...(inRepository && { file: inRepository }),
    ...(line && { startLine: line }),
    ...(column && { startColumn: column }),
    ...(title && { title }),
  };
}
