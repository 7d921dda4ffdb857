// The parts of validate-sarif that read JSON. Each command prints what is wrong and exits with 1.
//
//     schema TOOLS SCHEMA FILE    FILE against the JSON schema, with the packages in TOOLS
//     verdict LOG FILE            the errors that sarif-multitool wrote to LOG about FILE
//     rows CSV FILE               whether sarif-tools has read every result of FILE
//     ways                        names the ways to break a file
//     break WAY FILE              prints FILE, broken

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const read = (file) => JSON.parse(fs.readFileSync(file, "utf8"));
const results = (log) => log.runs.flatMap((run) => run.results ?? []);

function schema(tools, schemaFile, file) {
  const require = createRequire(path.join(path.resolve(tools), "package.json"));
  const { default: Ajv } = require("ajv/dist/2020.js");
  const { default: addFormats } = require("ajv-formats");
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  const validate = ajv.compile(read(schemaFile));
  return validate(read(file)) ? [] : validate.errors.map((e) => `schema: ${e.instancePath} ${e.message}`);
}

function verdict(log) {
  if (!fs.existsSync(log)) {
    return ["sarif-multitool: wrote no verdict"];
  }
  const { results, tool } = read(log).runs[0];
  const rules = new Map(tool.driver.rules?.map((rule) => [rule.id, rule]));
  // A result without level has that of its rule, and else is a warning.
  const level = (result) =>
    result.level ?? rules.get(result.ruleId)?.defaultConfiguration?.level ?? "warning";
  return results
    .filter((result) => level(result) === "error")
    .map((result) => {
      const region = result.locations?.[0]?.physicalLocation?.region;
      return `sarif-multitool: line ${region?.startLine}: ${result.ruleId} ${result.message.arguments?.join(", ")}`;
    });
}

function rows(csv, file) {
  if (!fs.existsSync(csv)) {
    return ["sarif-tools: read nothing"];
  }
  // Quoted fields may hold line breaks; a row ends at a line break outside of quotes, so after an even number of them.
  let quotes = 0;
  let rows = 0;
  for (const char of fs.readFileSync(csv, "utf8")) {
    quotes += char === '"';
    rows += char === "\n" && quotes % 2 === 0;
  }
  const expected = results(read(file)).length;
  const found = rows - 1;
  return found === expected ? [] : [`sarif-tools: read ${found} of ${expected} results`];
}

// Each is an error that a program could make, and that at least one of the checks must notice.
const WAYS = {
  "unknown-level": (log) => (results(log)[0].level = "critical"),
  "line-zero": (log) => (results(log)[0].locations[0].physicalLocation.region.startLine = 0),
  "leading-slash": (log) => (results(log)[0].locations[0].physicalLocation.artifactLocation.uri = "/a"),
  "unencoded-uri": (log) => (results(log)[0].locations[0].physicalLocation.artifactLocation.uri = "a b%"),
  "no-location": (log) => delete results(log)[0].locations,
  "rule-index": (log) => (results(log)[0].ruleIndex = 999),
  "no-help": (log) => delete log.runs[0].tool.driver.rules[0].help,
  "no-results": (log) => delete log.runs[0].results,
  "suppression-state": (log) => (results(log)[0].suppressions = [{ kind: "external", state: "accepted" }]),
  "unknown-property": (log) => (log.runs[0].finished = true),
};

function broken(way, file) {
  const log = read(file);
  WAYS[way](log);
  return JSON.stringify(log);
}

const [command, ...rest] = process.argv.slice(2);
const checks = { schema, verdict, rows };
if (command === "ways") {
  console.log(Object.keys(WAYS).join("\n"));
} else if (command === "break") {
  console.log(broken(...rest));
} else {
  const file = rest.at(-1);
  const errors = checks[command](...rest);
  errors.forEach((error) => console.log(`${file}: ${error}`));
  process.exitCode = errors.length > 0 ? 1 : 0;
}
