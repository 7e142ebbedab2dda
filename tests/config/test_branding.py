from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.config import Branding, ConfigFaults, load
from gatekeeper.config.branding import LARGEST_LOGO

HEAD = "[server]\npublic_url = 'https://mail.example.com'\n[storage]\ndata = 'd'\n[branding]\n"
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


def read(folder: Path, text: str) -> Branding:
    file = folder / "gatekeeper.toml"
    file.write_text(HEAD + text)
    return load(file, {}).branding


def fault(folder: Path, text: str) -> str:
    with pytest.raises(ConfigFaults) as refused:
        read(folder, text)
    (fault,) = refused.value.faults
    return str(fault)


@pytest.mark.parametrize("colour", ["#1f5fbf", "#1F5FBF", "#15b"])
def test_an_accent_is_a_colour_of_three_or_six_digits(tmp_path, colour):
    assert read(tmp_path, f"accent = '{colour}'").accent == colour.lower()


@pytest.mark.parametrize("colour", ["blue", "1f5fbf", "#1f5f", "#1f5fbf00", "#ggg", "#fff;}"])
def test_nothing_else_is_an_accent(tmp_path, colour):
    assert fault(tmp_path, f"accent = '{colour}'") == 'branding.accent: is a colour such as "#1b5e8c"'


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("logo.svg", SVG),
        ("logo.SVG", b"\xef\xbb\xbf<svg/>"),
        ("logo.png", PNG),
        ("logo.jpeg", b"\xff\xd8\xff\xe0"),
        ("logo.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 "),
    ],
)
def test_a_logo_is_a_picture(tmp_path, name, picture):
    (tmp_path / name).write_bytes(picture)
    assert read(tmp_path, f"logo = '{name}'").logo == tmp_path / name


@pytest.mark.parametrize(
    ("name", "picture", "words"),
    [
        ("logo.gif", b"GIF89a", "is a picture: SVG, PNG, JPG, WEBP"),
        ("logo", PNG, "is a picture: SVG, PNG, JPG, WEBP"),
        ("logo.png", SVG, "is no PNG"),
        ("logo.svg", b"<!doctype html><title>x</title>", "is no SVG"),
        ("logo.png", PNG + bytes(LARGEST_LOGO), "has 200 kB, and every page carries it"),
    ],
)
def test_what_no_page_could_show_is_no_logo(tmp_path, name, picture, words):
    (tmp_path / name).write_bytes(picture)
    assert words in fault(tmp_path, f"logo = '{name}'")


def test_a_logo_that_is_not_there_is_a_fault(tmp_path):
    assert "No such file" in fault(tmp_path, "logo = 'none.svg'")


def test_templates_are_a_folder_that_is_there(tmp_path):
    assert "is no folder" in fault(tmp_path, "templates = 'none'")
    (tmp_path / "ours").mkdir()
    assert read(tmp_path, "templates = 'ours'").templates == tmp_path / "ours"
