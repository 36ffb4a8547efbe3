"""The studio as a member meets it: a real browser on the real running platform."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
import soundfile
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Page, Route, expect


class Platform(Protocol):
    url: str
    user: str
    password: str
    api_key: str


OpenPage = Callable[..., Page]
SignIn = Callable[[Page], None]

BOTH = pytest.mark.parametrize(
    ("width", "language", "speak"), [(1440, "zh-CN", "朗读"), (390, "en-US", "Speak")], ids=["wide-zh", "narrow-en"]
)


# A character is marked for a fifth of a second, which a busy machine may look away for.
NOTE_WHAT_IS_MARKED = """() => {
    window.marked = [];
    const note = () => window.marked.push(document.querySelector("#transcript .is-now")?.textContent);
    const changes = { attributes: true, attributeFilter: ["class"], subtree: true };
    new MutationObserver(note).observe(document.getElementById("transcript"), changes);
}"""


def new_sentence() -> str:
    """A sentence nobody has had spoken yet, so that it is made and not taken from the cache."""
    digits = "".join("零一二三四五六七八九"[int(d, 16) % 10] for d in uuid4().hex[:6])
    return f"编号{digits}，您的订单已经发出，请注意查收。"


def speak(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#speak").click()
    expect(page.locator("#downloads")).to_be_visible(timeout=60_000)


def until(page: Page, condition: str) -> None:
    """Wait until a JavaScript expression holds. Playwright's own wait needs eval, which the page's policy forbids."""
    deadline = time.monotonic() + 60
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"{condition} did not come true"
        page.wait_for_timeout(50)


def forget(page: Page, word: str) -> None:
    """Takes it out of the team's dictionary, which other tests read with."""
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    script = """async ([word, token]) => {
        const options = { method: "DELETE", headers: { "x-csrftoken": token } };
        return (await fetch(`/v1/dictionary/entries/${encodeURIComponent(word)}`, options)).status;
    }"""
    assert page.evaluate(script, [word, token]) in (204, 404)


def seconds_of(file: Path) -> float:
    return float(soundfile.info(file).duration)


@BOTH
def test_a_member_types_listens_and_downloads(
    open_page: OpenPage, sign_in: SignIn, tmp_path: Path, width: int, language: str, speak: str
) -> None:
    """From sign-in to sound and both files, on a desk and on a telephone, in both languages."""
    page = open_page(width=width, language=language)
    sign_in(page)
    text = new_sentence()
    page.locator("#text").fill(text)
    expect(page.locator("#speak")).to_have_text(speak)
    page.locator("#speak").click()
    until(page, "window.heard.length > 0")
    until(page, "Number(document.getElementById('seek').value) > 0.3")
    expect(page.locator("#downloads")).to_be_visible(timeout=60_000)

    heard = page.evaluate("window.heard")
    sent = sum(piece["seconds"] for piece in heard)
    assert sent > 0.5
    assert max(piece["peak"] for piece in heard) > 0.05
    assert re.search(r"\d", page.locator("#facts").inner_text())

    for file_format in ("wav", "mp3"):
        with page.expect_download() as download:
            page.locator(f"#downloads [data-format={file_format}]").click()
        file = tmp_path / f"speech.{file_format}"
        download.value.save_as(file)
        assert seconds_of(file) == pytest.approx(sent, abs=0.15)  # an MP3 is padded to whole frames

    with page.expect_download() as download:
        page.locator("#downloads [data-subtitles=srt]").click()
    download.value.save_as(tmp_path / "speech.srt")
    assert "您的订单已经发出" in (tmp_path / "speech.srt").read_text()

    newest = page.locator(".recent-row").first
    expect(newest).to_contain_text(text)
    expect(newest.locator("[data-format=mp3]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_waveform_grows_and_a_click_on_it_moves_the_playhead(open_page: OpenPage, sign_in: SignIn) -> None:
    """What was heard can be heard again from any point, by pointer and by keyboard."""
    page = open_page()
    sign_in(page)
    speak(page, new_sentence())
    seek = page.locator("#seek")
    length = float(seek.get_attribute("max") or 0)
    if page.locator("#toggle use[href$='#pause']").count():
        page.locator("#toggle").click()
    box = seek.bounding_box()
    assert box is not None
    seek.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert float(seek.input_value()) == pytest.approx(length / 2, abs=length * 0.05)
    page.keyboard.press("Home")
    assert float(seek.input_value()) == 0
    before = page.evaluate("window.heard.length")
    page.locator("#toggle").click()
    until(page, f"window.heard.length > {before}")
    until(page, "Number(document.getElementById('seek').value) > 0.1")


def test_a_speech_of_the_history_plays_in_place(open_page: OpenPage, sign_in: SignIn) -> None:
    """The last ten can be heard again without leaving the page; what comes to them leaves the others where they are."""
    page = open_page()
    sign_in(page)
    text, newer = new_sentence(), new_sentence()
    speak(page, text)
    row = page.locator(".recent-row", has_text=text)
    button = row.locator("[data-play]")
    expect(button).to_be_enabled(timeout=10_000)
    button.click()
    expect(row.locator("progress")).not_to_have_js_property("value", 0, timeout=60_000)
    expect(button).to_have_attribute("aria-label", "暂停")
    button.click()
    expect(button).to_have_attribute("aria-label", "播放")

    pressed = button.element_handle()
    speak(page, newer)
    expect(page.locator(".recent-row").first).to_contain_text(newer)
    assert pressed.evaluate("button => button.isConnected"), "a press that is under way would be lost, and the focus"


def test_the_text_runs_along_and_a_click_on_it_moves_the_playhead(open_page: OpenPage, sign_in: SignIn) -> None:
    """The character that is heard is marked; a click on one goes to where it is said."""
    page = open_page()
    sign_in(page)
    page.evaluate(NOTE_WHAT_IS_MARKED)
    text = new_sentence()
    speak(page, text)
    expect(page.locator("#transcript")).to_have_text(text)
    until(page, "window.marked.includes('收')")
    if page.locator("#toggle use[href$='#pause']").count():
        page.locator("#toggle").click()
    page.locator("#transcript span", has_text="单").click()
    expect(page.locator("#transcript .is-now")).to_have_text("单")
    assert 0 < float(page.locator("#seek").input_value()) < float(page.locator("#seek").get_attribute("max") or 0) * 0.8


def test_the_count_is_what_will_be_billed_and_costs(open_page: OpenPage, sign_in: SignIn) -> None:
    """Tags and pronunciation marks are not counted; the cost is told where the operator has said what speech costs."""
    page = open_page()
    sign_in(page)
    priced = re.compile(r'"cost_of_a_million": \w+')

    def priced_page(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=priced.sub('"cost_of_a_million": 1000000000', answer.text()))

    page.route(page.url, priced_page)
    page.reload()
    page.locator("#text").fill("银行(hang2)。[pause:1s]")
    expect(page.locator("#count")).to_have_text("3 / 4,096 字 · 约 ¥0.003")
    page.locator("#reading summary").click()
    expect(page.locator("#reading-note")).to_contain_text("3")


def test_a_pause_is_put_in_by_a_button(open_page: OpenPage, sign_in: SignIn) -> None:
    """At the cursor; pressed again it is longer, and undo takes it back."""
    page = open_page()
    sign_in(page)
    page.locator("#text").fill("你好。再见。")
    page.locator("#text").press("Home")
    for _ in range(3):
        page.locator("#text").press("ArrowRight")
    page.locator("#insert-pause").click()
    expect(page.locator("#text")).to_have_value("你好。[pause:500ms]再见。")
    page.locator("#insert-pause").click()
    expect(page.locator("#text")).to_have_value("你好。[pause:1s]再见。")
    page.locator("#text").press("Control+z")
    expect(page.locator("#text")).to_have_value("你好。[pause:500ms]再见。")


def test_the_reading_shows_pinyin_above_the_characters(open_page: OpenPage, sign_in: SignIn) -> None:
    """A member sees before speaking how a polyphone and a number will be read, and what was written for it."""
    page = open_page()
    sign_in(page)
    page.locator("#text").fill("银行有3家。")
    page.locator("#reading summary").click()
    expect(page.locator("#reading-text ruby", has_text="行")).to_contain_text("háng")
    expect(page.locator("#reading-text ruby", has_text="三")).to_contain_text("sān")
    expect(page.locator(".said-otherwise small")).to_have_text("3")
    expect(page.locator("#reading-note")).to_contain_text("6")


@BOTH
def test_a_click_on_a_character_fixes_its_reading(
    open_page: OpenPage, sign_in: SignIn, width: int, language: str, speak: str
) -> None:
    """It is heard at once and stands in the text; whose role may puts it into the team's dictionary instead."""
    page = open_page(width=width, language=language)
    sign_in(page)
    page.locator("#text").fill("行囿。")
    page.locator("#reading summary").click()
    page.locator(".character", has_text="行").click()
    before = page.evaluate("window.heard.length")
    page.locator(".drawer .chip", has_text="héng").click()
    expect(page.locator("#text")).to_have_value("行(heng2)囿。")
    until(page, f"window.heard.length > {before}")
    expect(page.locator(".character.is-fixed")).to_contain_text("héng")
    page.locator("[data-word]").fill("行囿")
    try:
        page.locator("[data-teach]").click()
        expect(page.locator("#reading-told")).to_contain_text("héng yòu")
        expect(page.locator("#text")).to_have_value("行囿。")
        expect(page.locator("#reading-text ruby", has_text="行")).to_contain_text("héng")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        forget(page, "行囿")


def test_one_sentence_is_spoken_otherwise_and_heard_alone(open_page: OpenPage, sign_in: SignIn) -> None:
    """Its voice and speed stand in the text as tags around it; another voice for it moves nothing else."""
    page = open_page()
    sign_in(page)
    page.locator("#text").fill("你好。再见。[rate:1.2]谢谢。")
    page.locator("#reading summary").click()
    second = page.locator(".sentence").nth(1)
    second.locator("[data-manner]").click()
    second.locator("[data-kind=voice]").select_option("yunxi")
    expect(page.locator("#text")).to_have_value("你好。[voice:yunxi]再见。[voice:][rate:1.2]谢谢。")
    expect(second.locator("[data-manner]")).to_have_text("云希")
    second.locator("[data-kind=rate]").select_option("1.2")
    expect(page.locator("#text")).to_have_value("你好。[voice:yunxi][rate:1.2]再见。[voice:]谢谢。")
    with page.expect_request("**/v1/audio/speech") as request:
        second.locator("[data-play]").click()
    assert '"input":"[voice:yunxi][rate:1.2]再见。"' in (request.value.post_data or "")
    until(page, "window.heard.length > 0")
    second.locator("[data-kind=voice]").press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    expect(second.locator("[data-manner]")).to_be_focused()


def test_two_takes_are_compared_and_one_is_taken(open_page: OpenPage, sign_in: SignIn) -> None:
    """The same text in two voices: one press each, heard one after the other, and the better one is used."""
    page = open_page()
    sign_in(page)
    page.locator("#text").fill("你好。")
    page.locator("#compare summary").click()
    for lane in page.locator("[data-lane]").all():
        lane.locator("[data-toggle]").click()
        expect(lane.locator("[data-clock]")).to_contain_text("/", timeout=60_000)
    chosen = page.locator("[name=voice]:checked").input_value()
    page.locator("[data-use]").nth(1).click()
    assert page.locator("[name=voice]:checked").input_value() != chosen


def test_the_code_for_this_request_runs_as_it_is_shown(
    open_page: OpenPage, sign_in: SignIn, platform: Platform, tmp_path: Path
) -> None:
    """With a key in its place it writes the speech to a file, in each language; Playwright brings a Node.js along."""
    node, _ = compute_driver_executable()
    runners = {
        "curl": ["bash", "-c"],
        "python": [sys.executable, "-c"],
        "javascript": [node, "--input-type=module", "-e"],
    }
    page = open_page()
    sign_in(page)
    page.locator("#text").fill("It's “你好”。[pause:300ms]\n再见。")
    page.locator(".chip", has=page.locator("[name=emotion]")).nth(1).click()
    page.locator("#code summary").click()
    for language, run in runners.items():
        page.locator(".code-languages label", has=page.locator(f"[value={language}]")).click()
        code = page.locator("#snippet").inner_text().replace("YOUR_KEY", platform.api_key)
        folder = tmp_path / language
        folder.mkdir()
        subprocess.run([*run, code], cwd=folder, check=True, capture_output=True, timeout=60)  # noqa: S603
        assert seconds_of(folder / "speech.mp3") > 0.5


def test_a_text_over_the_limit_cannot_be_sent(open_page: OpenPage, sign_in: SignIn) -> None:
    """The count turns into a warning and the button rests, before anything is asked of the server."""
    page = open_page()
    sign_in(page)
    page.locator("#text").fill("好" * 4097)
    expect(page.locator("#count")).to_have_class(re.compile("is-over"))
    expect(page.locator("#speak")).to_be_disabled()


def test_a_refusal_is_told_where_it_happened(open_page: OpenPage, sign_in: SignIn) -> None:
    """A text without anything to say is refused in the member's words, and the page can be used on."""
    page = open_page(forgive="status of 400")  # the browser itself notes every refused request
    sign_in(page)
    page.locator("#text").fill("😀")
    page.locator("#speak").click()
    expect(page.locator("#problem")).to_have_text("这段文本中没有可以朗读的内容。")
    speak(page, new_sentence())
    expect(page.locator("#problem")).to_be_hidden()


def test_a_speech_that_breaks_off_is_told(open_page: OpenPage, sign_in: SignIn) -> None:
    """An answer that ends before its first sample is a failure, not a silent success."""
    page = open_page()
    sign_in(page)
    page.route("**/v1/audio/speech", lambda route: route.fulfill(status=200, body=b"", content_type="audio/pcm"))
    page.locator("#text").fill("你好。")
    page.locator("#speak").click()
    expect(page.locator("#problem")).to_have_text("语音在结束前中断了，请重试。")
    expect(page.locator("#speak")).to_have_text("朗读")


def test_the_language_changes_and_the_text_stays(open_page: OpenPage, sign_in: SignIn) -> None:
    """Switching between Chinese and English loses nothing of what was typed and chosen."""
    page = open_page()
    sign_in(page)
    page.locator("#text").fill("这句话要留下。")
    page.locator(".voice").nth(1).click()
    chosen = page.locator("[name=voice]:checked").input_value()
    page.locator(".languages [value=en]").click()
    page.locator(".voice").first.wait_for()
    expect(page.locator("#speak")).to_have_text("Speak")
    expect(page.locator("#text")).to_have_value("这句话要留下。")
    assert page.locator("[name=voice]:checked").input_value() == chosen


def test_the_theme_follows_the_system_until_it_is_chosen(open_page: OpenPage, sign_in: SignIn) -> None:
    """Dark for those whose system is dark; the switch overrides it and is remembered."""
    page = open_page(scheme="dark")
    sign_in(page)
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.locator("[data-theme-switch]").click()
    light = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == light


def test_signing_out_ends_the_session(open_page: OpenPage, sign_in: SignIn, platform: Platform) -> None:
    """After signing out the studio asks for a password again."""
    page = open_page()
    sign_in(page)
    page.locator(".account").click()
    page.locator("#account-menu button").click()
    page.goto(platform.url)
    expect(page.locator("[name=password]")).to_be_visible()


def test_a_wrong_password_is_told_at_the_form(open_page: OpenPage, platform: Platform) -> None:
    """A failed sign-in stays on the page and says what is wrong."""
    page = open_page()
    page.goto(platform.url)
    page.locator("[name=login]").fill(platform.user)
    page.locator("[name=password]").fill("not the password")
    page.locator("main button.is-primary").click()
    expect(page.locator("[role=alert]")).to_be_visible()
