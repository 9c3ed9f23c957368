"""`python -m publish.lite`: build the site for a browser tab into `build/lite/`."""

from __future__ import annotations

import sys

from publish.lite.site import LiteFailed, build


def main() -> int:
    try:
        site = build()
    except LiteFailed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    sys.stdout.write(f"{site}: {size / 1e6:.0f} MB to put on a static host (look at it: make lite-serve)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
