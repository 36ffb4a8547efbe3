"""Visible strings, in the language of the request: those of the scripts, which a page hands over as JSON, and
what errors and events mean to people.

`{name}` in a string is filled in by the script (static/studio/words.js).
"""

from django.utils.translation import gettext as _

from tts_engine.errors import EngineError, Fault
from tts_engine.speech.errors import EntryError
from webhooks.errors import WebhookError
from webhooks.events import SUBSCRIBABLE


def studio_words() -> dict[str, str]:
    """Every string that static/studio/*.js shows, by key."""
    return _actions() | _figures() | _problems() | _voice_facts() | _states() | _sentences()


def jobs_words() -> dict[str, str]:
    """Every string that static/jobs/*.js shows, by key."""
    return _figures() | _problems() | _voice_facts() | _states() | _jobs() | _jobs_problems()


def _sentences() -> dict[str, str]:
    return {
        "choose_reading": _("Choose its reading"),
        "as_the_text": _("As the text"),
        "taught": _("“{word}” is read {pinyin} from now on, in all texts of your team."),
    }


def history_words() -> dict[str, str]:
    """Every string that static/history.js shows, by key."""
    own = {
        "chosen": _("{count} chosen"),
        "problem_audio_not_ready": _("The audio is no longer kept. Have the text spoken again."),
    }
    return own | _actions() | _figures() | _problems()


def emotion_words() -> dict[str, str]:
    """By the names that the API has for them."""
    return _voice_facts()


def state_words() -> dict[str, str]:
    """By status."""
    return _states() | {"done": _("Done"), "held": _("Paused")}


def _jobs() -> dict[str, str]:
    return {
        "columns": _("Table, {count} columns"),
        "chapters": _("Text, {chapters} chapters, {count} characters"),
        "insert": _("Put {column} into the template"),
        "no_title": _("Before the first heading"),
        "no_column": _("{column}: no such column"),
        "reading_file": _("Reading the file …"),
        "sending_file": _("Checking every row …"),
        "rows": _("{count} rows"),
        "parts": _("{count} parts"),
        "does_not_fit": _("Your team has only {count} characters left this period."),
        "money": _("¥{amount}"),
        "at_vendor": _("¥{amount} at {offer}"),
        "draft": _("Draft"),
        "paused": _("Paused"),
        "done": _("Done"),
        "of_rows": _("{done} of {rows} done"),
        "failed_rows": _("{count} failed"),
        "minutes_left": _("about {minutes} min left"),
        "seconds_left": _("less than a minute left"),
        "press_again": _("Press again to confirm"),
        "row_failed": _("Row {number}: {error}"),
    }


def _jobs_problems() -> dict[str, str]:
    return {
        "problem_file_kind_unknown": _("Files of this kind are not read. Choose TXT, Markdown, EPUB, CSV or XLSX."),
        "problem_file_too_large": _("The file is too large, or holds too much. {detail}"),
        "problem_file_encoding_unknown": _("The file is in no encoding that is read. Save it as UTF-8 or GBK."),
        "problem_file_damaged": _("The file cannot be read. {detail}"),
        "problem_file_hostile": _("The file is built in a way that is not accepted."),
        "problem_file_empty": _("There is nothing to speak in this file."),
        "problem_template_invalid": _("The template does not fit the table. {detail}"),
        "problem_rows_invalid": _("Some cells of the table cannot be used. {detail}"),
        "problem_job_state_conflict": _("The job is no longer in a state in which this can be done."),
        "problem_request_too_large": _("The file is too large."),
    }


def _actions() -> dict[str, str]:
    return {
        "speak": _("Speak"),
        "stop": _("Stop"),
        "play": _("Play"),
        "pause": _("Pause"),
        "copied": _("Copied"),
        "copy": _("Copy"),
    }


def _figures() -> dict[str, str]:
    return {
        "characters": _("{count} of {limit} characters"),
        "characters_short": _("{count} characters"),
        "costs": _("about ¥{amount}"),
        "quota": _("{used} of {limit} characters used, {remaining} left until {date}"),
        "quota_unlimited": _("{used} characters used, no limit"),
        "first_audio": _("First audio after {ms} ms"),
        "duration": _("{seconds} s of speech"),
        "billed": _("{count} characters billed"),
        "preview": _("{count} characters will be billed, about {seconds} s of speech"),
        "position": _("{position} of {duration}"),
        "semitones": _("{value} semitones"),
    }


def _problems() -> dict[str, str]:
    return {
        "problem_network": _("The server does not answer. Check your connection and try again."),
        "problem_signed_out": _("You are signed out. Reload the page and sign in again."),
        "problem_forbidden": _("Your role in this team does not allow this."),
        "problem_insufficient_quota": _(
            "Your team's characters for this period are used up. Ask an owner of the team for a larger plan."
        ),
        "problem_rate_limit_exceeded": _("Too many requests at once. Try again in {seconds} s."),
        "problem_server_is_overloaded": _("The voices are busy at the moment. Try again in a few seconds."),
        "problem_string_above_max_length": _(
            "The text is longer than {limit} characters. Shorten it, or speak it in parts."
        ),
        "problem_text_unspeakable": _("There is nothing in this text that can be spoken."),
        "problem_text_unit_unknown": _("This voice cannot say a part of the text. Write it in another way."),
        "problem_text_control_character": _("The text holds an invisible control character. Remove it and try again."),
        "problem_voice_unavailable": _("This voice is not available at the moment. Choose another one."),
        "problem_synthesis_failed": _("The speech could not be made. Try again."),
        "problem_cut": _("The speech broke off before its end. Try again."),
        "problem_playback": _("This recording cannot be played. Try to download it instead."),
    }


def _voice_facts() -> dict[str, str]:
    return {
        "female": _("Female"),
        "male": _("Male"),
        "neutral": _("Neutral"),
        "happy": _("Happy"),
        "sad": _("Sad"),
        "angry": _("Angry"),
        "fear": _("Afraid"),
        "hate": _("Disgusted"),
        "surprise": _("Surprised"),
    }


def _states() -> dict[str, str]:
    return {
        "queued": _("Waiting"),
        "running": _("In progress"),
        "failed": _("Failed"),
        "cancelled": _("Cancelled"),
        "text_not_kept": _("Text not kept"),
    }


def entry_problem(error: EntryError) -> str:
    """Why an entry of the dictionary, or a row of its table, is refused."""
    return _entry_problems()[error.reason].format(**error.values)


def row_problem(fault: Fault) -> str:
    return _("Row {row}: {problem}").format(row=fault.row, problem=entry_problem(fault.error))


def _entry_problems() -> dict[str, str]:
    """By `reason`; each with the values that the error has for it."""
    return {
        "empty": _("Something is missing: a word, or how it is said."),
        "control_character": _("It holds an invisible control character or a line break (U+{char}). Remove it."),
        "too_long": _("It has {length} characters, and at most {longest} are allowed."),
        "no_hanzi": _("“{word}” holds no Chinese character, and only such have pinyin. Give other words instead."),
        "syllable_count": _("“{word}” has {hanzi} Chinese characters and the pinyin {syllables} syllables."),
        "no_syllable": _("“{syllable}” is no syllable of pinyin with its tone. Write hao3 or hǎo, and 5 for no tone."),
        "ssml": _("The SSML cannot be read: {problem}"),
        "ssml_elements": _(
            "An entry's SSML is text with phoneme (pinyin), sub, say-as and break, and no other elements."
        ),
        "encoding": _("The file is neither UTF-8, UTF-16 nor GBK. Save it as “CSV UTF-8”."),
        "head": _("The first row must name the columns: “word” and one or more of the others of {columns}."),
        "no_entries": _("The file has no entries below the names of its columns."),
        "too_many_cells": _("It has {cells} cells, and the table {columns} columns. Put cells with commas in quotes."),
        "no_csv": _("It is no row of a CSV file: a quotation mark is not closed, or a cell is too long."),
        "one_value": _("“{word}” needs exactly one of {kinds}."),
        "twice": _("“{word}” stands in row {first} already."),
    }


def event_choices() -> list[tuple[str, str]]:
    """What a webhook can be told of, each in words."""
    words = {
        "quota.alert": _("The team's characters come to their end"),
        "job.completed": _("The last row of a job has ended"),
        "job.delivered": _("The files of a job have been delivered"),
    }
    return [(event.value, words[event.value]) for event in SUBSCRIBABLE]


def refusal_words(refusal: EngineError | WebhookError) -> str:
    """Why a webhook or destination was refused. What has no words here is told as the API tells it."""
    words = {
        "address_unacceptable": _(
            "This is no address that can be called. It begins with https://, without a password."
        ),
        "address_not_found": _("No server of this name is found."),
        "address_refused": _(
            "This server is inside a private network. The person who runs Voxhouse can allow that network."
        ),
        "webhook_limit_reached": _("Your team has as many webhooks as it may. Delete one first."),
        "webhook_disabled": _("This webhook is switched off. Switch it on first."),
        "destination_limit_reached": _("Your team has as many destinations as it may. Delete one first."),
        "destination_disabled": _("This destination is switched off. Switch it on first."),
        "destination_in_use": _("A job puts its results there. Wait until it has ended, or cancel it."),
        "destination_invalid": _("This is missing, or cannot be used here."),
    }
    return words.get(refusal.code, str(refusal))
