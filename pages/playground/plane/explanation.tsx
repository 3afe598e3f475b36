/** The three views and the game, in a dozen sentences. */
export const Explanation = () => (
  <details class="explanation">
    <summary>What to look at</summary>
    <p class="hint">
      The generator bends the circle (or the sphere) into the plane, in the colors of the codes. The encoder maps every
      point of the plane back to a code, shown in the same colors. If both agree, the curve has the color of the plane
      below it.
    </p>
    <p class="hint">
      Both play a game about histograms. The encoder makes codes of data uniform (KL_real falls) and codes of samples as
      uneven as it can (KL_fake rises). The generator makes codes of samples uniform again, which takes samples that the
      encoder cannot distinguish from data. When neither gains, both divergences stay near their lower bound, and the
      curve lies on the data.
    </p>
    <p class="hint">
      Two more terms make the networks inverse to each other. match_x pulls reconstructions (white points) to their
      data, and match_z pulls the codes of samples back to the codes that they came from.
    </p>
    <p class="hint">
      A circle is connected, so it has to cross the gap between two moons; it does so quickly, and few samples lie
      there. The divergence fits a Gaussian to each coordinate, so it cannot see two gaps that face each other; the term
      uniform can. Set one weight to 0, and watch which view changes first.
    </p>
  </details>
);
