"""Users where moto's fall short: a permissions boundary, and a rename that takes all that is the user's along."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.serialize import never_return, return_if_not_empty
from moto.iam.models import IAMBackend, User
from moto.iam.responses import IamResponse


def keep_users_whole() -> None:
    """From now on users can have a boundary, and take tags and keys along when they are renamed or moved."""
    User.permissions_boundary_arn = None
    User.permissions_boundary = property(_shown)
    for operation in ("CreateUser", "GetUser"):
        IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER[f"{operation}Response.User.PermissionsBoundary"] = (
            return_if_not_empty
        )
    IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER["ListUsersResponse.Users.User.PermissionsBoundary"] = never_return
    create = IamResponse.create_user

    def create_bounded(response: IamResponse) -> ActionResult:
        answer: ActionResult = create(response)
        response.backend.users[response._get_param("UserName")].permissions_boundary_arn = response._get_param(
            "PermissionsBoundary"
        )
        return answer

    IamResponse.create_user = create_bounded
    IamResponse.put_user_permissions_boundary = _put
    IamResponse.delete_user_permissions_boundary = _delete
    update = IAMBackend.update_user

    def update_whole(
        iam: IAMBackend, user_name: str, new_path: str | None = None, new_user_name: str | None = None
    ) -> None:
        user = iam.get_user(user_name)
        before = user.arn
        tags = iam.tagger.list_tags_for_resource(before)["Tags"]
        update(iam, user_name, new_path, new_user_name)
        # moto keeps tags by ARN and keys by name: left behind, they would be the next user's of the old name.
        iam.tagger.delete_all_tags_for_resource(before)
        iam.tagger.tag_resource(user.arn, tags)
        for key in user.access_keys:
            key.user_name = user.name

    IAMBackend.update_user = update_whole


def _shown(user: Any) -> dict[str, str] | None:
    arn = user.permissions_boundary_arn
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn} if arn else None


def _put(response: IamResponse) -> ActionResult:
    user = response.backend.get_user(response._get_param("UserName"))
    user.permissions_boundary_arn = response._get_param("PermissionsBoundary")
    return EmptyResult()


def _delete(response: IamResponse) -> ActionResult:
    response.backend.get_user(response._get_param("UserName")).permissions_boundary_arn = None
    return EmptyResult()
