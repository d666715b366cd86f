import { fails } from "./check.js";

/** Models whose requests are recorded and not answered. */
export function sender({ mock }) {
  const bodies = [];
  const record = async (_, init) => {
    bodies.push(JSON.parse(new TextDecoder().decode(init.body)));
    throw new Error("enough");
  };
  const chat = (fields) => mock(record, fields);
  return {
    chat,
    last: () => bodies.at(-1),
    count: () => bodies.length,
    /** The body of a call. An error that the package finds is thrown. */
    async sent(fields, messages, options) {
      const before = bodies.length;
      const error = await fails(() => chat(fields).invoke(messages, options));
      if (bodies.length === before) throw error;
      return bodies.at(-1);
    },
  };
}
