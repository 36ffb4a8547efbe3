"""A model on ModelScope becomes a folder here: whole, checked, and pinned to one commit.

Only the kinds of file that a model folder is read from are fetched. The closed front end's `resource.zip`
stays where it is, and no code of a snapshot ever comes near this machine. A download that was cut short
goes on where it stopped: finished files are kept, unfinished ones are resumed.

`modelscope_hub` is what `modelscope` itself downloads with; it is imported alone because the package
around it takes five seconds. As its documentation says, MODELSCOPE_ENDPOINT names another hub, and
`modelscope login` an account. Needs the extra `[sambert]`.
"""

import errno
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from modelscope_hub import (
    AuthenticationError,
    FileDownloadError,
    FileIntegrityError,
    HubApi,
    HubConfig,
    HubError,
    NetworkError,
    NotExistError,
    PermissionDeniedError,
)

from tts_engine.speech.errors import VoiceUnavailable

NEWEST = "master"  # the branch that every model on ModelScope has
_PART = r"\w[\w.-]*"  # of an id or a path: never `..`, never hidden
_ID = re.compile(f"{_PART}/{_PART}", re.ASCII)
_COMMIT = re.compile("[0-9a-f]{40}")
_WANTED = re.compile(rf"README\.md|configuration\.json|voices/(?:{_PART}/)*{_PART}\.(?:json|yaml|txt|npy|pth)")


@dataclass(frozen=True, slots=True)
class _File:
    """A file as the hub lists it; two are equal if their contents are."""

    path: str
    size: int  # bytes
    sha256: str  # empty where the hub gives none
    commit: str = field(compare=False)  # the last that changed it
    committed: int = field(compare=False)  # when, in seconds

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        return cls(
            path=entry["Path"],
            size=int(entry["Size"]),
            sha256=(entry.get("Sha256") or "").lower(),
            commit=entry["Revision"],
            committed=int(entry["CommittedDate"]),
        )


def fetch(model_id: str, downloads: Path, revision: str | None) -> tuple[Path, str]:
    """Download a model into `downloads/<owner>/<name>/<commit>`; give that folder and the commit.

    `revision` is a branch, a tag or a full commit hash; None is the newest. Each file has the SHA-256 and
    the size that the hub lists for it. Raises VoiceUnavailable, which says what to do.
    """
    if not _ID.fullmatch(model_id):
        raise VoiceUnavailable(
            f"'{model_id}' is neither a folder here nor a model's id, which has the form owner/name: "
            "check the path, or copy the id from the model's page."
        )
    hub = HubApi(HubConfig(cache_dir=downloads))
    try:
        commit, files = _pinned(hub, model_id, revision or NEWEST)
        if not any(file.path.startswith("voices/") for file in files):
            raise VoiceUnavailable(f"{model_id} is no Sambert-HiFiGAN model, it has no voices: choose another id.")
        folder = downloads / model_id / commit
        folder.mkdir(parents=True, exist_ok=True)
        _check_space(folder, files)
        hub.download_repo(
            model_id,
            "model",
            revision=commit,
            local_dir=folder,
            cache_dir=downloads,  # of its locks
            file_list=[{"Path": file.path, "Size": file.size, "Sha256": file.sha256} for file in files],
        )
    except (HubError, OSError) as error:
        raise VoiceUnavailable(f"{model_id} was not downloaded: {_explain(error)}") from error
    return folder, commit


def _pinned(hub: HubApi, model_id: str, revision: str) -> tuple[str, Sequence[_File]]:
    """The commit that a revision stands for, and the files to fetch at it.

    The hub names no commit of a branch or tag, only the last of each file. Of these it is the one that holds
    the same contents, mostly the newest: so the name may move on while its files are read.
    """
    if _COMMIT.fullmatch(revision):
        return revision, _listed(hub, model_id, revision)
    names = [str(one["Revision"]) for one in hub.list_repo_revisions(model_id, "model")]
    if revision not in names:
        raise VoiceUnavailable(
            f"{model_id} has no revision '{revision}': choose one of {', '.join(names)}, or a full commit hash."
        )
    files = _listed(hub, model_id, revision)
    by_age = sorted(files, key=lambda file: file.committed, reverse=True)
    for commit in dict.fromkeys(file.commit for file in by_age):
        if _COMMIT.fullmatch(commit) and set(files) <= set(_listed(hub, model_id, commit)):
            return commit, files
    raise VoiceUnavailable(
        f"The commit behind '{revision}' of {model_id} cannot be told: "
        "copy a full commit hash from the history on the model's page and give it as the revision."
    )


def _listed(hub: HubApi, model_id: str, revision: str) -> Sequence[_File]:
    entries = hub.legacy.list_repo_files(model_id, "model", revision)
    try:
        return [_File.of(entry) for entry in entries if _WANTED.fullmatch(entry["Path"])]
    except (LookupError, TypeError, ValueError) as error:
        raise VoiceUnavailable(
            f"The hub lists the files of {model_id} in a form that is not known here ({error!r}): "
            "download it by other means and add the folder."
        ) from error


def _check_space(folder: Path, files: Sequence[_File]) -> None:
    there = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    needed = sum(file.size for file in files) - there
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(errno.ENOSPC, f"{needed >> 20} MiB are still to come and {free >> 20} MiB are free", str(folder))


def _explain(error: BaseException) -> str:
    """What went wrong, and what to do about it."""
    match error:
        case FileDownloadError(failed_files=failed) if failed:
            path, first = next(iter(failed.items()))
            more = f" (and {len(failed) - 1} more files)" if len(failed) > 1 else ""
            return f"{path}{more}: {_explain(first)}"
        case NotExistError():
            return "the hub has no such model or revision. Copy both from the model's page."
        case AuthenticationError() | PermissionDeniedError():
            return "it is not public. Run `modelscope login` with an account that may read it, then try again."
        case FileIntegrityError():
            return f"not the file that the hub lists ({_headline(error)}). Try again; what was whole is kept."
        case NetworkError():
            return (
                f"the hub does not answer ({_headline(error)}). Check the network and the proxy and try again, what "
                "has come is kept; or download the model on another machine and add its folder."
            )
        case OSError(errno=errno.ENOSPC):
            return f"the disk is full ({error}). Free some space and try again; what has come is kept."
        case _:
            return f"{_headline(error) or type(error).__name__}. Try again; what has come is kept."


def _headline(error: BaseException) -> str:
    return str(error).partition("\n")[0]
