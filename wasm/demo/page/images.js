const TAKEN = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** The model scales larger images down, so they would only cost time. */
const LONGEST_SIDE = 1568;
const MOST_BYTES = 3_500_000;

/** Reads an image file in the API's form: `{ name, type, data }`, with the data in base64. */
export async function readImage(file) {
  if (!TAKEN.includes(file.type)) throw new Error(`${file.name || "This"} is not a PNG, JPEG, GIF or WebP`);
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name || "This image"} cannot be read`);
  });
  const { width, height } = bitmap;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const blob = scale < 1 || file.size > MOST_BYTES ? await smaller(bitmap, scale) : file;
  bitmap.close();
  return { name: file.name || "image", type: blob.type, data: await base64(blob) };
}

async function smaller(bitmap, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
}

function base64(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}

export const url = ({ type, data }) => `data:${type};base64,${data}`;
