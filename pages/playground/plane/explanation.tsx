/** What to look at, in a dozen sentences. */
export const Explanation = () => (
  <section aria-labelledby="explanation-heading">
    <h2 id="explanation-heading">What to look at</h2>
    <p>
      The generator bends the circle (or the sphere) into the plane; its image has the colors of the codes. The encoder
      goes the other way: it gives every point of the plane a code, shown by the same colors. Where both agree, the
      curve has the color of the plane below it.
    </p>
    <p>
      Both play a game about histograms. The encoder makes codes of data uniform (KL_real falls) and codes of samples as
      uneven as it can (KL_fake rises). The generator makes codes of samples uniform again, and it can only do so by
      samples that the encoder cannot distinguish from data. When neither gains, both excess divergences stay near 0,
      and the curve lies on the data.
    </p>
    <p>
      Two more terms make the networks inverse to each other: match_x draws reconstructions (white points) to their
      data, and match_z those of codes to their codes. A circle is connected, so it has to cross the gap between two
      moons; it does so quickly, and few samples lie there. The divergence fits a Gaussian to each coordinate, so it
      cannot see two gaps that face each other; the term uniform can. Set one weight to 0, and watch which view changes
      first.
    </p>
  </section>
);
