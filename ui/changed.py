"""Has anything been written since? A page asks once a second, and reading a project anew costs a hundredth of one."""

from pathlib import Path

from trainer_core.projects import Workspace

Stamp = tuple[tuple[int, int], ...]


def stamp(workspace: Workspace, project_id: str) -> Stamp | None:
    """Changes with everything that is written to the workspace's database, into the folders of the project's files, or
    as a setting: those are files of the workspace's own folder that are replaced.

    None where that cannot be told from files: with PostgreSQL.
    """
    address = workspace.engine.url
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    database, dataset = Path(address.database), workspace.dataset_folder(project_id)
    pictures = workspace.pictures_folder(project_id)
    written = (database, database.with_name(f"{database.name}-wal"))
    return tuple(_mark(path) for path in (*written, workspace.home, dataset, dataset.parent, pictures))


def _mark(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
