/** A button per block of code. */
const CONFIRMED_MS = 1500;

export function addCopyButtons(): void {
  // Pages of hosts without encryption have no clipboard.
  if (!('clipboard' in navigator)) return;
  for (const block of document.querySelectorAll('.code')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.addEventListener('click', () => void copy(block, button));
    block.append(button);
  }
}

async function copy(block: Element, button: HTMLButtonElement): Promise<void> {
  const isCopied = await navigator.clipboard.writeText(block.querySelector('code')!.textContent).then(
    () => true,
    () => false,
  );
  button.textContent = isCopied ? 'Copied' : 'Not allowed';
  setTimeout(() => (button.textContent = 'Copy'), CONFIRMED_MS);
}
