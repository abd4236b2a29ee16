"""Many small reads of the workspace's database in one session: cheaper, and nothing else changes."""

from pathlib import Path

import pytest

from tools.context import ToolContext
from tools.state import facts_of
from trainer_core.projects import Workspace, create_project, get_project, update_project


def test_sessions_within_a_reading_are_one_and_not_those_of_another_workspace(tmp_path: Path) -> None:
    here, there = Workspace.open(tmp_path / "here"), Workspace.open(tmp_path / "there")
    with here.reading(), here.session() as first, here.session() as second:
        assert first is second
        with there.session() as other, here.session(lasting=False) as passing:
            assert len({id(first), id(other), id(passing)}) == 3
    with here.session() as later:
        assert later is not first


def test_a_reading_sees_what_was_written_before_it_and_the_next_one_what_came_after(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    context = ToolContext(workspace, create_project(workspace, "Test", "you").id, "you")
    update_project(workspace, context.project_id, noun="cat")
    assert facts_of(context).noun == "cat"
    update_project(workspace, context.project_id, noun="heron")
    assert facts_of(context).noun == "heron"


def test_a_reading_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    project = create_project(workspace, "Test", "you")
    with pytest.raises(LookupError, match="no project"), workspace.reading():
        get_project(workspace, "prj_none")
    update_project(workspace, project.id, noun="cat")
    assert get_project(workspace, project.id).noun == "cat"
