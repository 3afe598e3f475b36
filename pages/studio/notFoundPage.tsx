/** The view of an address that the page does not have. */
export const NotFoundPage = () => (
  <>
    <h1>Page not found</h1>
    <p>
      This address has no page. <a href="#/">Show all runs</a>
    </p>
  </>
);
