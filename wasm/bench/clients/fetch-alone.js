// The lower limit in a Worker: `fetch` reads the response, and nothing decodes it.
export default ({ fetch }) =>
  async function* () {
    const response = await fetch("http://bedrock/model/claude/invoke", { method: "POST", body: "{}" });
    for await (const bytes of response.body) yield bytes.length ? "x" : "";
  };
