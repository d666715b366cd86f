/** The value that a cut JSON text has so far; `undefined` where there is none yet. What is cut in the middle is left out. */
export function partialJson(text) {
  const from = text.search(/[[{]/);
  if (from < 0) return undefined;
  const closers = [];
  let inString = false;
  // Where the last thing ends that is no space and no sign between things, and where the last thing began.
  let end = from;
  let safe = from;
  for (let at = from; at < text.length; at++) {
    const sign = text[at];
    if (inString) {
      end = at;
      if (sign === "\\") at += text[at + 1] === "u" ? 5 : 1;
      else if (sign === '"') inString = false;
      // An escape that is cut is no part of the string.
      if (at < text.length) end = at + 1;
      continue;
    }
    if (sign === ",") safe = at;
    if (!/[\s,:]/.test(sign)) end = at + 1;
    if (sign === '"') inString = true;
    else if (sign === "{" || sign === "[") {
      closers.push(sign === "{" ? "}" : "]");
      safe = end;
    } else if (sign === "}" || sign === "]") {
      closers.pop();
      if (!closers.length) return parse(text.slice(from, end));
    }
  }
  const closing = closers.reverse().join("");
  return parse(text.slice(from, end) + (inString ? '"' : "") + closing) ?? parse(text.slice(from, safe) + closing);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
