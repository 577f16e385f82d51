// Reading an OpenAPI 3.1 description, and checking JSON against its schemas: the small part of JSON
// Schema that ours uses. A keyword that is not known here is an error, so that nothing goes unchecked.
import assert from "node:assert/strict";

const notes = new Set(["description", "default", "format"]);

function typeOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return typeof value;
}

export class Description {
  constructor(document) {
    this.document = document;
  }

  /** What a {$ref} means; anything else means itself. */
  resolve(value) {
    if (value?.$ref === undefined) return value;
    let at = this.document;
    for (const step of value.$ref.slice(2).split("/")) at = at[step];
    assert.notEqual(at, undefined, value.$ref);
    return this.resolve(at);
  }

  /** Every operation: {method, path, operation}, the method in upper case. */
  operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })));
  }

  /** The scope that an API token needs for the operation; undefined if none will do. */
  scopeOf(operation) {
    return operation.security.find((one) => one.token !== undefined)?.token[0];
  }

  /** What the operation says of answers with that status. */
  response(operation, status) {
    return this.resolve(operation.responses[String(status)] ?? operation.responses.default);
  }

  /** What is wrong with `value` by `schema`, as a list of sentences; `at` is where it stands. */
  faults(schema, value, at = "body") {
    schema = this.resolve(schema);
    const faults = [];
    const type = typeOf(value);
    for (const [keyword, wanted] of Object.entries(schema)) {
      if (notes.has(keyword)) continue;
      switch (keyword) {
        case "type": {
          const types = [wanted].flat();
          if (!types.includes(type) && !(type === "integer" && types.includes("number"))) faults.push(`${at} is ${type}, not ${types.join(" or ")}`);
          break;
        }
        case "enum":
          if (!wanted.includes(value)) faults.push(`${at} is ${JSON.stringify(value)}, none of ${wanted.join(", ")}`);
          break;
        case "pattern":
          if (type === "string" && !new RegExp(wanted, "u").test(value)) faults.push(`${at} does not fit ${wanted}`);
          break;
        case "minLength":
          if (type === "string" && value.length < wanted) faults.push(`${at} is too short`);
          break;
        case "maxLength":
          if (type === "string" && value.length > wanted) faults.push(`${at} is too long`);
          break;
        case "minimum":
          if (type === "integer" && value < wanted) faults.push(`${at} is below ${wanted}`);
          break;
        case "maximum":
          if (type === "integer" && value > wanted) faults.push(`${at} is above ${wanted}`);
          break;
        case "minItems":
          if (type === "array" && value.length < wanted) faults.push(`${at} has too few entries`);
          break;
        case "items":
          if (type === "array") value.forEach((entry, i) => faults.push(...this.faults(wanted, entry, `${at}[${i}]`)));
          break;
        case "required":
          for (const name of wanted) if (type === "object" && !(name in value)) faults.push(`${at}.${name} is missing`);
          break;
        case "properties":
          for (const [name, inner] of Object.entries(wanted)) if (type === "object" && name in value) faults.push(...this.faults(inner, value[name], `${at}.${name}`));
          break;
        case "additionalProperties":
          if (type !== "object") break;
          for (const name of Object.keys(value)) {
            if (schema.properties?.[name] !== undefined) continue;
            if (wanted === false) faults.push(`${at}.${name} is not described`);
            else faults.push(...this.faults(wanted, value[name], `${at}.${name}`));
          }
          break;
        case "oneOf": {
          const fitting = wanted.filter((one) => this.faults(one, value, at).length === 0);
          if (fitting.length !== 1) faults.push(`${at} fits ${fitting.length} of ${wanted.length} schemas`);
          break;
        }
        default:
          faults.push(`keyword ${keyword} at ${at} is not known to this checker`);
      }
    }
    return faults;
  }

  /** Checks an answer of the operation: its status, type, fields and body are as described. */
  check(operation, answer, what) {
    assert.ok(String(answer.status) in operation.responses || answer.status >= 400, `${what}: ${answer.status} is not described: ${answer.body}`);
    const described = this.response(operation, answer.status);
    for (const [name, header] of Object.entries(described.headers ?? {})) {
      const value = answer.headers[name.toLowerCase()];
      if (header.required || answer.status < 400) assert.notEqual(value, undefined, `${what}: ${name}`);
    }
    if (described.content === undefined) {
      assert.equal(answer.body.length, 0, what);
      assert.equal(answer.headers["content-type"], undefined, what);
      return;
    }
    const [type, { schema }] = Object.entries(described.content)[0];
    assert.equal(answer.headers["content-type"], type, `${what}: ${answer.body}`);
    const body = JSON.parse(answer.body);
    assert.deepEqual(this.faults(schema, body), [], `${what}: ${answer.body}`);
    if (type === "application/problem+json") assert.equal(body.status, answer.status, what);
  }
}
