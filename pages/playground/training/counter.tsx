/** How far training is, and how fast. Widths are kept, so that digits move nothing. */
export const Counter = ({ iteration, rate }: { iteration: number; rate: string }) => (
  <p class="counter">
    iteration <span id="iteration">{iteration}</span> <span id="rate">{rate}</span>/s
  </p>
);
