import type { ComponentChildren } from 'preact';

interface NotFoundProps {
  title: string;
  children: ComponentChildren;
}

/** Instead of something that is not there. */
const NotFound = ({ title, children }: NotFoundProps) => (
  <div class="empty">
    <h1>{title}</h1>
    <p>{children}</p>
    <p>
      <a class="button" href="#/">
        Show all runs
      </a>
    </p>
  </div>
);

/** The view of an address that the page does not have. */
export const NotFoundPage = () => <NotFound title="Page not found">This address has no page.</NotFound>;

export const NoSuchRun = ({ run }: { run: string }) => (
  <NotFound title="No such run">
    This folder has no run named <strong>{run}</strong>. It may have been deleted or renamed.
  </NotFound>
);
