/** How far training is, and how fast while it runs. Widths are kept, so that digits move nothing. */
export const Counter = ({ iteration, rate }: { iteration: number; rate: string | undefined }) => (
  <p class="counter">
    Iteration <span id="iteration">{iteration.toLocaleString('en')}</span>{' '}
    <span id="rate" title="Iterations per second">
      {rate && `${rate} it/s`}
    </span>
  </p>
);
