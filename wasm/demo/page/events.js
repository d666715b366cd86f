/** Yields the Server-Sent Events of a response as they arrive. */
export async function* events(response) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces(response.body)) {
    rest += decoder.decode(piece, { stream: true });
    const whole = rest.split("\n\n");
    rest = whole.pop();
    for (const event of whole) {
      const data = event.split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}

/** Some browsers cannot iterate over a stream. */
async function* pieces(body) {
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
