from __future__ import annotations

import pytest

from gatekeeper.config.storage import database_url, redis_url
from tests.config.test_load import faults, read

HEAD = '[server]\npublic_url = "https://mail.example.com"\n'
SECRET = "geheim"


def storage(text: str) -> str:
    return f"{HEAD}[storage]\n{text}\n"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://gatekeeper@db/gatekeeper",
        "postgresql://gatekeeper:a%23b%252F%40c%2Fd@db:5433/gatekeeper?sslmode=require",
        "postgresql://gatekeeper@/gatekeeper?host=/run/postgresql",
    ],
)
def test_a_database_has_an_address(url):
    assert database_url(url) == url


@pytest.mark.parametrize(
    "url", ["redis://cache:6379/0", "rediss://:p%40ss@cache", "unix:///run/redis.sock?db=1", "redis://cache"]
)
def test_a_redis_has_an_address(url):
    assert redis_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "mysql://db/x",
        "db/x",
        "",
        "postgresql://db",
        f"postgresql://u:{SECRET}#b@db/x",
        f"postgresql://u:{SECRET}@c@db/x",
        f"postgresql://u:{SECRET}/d@db/x",
        f"postgresql://u:{SECRET} d@db/x",
        f"postgresql://u:{SECRET}@db:port/x",
        "postgresql://u:@db/x",
        "postgresql://u:$PASSWORD@db/x",
        "postgresql://u:${PASSWORD}@db/x",
    ],
)
def test_another_address_of_a_database_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match=r"is |names ") as caught:
        database_url(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", ["redis+sentinel://:geheim@h1,h2/name/0", "redis+cluster://h1,h2"])
def test_what_this_version_does_not_support_is_said(url):
    with pytest.raises(ValueError, match="not supported by this version") as caught:
        redis_url(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://cache", "redis://", "redis://cache/name", f"redis://:{SECRET}#@cache", "unix://host/x"]
)
def test_another_address_of_a_redis_is_refused(url):
    with pytest.raises(ValueError, match="is ") as caught:
        redis_url(url)
    assert SECRET not in str(caught.value)


def test_passwords_come_from_files_raw(tmp_path):
    (tmp_path / "db").write_text("a#b%2F@c/d\n")
    (tmp_path / "redis").write_text(" x \r\n")
    config = read(
        tmp_path,
        storage(
            'secret_key_file = "key"\n'
            'database = "postgresql://gatekeeper@db/gatekeeper"\ndatabase_password_file = "db"\n'
            'redis = "redis://cache"\nredis_password_file = "redis"'
        ),
    )
    assert config.storage.database_password == "a#b%2F@c/d"
    assert config.storage.redis_password == " x "
    assert not config.storage.creates_secret_key
    assert "a#b" not in repr(config)


@pytest.mark.parametrize("value", ["", " ", "$PASSWORD", "${PASSWORD}", "$(cat x)"])
def test_a_damaged_secret_stops_with_the_name_of_its_setting(tmp_path, value):
    (tmp_path / "db").write_text(value + "\n")
    text = storage('data = "d"\ndatabase = "postgresql://g@db/g"\n')
    for extra, environ in (
        ("database_password_file = 'db'", {}),
        (f"database_password = '{value}'", {}),
        ("", {"GATEKEEPER__STORAGE__DATABASE_PASSWORD": value}),
    ):
        (place, message) = next(iter(faults(tmp_path, text + extra, environ).items()))
        assert place.startswith("storage.database_password")
        assert value not in message or not value.strip()


def test_a_dollar_inside_a_password_is_no_damage(tmp_path):
    config = read(tmp_path, storage("data = 'd'\ndatabase = 'postgresql://g@db/g'\ndatabase_password = 'a$b$C'"))
    assert config.storage.database_password == "a$b$C"


def test_a_password_is_named_once(tmp_path):
    (tmp_path / "db").write_text("x")
    text = storage("data = 'd'\ndatabase = 'postgresql://g:y@db/g'\ndatabase_password_file = 'db'")
    assert "once" in faults(tmp_path, text)["storage.database_password"]
    text = storage(
        "data = 'd'\ndatabase = 'postgresql://g@db/g'\ndatabase_password_file = 'db'\ndatabase_password = 'z'"
    )
    assert "once" in faults(tmp_path, text)["storage.database_password_file"]


def test_a_password_without_a_server_is_a_fault(tmp_path):
    assert "storage.redis_password" in faults(tmp_path, storage("data = 'd'\nredis_password = 'x'"))


def test_a_secret_file_that_is_missing_is_named(tmp_path):
    text = storage("data = 'd'\ndatabase = 'postgresql://g@db/g'\ndatabase_password_file = 'none'")
    assert str(tmp_path / "none") in faults(tmp_path, text)["storage.database_password_file"]


def test_a_data_folder_is_needed_where_something_lies_in_it(tmp_path):
    assert (
        "redis" in faults(tmp_path, storage("database = 'postgresql://g@db/g'\nsecret_key_file = 'k'"))["storage.data"]
    )
    read(tmp_path, storage("database = 'postgresql://g@db/g'\nredis = 'redis://c'\nsecret_key_file = 'k'"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[session]\nidle_timeout = '13h'", "session.idle_timeout"),
        ("[log]\nlevel = 'loud'", "log.level"),
        ("[server.limits]\nhead_bytes = 1", "server.limits.head_bytes"),
        ("[server.limits]\nhead_timeout = 5", "server.limits.head_timeout"),
    ],
)
def test_a_fault_in_another_section_has_its_place(tmp_path, text, place):
    found = faults(tmp_path, f"{HEAD}{text}\n[storage]\ndata = 'd'\n")
    assert list(found) == [place]
    assert SECRET not in found[place]
