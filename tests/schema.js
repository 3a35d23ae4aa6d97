// What an editor would mark. On stdin: [schemas by name, [[name of a schema, YAML], ...]]; out come the faults of each.
// An editor reads and validates as yaml and ajv do here.
const { readFileSync } = require("node:fs");
const Ajv = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;
const { parse } = require("yaml");

const ajv = new Ajv({ allErrors: true, strict: false });
addFormats(ajv);
const [schemas, texts] = JSON.parse(readFileSync(0, "utf-8"));
const validators = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, ajv.compile(schema)]));
const faults = texts.map(([name, text]) => {
  const validate = validators[name];
  return validate(parse(text)) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
});
console.log(JSON.stringify(faults));
