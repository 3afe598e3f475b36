/** Keeps the browser from opening files that are dropped on the page. Returns a function that ends this. */
export function keepFiles(): () => void {
  const keep = (event: Event): void => event.preventDefault();
  document.addEventListener('dragover', keep);
  document.addEventListener('drop', keep);
  return () => {
    document.removeEventListener('dragover', keep);
    document.removeEventListener('drop', keep);
  };
}

/** Offers a file for download. */
export function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // After the browser has opened it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const MAX_NAME = 120;

/** Joins parts to a file name without an extension, such as `mnist-1-iteration-2000-sample-3`. */
export const fileName = (...parts: readonly string[]): string =>
  parts
    .map((part) => part.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/gu, ''))
    .filter((part) => part !== '')
    .join('-')
    .slice(0, MAX_NAME);
