"""Every page in every state that ``make screenshots`` shows: for everybody to read, in every language, in any window.

A scene that is added there (``tests.e2e.scenes``) is inspected here by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from gatekeeper.domain.model import Permission
from tests.chromium import CHROMIUM, FLAGS
from tests.e2e.inspector import WORD, Inspector
from tests.e2e.scenes import PAGES, SCENES, Stage
from tests.e2e.screenshots import a_stage
from tests.messages import write_bracketed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]

PEOPLE = (
    "Example Mail Ada Anna Rossi Marco Bianchi Lucia Verdi Admin shot demo Nina Neri Olga Oliva Paolo Poli "
    "example com staff localhost"
)
DATA = frozenset(word.lower() for text in (PEOPLE, *Permission) for word in WORD.findall(text))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stage, Inspector]]:
    templates: Path = tmp_path_factory.mktemp("templates")
    write_bracketed(templates)
    async with a_stage(templates) as stage, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield stage, Inspector(browser, DATA)
        await browser.close()


@pytest.mark.parametrize("name", SCENES)
async def test_a_scene_is_for_everybody(stage, name):
    set_stage, inspector = stage
    inspector.found.clear()
    await set_stage.set(inspector.new_page, inspector.inspect)
    await SCENES[name](set_stage)
    await inspector.close()
    assert not inspector.found, "\n".join(inspector.found)


async def test_a_page_that_is_just_opened_is_for_everybody(stage):
    set_stage, inspector = stage
    inspector.found.clear()
    await set_stage.set(inspector.new_page, inspector.inspect)
    for page in PAGES:
        person = await set_stage.person(page.who) if page.who else await set_stage.nobody()
        await person.opens(page.path)
        await set_stage.shoot(person, page.name)
    await inspector.close()
    assert not inspector.found, "\n".join(inspector.found)
