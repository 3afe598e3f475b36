/** The playground as a part of the site: the header of the site is above the names of its pages. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTS, relativeAddress } from './addresses.mjs';

const PAGE = '/playground/index.html';

const links = Object.entries(PARTS)
  .map(([name, address]) => {
    const current = name === 'Playground' ? ' aria-current="page"' : '';
    return `<a href="${relativeAddress(address, PAGE)}"${current}>${name}</a>`;
  })
  .join('');

/** Copies the playground. Its name leads to the home page, and the parts of the site follow it. */
export function copyPlayground(from, to) {
  cpSync(from, to, { recursive: true });
  const file = join(to, 'index.html');
  const html = readFileSync(file, 'utf8');
  const changed = html.replace(
    /<a class="title" href="[^"]*">(.*?) agenet playground<\/a>(.*?<\/nav>).*?<\/header>/su,
    `<a class="title" href="${relativeAddress('/', PAGE)}">$1 agenet</a><nav class="parts" aria-label="Site">${links}</nav>
    </header><div class="site-header">$2</div>`,
  );
  if (changed === html) throw new Error('the playground has no header');
  writeFileSync(file, changed);
}
