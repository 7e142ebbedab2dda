from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.doctor.chains import Greeter
from tests.edge.conftest import build, pytest_asyncio_loop_factories

__all__ = ["build", "pytest_asyncio_loop_factories"]


@pytest.fixture
async def greeter() -> AsyncIterator[Greeter]:
    greeter = await Greeter().start()
    yield greeter
    greeter.close()
