// Adds up what the suites' reports say and prints the closing line. A suite that failed without a failed test (it did
// not start, or a check is red) counts as one failure, so that the line never reads better than the run was.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [directory, ...failedSuites] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;
const explained = new Set();

for (const file of readdirSync(directory)) {
  const report = JSON.parse(readFileSync(join(directory, file), "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  if (report.numFailedTests > 0) explained.add(file.replace(/\.json$/, ""));
}
for (const suite of failedSuites) if (!explained.has(suite.replaceAll(":", "-"))) failed += 1;

if (failedSuites.length > 0) console.log(`\nFailed: ${failedSuites.join(", ")}`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failedSuites.length > 0 || failed > 0 || passed === 0 ? 1 : 0);
