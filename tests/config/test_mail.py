from __future__ import annotations

import pytest

from gatekeeper.config import MailConfig, MailServer, Sender
from tests.config.test_load import SMALLEST, faults, read

SECRET = "geheim"
SENDER = "sender = 'no-reply@example.com'"


def mail(folder, text: str, environ: dict[str, str] | None = None) -> MailConfig:
    found = read(folder, f"{SMALLEST}[mail]\n{text}\n", environ).mail
    assert found is not None
    return found


def mail_faults(folder, text: str, environ: dict[str, str] | None = None) -> dict[str, str]:
    return faults(folder, f"{SMALLEST}[mail]\n{text}\n", environ)


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("smtp://user@mail.example.com:587", MailServer("mail.example.com", 587, username="user")),
        ("smtp://mail.example.com", MailServer("mail.example.com", 587)),
        ("smtp://no-reply%40example.com@mail", MailServer("mail", 587, username="no-reply@example.com")),
        ("smtps://mail.example.com", MailServer("mail.example.com", 465, tls=True)),
        ("smtps://Mail.Example.com.:4465/", MailServer("mail.example.com", 4465, tls=True)),
        ("smtp://localhost", MailServer("localhost", 25)),
        ("smtp://127.0.0.1:2525", MailServer("127.0.0.1", 2525)),
        ("smtp://[::1]:2525", MailServer("::1", 2525)),
    ],
)
def test_a_mail_server_has_an_address(tmp_path, address, server):
    found = mail(
        tmp_path, f"smtp = '{address}'\n{SENDER}", {"GATEKEEPER__MAIL__PASSWORD": SECRET} if "@" in address else {}
    )
    assert found.server == server


@pytest.mark.parametrize(
    "address",
    [
        "http://mail.example.com",
        "mail.example.com:587",
        "",
        "smtp://",
        "smtp://:587",
        "smtp://mail.example.com:port",
        "smtp://mail.example.com:0",
        "smtp://mail.example.com:99999",
        "smtp://mail example.com",
        "smtp://mail.example.com/inbox",
        "smtp://mail.example.com?starttls=no",
        f"smtp://user:{SECRET}@mail.example.com",
        f"smtp://{SECRET}@example.com@mail.example.com",
        f"smtp://{SECRET}%0d%0a@mail.example.com",
    ],
)
def test_another_address_of_a_mail_server_is_a_fault_that_does_not_repeat_it(tmp_path, address):
    found = mail_faults(tmp_path, f"smtp = '{address}'\n{SENDER}")
    assert set(found) == {"mail.smtp"}
    assert SECRET not in found["mail.smtp"]


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("no-reply@example.com", Sender("", "no-reply@example.com")),
        ("<no-reply@example.com>", Sender("", "no-reply@example.com")),
        ("Example Mail <no-reply@example.com>", Sender("Example Mail", "no-reply@example.com")),
        ('"Müller, Söhne & Co." <post@müller.example>', Sender("Müller, Söhne & Co.", "post@xn--mller-kva.example")),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(tmp_path, text, sender):
    assert mail(tmp_path, f"smtp = 'smtp://mail.example.com'\nsender = '{text}'").sender == sender


@pytest.mark.parametrize(
    "text",
    [
        "nobody",
        "a@b",
        "Example Mail",
        "Example Mail no-reply@example.com",
        "A <a@example.com>, B <b@example.com>",
        "A <a@example.com> B",
        "A\\u0007 <a@example.com>",
        "A\\r\\nBcc: b@example.com <a@example.com>",
        "müller@example.com",
        "A" * 201 + " <a@example.com>",
    ],
)
def test_another_sender_is_a_fault(tmp_path, text):
    assert set(mail_faults(tmp_path, f"smtp = 'smtp://mail.example.com'\nsender = \"{text}\"")) == {"mail.sender"}


def test_the_password_comes_from_the_environment_or_from_a_file(tmp_path):
    (tmp_path / "password").write_text("a#b%2F@c/d\n")
    text = f"smtp = 'smtp://user@mail.example.com'\n{SENDER}"
    assert mail(tmp_path, text, {"GATEKEEPER__MAIL__PASSWORD": "a$b"}).password == "a$b"
    assert mail(tmp_path, text, {"GATEKEEPER__MAIL__PASSWORD_FILE": "password"}).password == "a#b%2F@c/d"
    assert "a#b" not in repr(mail(tmp_path, text, {"GATEKEEPER__MAIL__PASSWORD_FILE": "password"}))


def test_a_user_without_a_password_and_a_password_without_a_user_are_faults(tmp_path):
    assert "names a user" in mail_faults(tmp_path, f"smtp = 'smtp://u@mail.example.com'\n{SENDER}")["mail.password"]
    without_user = mail_faults(tmp_path, f"smtp = 'smtp://mail.example.com'\npassword = 'x'\n{SENDER}")
    assert "names none" in without_user["mail.password"]


def test_a_server_of_this_machine_needs_no_password(tmp_path):
    assert mail(tmp_path, f"smtp = 'smtp://user@localhost'\n{SENDER}").server.is_local


def test_every_fault_of_mail_is_told_at_once(tmp_path):
    text = "smtp = 'x'\nsender = 'y'\nmain_address_reachable = 'perhaps'\nca_file = 'none.pem'\npasword = 'z'"
    assert set(mail_faults(tmp_path, text)) == {
        "mail.smtp",
        "mail.sender",
        "mail.main_address_reachable",
        "mail.ca_file",
        "mail.pasword",
    }
    assert set(mail_faults(tmp_path, "main_address_reachable = true")) == {"mail.smtp", "mail.sender"}
