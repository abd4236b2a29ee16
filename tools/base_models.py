"""Tools for the models that LoRAs are trained on: what is here, and getting LTX-2.3 with its terms accepted."""

from trainer_core.base_models import gpus, registry
from trainer_core.base_models.ltx23 import download, licence, source
from trainer_core.base_models.ltx23.hub import DownloadProblem, Listing, list_files
from trainer_core.base_models.ltx23.identity import WrongBase, check_name
from trainer_core.jobs import events, store
from trainer_core.jobs.backends import backend_named
from trainer_core.plan import BASES, BaseModelName
from trainer_core.projects import Job, Workspace, get_project

from .cards import card_of, print_of, use_yes
from .context import Card, NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .resuming import look_after
from .text import quoted

BACKEND = "local"
LINE_BITS_PER_SECOND = 100e6  # of the connection that the card gives a time for


def base_status(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """What is here of each base model, where, how large, and whether LTX-2.3's terms were accepted."""
    mini = registry.base_missing(BaseModelName.MINI)
    found = source.find()
    accepted = licence.accepted(context.workspace)
    lines = [f"mini: {mini or 'ready'}."]
    if isinstance(found, str):
        lines.append(found if found.startswith("LTX-2.3") else f"LTX-2.3: {found}")
    else:
        size = sum(file.stat().st_size for file in found.files()) / 1e9
        where = f" {quoted(found.origin, 300)}," if _at_the_machine(context) else ""
        lines.append(f"LTX-2.3: here,{where} {size:.1f} GB.")
    if accepted:
        known = accepted.person == context.person or _at_the_machine(context)
        by = f" by {quoted(accepted.person, 60)}" if known else ""
        lines.append(f"Its terms were accepted{by} on {accepted.at[:10]}.")
    else:
        lines.append("Its terms have not been accepted yet; I show them before first use.")
    lines.append(f"GPU for it: {registry.gpu_missing() or f'{gpus.largest_memory_gb():.0f} GB.'}")
    lines += look_after(context, _at_work(context.workspace))
    if (job := _at_work(context.workspace)) is not None:
        lines.append(_progress(context.workspace, job))
    data = {
        "mini": mini is None,
        "ltx23": not isinstance(found, str),
        "accepted": accepted is not None,
        "missing": registry.base_missing(BaseModelName.LTX23, context.workspace),
    }
    return ToolResult(text="\n".join(lines), data=data)


def download_card(context: ToolContext, _arguments: NoArguments) -> Card:
    """What a person is asked: to fetch LTX-2.3 and accept its terms, or only the terms where its files are here."""
    listing = _listing_or_here(context)
    lines, time = ["The files are here already; nothing is downloaded."], "at once"
    title = "Use LTX-2.3 under these terms?"
    if listing:
        wanted = download.need(listing, source.hub_cache())
        if wanted.problem:
            raise ToolRefused(wanted.problem)
        title = "Download LTX-2.3?"
        time = f"about {wanted.left * 8 / LINE_BITS_PER_SECOND / 3600:.1f} hours on a line of 100 Mbit/s"
        lines = [
            f"Fetch {listing.repository} from the Hugging Face Hub: {wanted.left / 1e9:.1f} GB of "
            f"{wanted.bytes / 1e9:.1f} GB are still to come.",
            f"It goes to {quoted(str(source.hub_cache()), 200)}, where {wanted.free / 1e9:.0f} GB are free.",
            "It runs in its own process and can be stopped: what has arrived is kept. Each file is checked at the end.",
        ]
        if gemma := source.gemma_folder():
            lines.append(f"Its text encoder is not fetched: {source.GEMMA_SETTING} names {quoted(str(gemma), 200)}.")
        if reason := registry.gpu_missing():
            lines.append(f"Note before you fetch it: {reason}")
    lines += [*licence.terms(), "Your yes to this card accepts these terms; it is kept with your name and the date."]
    return card_of(context, _fingerprint(context, listing), title=title, lines=lines, price="free", time=time)


def download_base(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Record the person's yes to the terms and start the download. Uses up the approval; without one nothing starts."""
    listing = _listing_or_here(context)
    use_yes(context, _fingerprint(context, listing))
    try:
        licence.accept(context.workspace, context.person)
    except OSError as error:
        raise ToolRefused(
            f"Your yes could not be written down ({error.strerror or error}), so nothing was started. Make the "
            "workspace's folder writable, then ask me for the card again."
        ) from error
    if listing is None:
        return ToolResult(text="Noted: you accept LTX-2.3's terms. Its files are here.", data={"accepted": True})
    job = store.submit(
        context.workspace,
        project_id=context.project_id,
        task=download.TASK,
        arguments={"repository": listing.repository},
        backend=BACKEND,
    )
    backend_named(BACKEND).start(context.workspace, job.id)
    text = (
        f"The download of LTX-2.3 has started ({listing.bytes / 1e9:.1f} GB) and goes on when this window is closed. "
        "Your yes to its terms is noted."
    )
    return ToolResult(text=text, data={"job": job.id, "accepted": True})


def cancel_download(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Stop the download that is at work."""
    job = _at_work(context.workspace)
    if job is None:
        raise ToolRefused("Nothing is being downloaded at the moment.")
    if not _at_the_machine(context) and get_project(context.workspace, job.project_id).owner != context.person:
        raise ToolRefused("Somebody else started this download, for everybody here. Only they can stop it.")
    backend_named(job.backend).cancel(context.workspace, job.id)
    return ToolResult(
        text="Asked the download to stop. What has arrived is kept; a new download goes on from there.",
        data={"job": job.id},
    )


def _at_the_machine(context: ToolContext) -> bool:
    """Is this the person at the machine itself? Those from elsewhere have a channel before their name (web:, slack:);
    the machine's folders, and what others do here, are not for them."""
    return ":" not in context.person


def terms_missing(workspace: Workspace, base: BaseModelName) -> str | None:
    """None when the base may be used as far as its licence goes, else what to do, in words."""
    return licence.not_accepted(workspace) if base is BaseModelName.LTX23 else None


def _listing_or_here(context: ToolContext) -> Listing | None:
    """What would be downloaded; None when the files are here and only the terms are open. Raises ToolRefused."""
    lost = look_after(context, _at_work(context.workspace))
    if _at_work(context.workspace) is not None:
        already = "LTX-2.3 is being downloaded already. Ask for the status of the models to see how far it is."
        raise ToolRefused(" ".join([already, *lost]))
    found = source.find()
    if not isinstance(found, str):
        if accepted := licence.accepted(context.workspace):
            raise ToolRefused(
                f"LTX-2.3 is here ({quoted(found.origin, 300)}) and its terms were accepted on {accepted.at[:10]}: "
                "there is nothing to do."
            )
        return None
    repository = source.chosen_repository()
    if repository is None:  # the setting names a folder or file that cannot be used: a download would change nothing
        raise ToolRefused(f"{found} To download it instead, take {source.SETTING} out of the settings.")
    try:
        check_name(repository)
        return list_files(repository, with_text=not source.gemma_folder())
    except (DownloadProblem, WrongBase) as problem:
        raise ToolRefused(str(problem)) from problem


def _fingerprint(context: ToolContext, listing: Listing | None) -> str:
    what = f"{listing.repository} {listing.commit} {listing.bytes}" if listing else "files that are here"
    return print_of(context, "download", f"{what}; {licence.TITLE} {licence.VERSION}", BACKEND, 0.0)


def _at_work(workspace: Workspace) -> Job | None:
    """The download that is queued or running, of any project of the workspace."""
    jobs = store.list_jobs(workspace, states=store.UNFINISHED)
    return next((job for job in jobs if job.task == download.TASK), None)


def _progress(workspace: Workspace, job: Job) -> str:
    event = events.latest(workspace, job.id, "progress")
    return f"The download is at work: {download_words(event.data)}." if event else "The download is about to start."


def download_words(data: dict[str, object]) -> str:
    """'12.3 of 70.1 GB (18%)', or the same of checking; for the progress events of a download."""
    done, total = data.get("step"), data.get("steps")
    if not isinstance(done, int) or not isinstance(total, int) or total <= 0:
        return "starting"
    checked = " checked" if data.get("phase") == "checking" else ""
    return f"{done / 1e9:.1f} of {total / 1e9:.1f} GB{checked} ({done / total:.0%})"


TITLE = BASES[BaseModelName.LTX23].title
TOOLS = (
    Tool(
        "base_status",
        f"Which base models are on this machine: mini, and {TITLE} with its place, size, licence and GPU.",
        NoArguments,
        base_status,
    ),
    Tool(
        "download_base",
        f"Open the card for {TITLE}: the size of its download, free disk and its terms. Only a person's clear yes to "
        "that card accepts the terms and starts the download.",
        NoArguments,
        download_base,
        download_card,
    ),
    Tool(
        "cancel_download", "Stop the download of a base model; what has arrived is kept.", NoArguments, cancel_download
    ),
)
