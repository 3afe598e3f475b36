#!/bin/sh
# Stands for `agenet` in cases of the studio: makes the folder of a new run, or prints an error as --json does.
out=
previous=
for argument in "$@"; do
  [ "$previous" = --out ] && out=$argument
  previous=$argument
done
case "$1 $2" in
  # The studio has checked the folder; a link may replace it since.
  'train --resume') exit 0 ;;
  'train svhn:missing') echo '{"error":{"about":"data","problem":"no such folder"}}' ;;
  train*)
    if mkdir -p "$out/checkpoints" 2>/dev/null && echo '{"data":"mnist"}' >"$out/config.json" 2>/dev/null; then exit 0; fi
    echo 'cannot be written' ;;
  *) echo '{"error":{"about":"data","problem":"not available here"}}' ;;
esac
exit 2
