/** Pictures of the gallery and the guides open in a dialog, with their recipe. Without scripts they are links. */

const CONTENT = `<div class="dialog-content">
  <header>
    <h2 id="picture-title"></h2>
    <div class="buttons">
      <span class="meaning"></span>
      <button type="button" aria-label="Previous picture">←</button>
      <button type="button" aria-label="Next picture" autofocus>→</button>
      <button type="button" class="quiet" aria-label="Close">✕</button>
    </div>
  </header>
  <img>
  <div class="recipe"></div>
</div>`;

/** Follows the links to pictures of this page. */
export function openPictures(): void {
  const links = Array.from(document.querySelectorAll<HTMLAnchorElement>('a.picture'));
  if (links.length === 0) return;
  const dialog = document.createElement('dialog');
  dialog.className = 'wide viewer';
  dialog.setAttribute('aria-labelledby', 'picture-title');
  dialog.innerHTML = CONTENT;
  document.body.append(dialog);
  const find = <E extends Element>(selector: string): E => dialog.querySelector<E>(selector)!;
  const [previous, next, close] = dialog.querySelectorAll('button');
  let shown = 0;
  const show = (index: number): void => {
    shown = (index + links.length) % links.length;
    const link = links[shown]!;
    const small = link.querySelector('img')!;
    const recipe = link.closest('.result')?.querySelector('.recipe')?.cloneNode(true) as Element | undefined;
    const title = recipe?.querySelector('h3')?.textContent ?? small.alt;
    recipe?.querySelector('h3')?.remove();
    find('h2').textContent = title;
    find('.meaning').textContent = `${shown + 1} of ${links.length}`;
    const picture = find<HTMLImageElement>('img');
    picture.className = small.className;
    // Their sizes keep the place of a picture that loads.
    for (const name of ['width', 'height'] as const) picture[name] = Number(small.getAttribute(name));
    picture.src = link.href;
    picture.alt = title;
    find('.recipe').replaceChildren(...(recipe?.childNodes ?? []));
  };
  for (const [index, link] of links.entries())
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(index);
      dialog.showModal();
    });
  previous!.addEventListener('click', () => show(shown - 1));
  next!.addEventListener('click', () => show(shown + 1));
  close!.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') show(shown - 1);
    if (key === 'ArrowRight') show(shown + 1);
  });
}
