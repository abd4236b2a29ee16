"""What all attacks share: one planned project, copied for each attack, and a hostile endpoint on loopback."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # what other tests share: endpoint, rooms

from endpoint import Endpoint
from hostile_server import hostile
from house import SECRETS, House
from rooms import draw_pictures, new_context, up_to_plan

Planned = tuple[Path, str]


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """The folder of a workspace whose project needs nothing but the launch, and the project's id."""
    folder = tmp_path_factory.mktemp("planned")
    with mock.patch.dict("os.environ", SIDEKICK_MODELS=str(folder / "none")):  # attacks need no eyes
        context = new_context(folder / "home")
        up_to_plan(context, draw_pictures(folder / "pictures"))
    context.workspace.engine.dispose()
    shutil.rmtree(folder / "pictures")
    return folder / "home", context.project_id


@contextmanager
def _a_house(folder: Path, planned: Planned) -> Iterator[House]:
    """The project in a workspace of its own, with secrets in the environment and no process for a job."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        patch.setenv("SIDEKICK_MODELS", str(folder / "none"))
        patch.delenv("SIDEKICK_VISION_MODEL", raising=False)
        patch.setattr("tools.runs.backend_named", lambda _name: Idle())
        built = House.build(folder, *planned)
        yield built
        built.close()


class Idle:
    """A backend that starts nothing: the job's row alone shows that an attack went through."""

    def start(self, _workspace: object, _job_id: str) -> None:
        """No process."""


@pytest.fixture
def house(tmp_path: Path, planned: Planned) -> Iterator[House]:
    """A house of the attack's own."""
    with _a_house(tmp_path, planned) as built:
        yield built


@pytest.fixture(scope="module")
def one_house(tmp_path_factory: pytest.TempPathFactory, planned: Planned) -> Iterator[House]:
    """One that the attacks of a file share; see `shared`."""
    with _a_house(tmp_path_factory.mktemp("house"), planned) as built:
        yield built


@pytest.fixture
def shared(one_house: House) -> House:
    """The file's house as it is before this attack."""
    one_house.look()
    return one_house


@pytest.fixture(scope="session")
def hostile_server() -> Iterator[Endpoint]:
    """An endpoint that speaks the real protocol and says what an attack wants."""
    with hostile() as script:
        yield script
