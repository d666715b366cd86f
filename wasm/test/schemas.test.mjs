// Schemas of the libraries that users have: converted to JSON Schema, and used to validate answers.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type } from "arktype";
import * as v from "valibot";
import { z as z4 } from "zod";
import * as mini from "zod/mini";
import { z as z3 } from "zod3";
import { project } from "./support/project.mjs";
import { context } from "./suite/bedrock.js";
import { claude, speaks } from "./suite/frames.js";

const api = await import(pathToFileURL(join(project, "entry.js")));
const { mock } = context(api, "https://bedrock.example");

/** Returns the JSON Schema that is sent for a tool with this schema. */
async function told(schema) {
  const fetch = speaks([claude.start(), claude.stop(), claude.over()]);
  const model = mock(fetch, { streaming: true }).bindTools([{ name: "t", schema }]);
  await model.invoke("x");
  return JSON.parse(new TextDecoder().decode(fetch.calls[0].init.body)).tools[0].input_schema;
}

/** Returns the result of an answer with these arguments. */
function answered(schema, args) {
  const call = [claude.block(0, { type: "tool_use", id: "t", name: "extract", input: {} }), claude.args(0, JSON.stringify(args)), claude.end(0)];
  const fetch = speaks([claude.start(), ...call, claude.stop("tool_use"), claude.over()]);
  return mock(fetch, { streaming: true }).withStructuredOutput(schema).invoke("x");
}

/** The same schema in both versions of zod. */
const person = (z) =>
  z.object({
    name: z.string().min(1).max(40).describe("In full"),
    email: z.string().email(),
    age: z.number().int().min(0).max(150).optional(),
    height: z.number().gt(0),
    role: z.enum(["admin", "user"]),
    tags: z.array(z.string()).min(1).max(5),
    nick: z.string().nullable(),
    kind: z.literal("person"),
    scores: z.record(z.string(), z.number()),
    either: z.union([z.string(), z.number()]),
    shape: z.discriminatedUnion("type", [z.object({ type: z.literal("circle"), r: z.number() }), z.object({ type: z.literal("square"), a: z.number() })]),
    active: z.boolean().default(true),
    code: z.string().regex(/^[a-z]+$/),
    born: z.date().optional(),
    pair: z.tuple([z.string(), z.number()]),
    anything: z.any(),
    nothing: z.null(),
    upper: z.string().transform((text) => text.toUpperCase()),
  });

const EXPECTED = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: 40, description: "In full" },
    email: { type: "string", format: "email" },
    age: { type: "integer", minimum: 0, maximum: 150 },
    height: { type: "number", exclusiveMinimum: 0 },
    role: { type: "string", enum: ["admin", "user"] },
    tags: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 5 },
    nick: { anyOf: [{ type: "string" }, { type: "null" }] },
    kind: { type: "string", const: "person" },
    scores: { type: "object", additionalProperties: { type: "number" } },
    either: { anyOf: [{ type: "string" }, { type: "number" }] },
    shape: {
      anyOf: [
        { type: "object", properties: { type: { type: "string", const: "circle" }, r: { type: "number" } }, required: ["type", "r"] },
        { type: "object", properties: { type: { type: "string", const: "square" }, a: { type: "number" } }, required: ["type", "a"] },
      ],
    },
    active: { type: "boolean", default: true },
    code: { type: "string", pattern: "^[a-z]+$" },
    born: { type: "string", format: "date-time" },
    pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false, minItems: 2 },
    anything: {},
    nothing: { type: "null" },
    upper: { type: "string" },
  },
};

describe("zod", () => {
  for (const [version, z] of Object.entries({ 3: z3, 4: z4 })) {
    test(`version ${version} is sent as JSON Schema`, async () => {
      const { required, ...schema } = await told(person(z));
      assert.deepEqual(schema, EXPECTED);
      const optional = ["age", "active", "born"];
      const sure = Object.keys(EXPECTED.properties).filter((name) => !optional.includes(name) && name !== "anything");
      assert.deepEqual(required.filter((name) => name !== "anything"), sure);
    });

    test(`version ${version} checks and converts the value`, async () => {
      const schema = z.object({ city: z.string().transform((city) => city.toUpperCase()), days: z.number().default(3) });
      assert.deepEqual(await answered(schema, { city: "Paris" }), { city: "PARIS", days: 3 });
      await assert.rejects(answered(schema, { city: 5 }), ({ kind, message, partial }) => kind === "decode" && message.includes("city") && partial.tool_calls.length === 1);
    });

    test(`version ${version} schema may be recursive or strict`, async () => {
      const tree = z.object({ value: z.string(), children: z.lazy(() => z.array(tree)) });
      const schema = await told(tree);
      assert.equal(schema.properties.children.type, "array");
      assert.equal((await told(z.object({ a: z.string() }).strict())).additionalProperties, false);
    });
  }

  test("version 4 schema may be recursive by getters", async () => {
    const tree = z4.object({ value: z4.string(), get children() { return z4.array(tree); } });
    const schema = await told(tree);
    assert.equal(schema.properties.children.items.properties.value.type, "string");
    const [a, b] = [z4.object({ get b() { return b.optional(); } }), z4.object({ get a() { return a.optional(); } })];
    assert.equal((await told(a)).properties.b.type, "object");
  });

  test("features of a single version are sent too", async () => {
    const four = await told(z4.object({ a: z4.int(), b: z4.url(), c: z4.iso.datetime(), d: z4.literal(["x", "y"]), e: z4.string().meta({ description: "E" }), f: z4.email() }));
    assert.deepEqual([four.properties.a.type, four.properties.b.format, four.properties.c.format, four.properties.d.enum, four.properties.e.description, four.properties.f.format], ["integer", "uri", "date-time", ["x", "y"], "E", "email"]);
    const three = await told(z3.object({ a: z3.nativeEnum({ Up: 0, Down: 1, 0: "Up", 1: "Down" }), b: z3.string().brand("B"), c: z3.string().transform(Number).pipe(z3.number()) }));
    assert.deepEqual([three.properties.a.enum, three.properties.b.type, three.properties.c.type], [[0, 1], "string", "string"]);
    assert.deepEqual(await told(mini.object({ a: mini.string(), b: mini.optional(mini.number()) })), {
      type: "object", properties: { a: { type: "string" }, b: { type: "number" } }, required: ["a"],
    });
  });

  test("a kind without a JSON type is refused by its name", async () => {
    await assert.rejects(told(z4.object({ a: z4.symbol() })), ({ kind, message }) => kind === "config" && message.includes("symbol"));
  });
});

test("ArkType's schemas are sent and checked", async () => {
  const schema = type({ city: "string", "days?": "number" });
  const { properties, required } = await told(schema);
  assert.deepEqual([properties.city.type, properties.days.type, required], ["string", "number", ["city"]]);
  assert.deepEqual(await answered(schema, { city: "Paris" }), { city: "Paris" });
  await assert.rejects(answered(schema, { city: 5 }), { kind: "decode" });
});

test("Valibot's schemas need a JSON Schema next to them, and the error says how", async () => {
  const schema = v.object({ city: v.pipe(v.string(), v.toUpperCase()) });
  await assert.rejects(told(schema), ({ kind, message }) => kind === "config" && message.includes("valibot") && message.includes("jsonSchema"));
  const jsonSchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  assert.deepEqual(await told({ ...schema, jsonSchema }), jsonSchema);
  assert.deepEqual(await answered({ ...schema, jsonSchema }, { city: "Paris" }), { city: "PARIS" });
});
