/** The three views and the game, in ten sentences. */
export const Explanation = () => (
  <>
    <p class="hint">
      The generator bends the circle (or the sphere) into the plane, in the colors of the codes. The encoder maps every
      point of the plane back to a code, in the same colors. If both agree, the curve has the color of the plane below
      it.
    </p>
    <p class="hint">
      Both compete over codes. The encoder spreads codes of data evenly (KL_real falls) and makes codes of samples
      uneven (KL_fake rises). The generator makes them even again, which takes samples that the encoder cannot
      distinguish from data.
    </p>
    <p class="hint">
      Two more terms make the networks inverse to each other: match_x pulls reconstructions to their data, and match_z
      pulls codes of samples to the codes that they came from.
    </p>
    <p class="hint">
      A circle is connected, so it crosses the gap between two moons, quickly. The divergence cannot see two gaps that
      face each other; the term uniform can. Set one weight to 0, and watch which view changes first.
    </p>
  </>
);
