/** Keeps the browser from opening files that are dropped on the page. */
export function keepFiles(): void {
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => event.preventDefault());
}
