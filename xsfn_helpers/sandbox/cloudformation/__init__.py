"""CloudFormation in the sandbox: stacks whose resources are made by ordinary calls through the gateway.

Every call is decided as the one who deploys, or as the stack's service role; nothing is made past the door.
"""

from xsfn_helpers.sandbox.cloudformation.api import name_call
from xsfn_helpers.sandbox.cloudformation.service import Stacks

__all__ = ["Stacks", "name_call"]
