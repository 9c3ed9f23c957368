"""Why a cross-account setup doesn't work, and the smallest change that makes it: read, decided, told. Changes nothing.

A reader (`live`, `files`) collects the `Evidence`; `analyse` decides every link of every task from it, names the first
broken one with its fix, and the risks in what works. Answers are three-valued: what couldn't be seen is said, and what
that leaves open.
"""

from xsfn_helpers.deployment.diagnose.diagnosis import Conclusion, Diagnosis, analyse
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.fixes.fix import Fix
from xsfn_helpers.deployment.diagnose.judge import Answer

__all__ = ["Answer", "Conclusion", "Diagnosis", "Evidence", "Fix", "analyse"]
