"""The chosen file becomes the LoRA that a project's newest run stands for."""

from datetime import timedelta

from sqlalchemy import select

from trainer_core.plan import TrainingPlan
from trainer_core.projects import Lora, Run, Workspace, new_id

from .base_clips import AtStrength


def make_newest(workspace: Workspace, run: Run, plan: TrainingPlan, chosen: AtStrength) -> Lora:
    """The row of the chosen file, newest among those of its run; the others stay.

    It is dated right after the run's newest one, so that it does not overtake a LoRA that was trained meanwhile.
    """
    with workspace.session() as session:
        rows = session.scalars(select(Lora).where(Lora.run_id == run.id).order_by(Lora.created_at, Lora.id)).all()
        found = next((row for row in rows if row.sha256 == chosen.sha256), None)
        if found is None:
            found = Lora(
                id=new_id("lora"),
                project_id=run.project_id,
                run_id=run.id,
                trigger=plan.trigger,
                base=plan.base,
                file=str(chosen.path.relative_to(workspace.home)),
                sha256=chosen.sha256,
            )
            session.add(found)
        if rows and found is not rows[-1]:
            found.created_at = rows[-1].created_at + timedelta(microseconds=1)
    return found
