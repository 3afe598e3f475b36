/** Marks the section that the reader sees in the list of contents, and shows the page in the menu. */
export function followReader(): void {
  const menu = document.querySelector('.guides');
  const page = menu?.querySelector<HTMLElement>('[aria-current]');
  if (menu && page) menu.scrollTop = page.offsetTop - menu.clientHeight / 2;
  const links = new Map(
    Array.from(document.querySelectorAll<HTMLAnchorElement>('.toc a'), (link) => [
      decodeURIComponent(link.hash.slice(1)),
      link,
    ]),
  );
  const headings = [...links.keys()].map((id) => document.getElementById(id)!);
  if (headings.length === 0) return;
  let marked: HTMLAnchorElement | undefined;
  const mark = (): void => {
    // The last heading above the upper third of the window.
    const current = headings.findLast((heading) => heading.getBoundingClientRect().top < innerHeight / 3);
    const link = current && links.get(current.id);
    if (link === marked) return;
    marked?.removeAttribute('aria-current');
    link?.setAttribute('aria-current', 'true');
    marked = link;
  };
  document.addEventListener('scroll', mark, { passive: true });
  mark();
}
