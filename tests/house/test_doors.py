"""The doors: what is read and written through them stays in its tenant."""

from services.kit.permissions import Role
from tests.support import Workspace


async def test_a_member_sees_their_own_workspace_and_people(workspace: Workspace) -> None:
    await workspace.join(Role.VIEWER, name="Vera Viewer")
    data = await workspace.ask(
        "{ viewer { member { id name role } workspace { id state locale } permissions }"
        " members(first: 1) { totalCount nodes { name manager { name } } pageInfo { hasNextPage endCursor } } }"
    )
    assert data["viewer"]["member"]["name"] == "Olivia Owner"
    assert data["viewer"]["workspace"]["id"] == str(workspace.id)
    assert data["members"]["totalCount"] == 2
    assert [node["name"] for node in data["members"]["nodes"]] == ["Olivia Owner"]
    rest = await workspace.ask(
        "query($after: String) { members(first: 1, after: $after) { nodes { name } pageInfo { hasNextPage } } }",
        {"after": data["members"]["pageInfo"]["endCursor"]},
    )
    assert [node["name"] for node in rest["members"]["nodes"]] == ["Vera Viewer"]


async def test_another_tenants_member_is_not_there(workspace: Workspace, stranger: Workspace) -> None:
    asked = "query($id: ID!) { member(id: $id) { name } }"
    assert (await workspace.ask(asked, {"id": str(stranger.owner.member)})) == {"member": None}
    assert (await workspace.ask(asked, {"id": "nonsense"})) == {"member": None}
