/** The value that a cut JSON text has so far; `undefined` where there is none yet. What is cut in the middle is left out. */
export function partialJson(text) {
  const from = text.search(/[[{]/);
  if (from < 0) return undefined;
  const closers = [];
  let inString = false;
  // The longest beginning that can be closed, and with what.
  let safe = 0;
  let closing = "";
  for (let at = from; at < text.length; at++) {
    const sign = text[at];
    if (inString) {
      if (sign === "\\") at++;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (sign === "{" || sign === "[") closers.unshift(sign === "{" ? "}" : "]");
    else if (sign === "}" || sign === "]") closers.shift();
    else if (sign === ",") [safe, closing] = [at, closers.join("")];
    if (!inString && (sign === "{" || sign === "[")) [safe, closing] = [at + 1, closers.join("")];
    if (!closers.length) return parse(text.slice(from, at + 1));
  }
  const end = inString ? text.slice(from).replace(/\\(u[0-9a-fA-F]{0,3})?$/, "") + '"' : text.slice(from).replace(/[\s,:]+$/, "");
  return parse(end + closers.join("")) ?? parse(text.slice(from, safe) + closing);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
