/** A button per block of code. */
const CONFIRMED_MS = 1500;

export function addCopyButtons(): void {
  // Pages of hosts without encryption have no clipboard.
  if (!('clipboard' in navigator)) return;
  for (const block of document.querySelectorAll('.code'))
    block.append(
      Object.assign(document.createElement('button'), { type: 'button', className: 'quiet', textContent: 'Copy' }),
    );
  // Also for copies of blocks.
  document.addEventListener('click', ({ target }) => {
    const button = (target as Element).closest<HTMLButtonElement>('.code > button');
    if (button) void copy(button);
  });
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const code = button.parentElement!.querySelector('code')!;
  const isCopied = await navigator.clipboard.writeText(code.textContent).then(
    () => true,
    () => false,
  );
  button.textContent = isCopied ? 'Copied' : 'Not allowed';
  setTimeout(() => (button.textContent = 'Copy'), CONFIRMED_MS);
}
