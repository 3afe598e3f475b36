/** Image grids of the server. */
import { useEffect, useState } from 'preact/hooks';

/** An image, or a note if it cannot be read. The image before stays until it is loaded, so that nothing flickers. */
export function Preview({ address, alt }: { address: string | undefined; alt: string }) {
  const [shown, setShown] = useState<{ address: string; isReadable: boolean }>();
  useEffect(() => {
    if (address === undefined) return setShown(undefined);
    const image = new Image();
    let isLatest = true;
    const settle = (isReadable: boolean) => (): void => void (isLatest && setShown({ address, isReadable }));
    image.onload = settle(true);
    image.onerror = settle(false);
    image.src = address;
    return () => {
      isLatest = false;
    };
  }, [address]);
  if (!shown) return null;
  return shown.isReadable ? (
    <img src={shown.address} alt={alt} />
  ) : (
    <p class="unreadable">This image cannot be read.</p>
  );
}
