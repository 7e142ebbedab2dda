"""Jobs: how far each is, its file, and that nothing of it stays for ever."""

from __future__ import annotations

from redis.asyncio import Redis

from gatekeeper.sessions.jobs import LIFETIME, Jobs


async def test_any_node_reads_how_far_a_job_is_until_an_hour_after_its_last_word(redis: Redis) -> None:
    jobs = Jobs(redis)
    assert await jobs.read("one") is None
    for done in (1, 2):
        await jobs.write("one", {"done": done, "name": "Zoë"})
    assert await Jobs(redis).read("one") == {"done": 2, "name": "Zoë"}
    assert LIFETIME - 10 < await redis.ttl("gk:j:one") <= LIFETIME


async def test_a_file_comes_back_part_by_part_and_is_forgotten(redis: Redis) -> None:
    jobs = Jobs(redis)
    await jobs.put_file("one", ["first", "sécond", ""])
    assert await jobs.file("one") == ["first", "sécond", ""]
    assert await jobs.file("two") == []
    await jobs.drop_file("one")
    assert await jobs.file("one") == []


async def test_a_file_that_was_put_in_part_ends_by_itself_too(redis: Redis) -> None:
    parts = iter(["first", None])
    try:
        await Jobs(redis).put_file("one", parts)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - whatever the client says to a part that is none
        assert LIFETIME - 10 < await redis.ttl("gk:j:one:file") <= LIFETIME
    else:
        raise AssertionError("a part that is none was put")
