"""The same setup as infrastructure code: CloudFormation, the CDK in Python, Terraform.

What stands in `files/` is exported as it is; names, ids and region go into one file beside it.
"""

from xsfn_helpers.deployment.export.folder import Export, write_export
from xsfn_helpers.deployment.export.routes import Route, exported_files, route_named

__all__ = ["Export", "Route", "exported_files", "route_named", "write_export"]
