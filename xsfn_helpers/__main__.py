"""`python -m xsfn_helpers` is `xsfn`."""

import sys

from xsfn_helpers.cli import main

sys.exit(main())
