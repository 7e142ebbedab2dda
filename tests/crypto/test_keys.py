"""Keys: a file that is whole or refused, one key for each purpose, and signatures as the standards write them."""

from __future__ import annotations

import hashlib
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey

from gatekeeper.crypto import base64url
from gatekeeper.crypto.keys import AssertionSigner, DamagedKey, SecretKey, SigningKey, load_secret_keys

KEY = SecretKey(bytes(range(32)))


def pem(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_each_purpose_has_a_key_of_its_own_that_never_changes() -> None:
    assert KEY.derive("a") == KEY.derive("a")
    assert len({KEY.derive("a"), KEY.derive("b"), SecretKey.generate().derive("a"), KEY.material}) == 4
    assert len(KEY.derive("a")) == 32
    assert KEY.derive("a").hex() == hkdf(KEY.material, b"gatekeeper a").hex()


def hkdf(material: bytes, info: bytes) -> bytes:
    """RFC 5869 §2 written out, for one block."""
    import hmac

    return hmac.digest(hmac.digest(bytes(32), material, "sha256"), info + b"\x01", "sha256")


def test_a_key_never_shows_itself() -> None:
    assert KEY.material.hex() not in repr(KEY)
    assert repr(KEY.material) not in repr(KEY)
    assert KEY.id in repr(KEY)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(DamagedKey, match="32 bytes"):
        SecretKey(b"short")


def test_a_line_is_read_back() -> None:
    assert SecretKey.from_line(KEY.to_line()) == KEY
    assert KEY.to_line().startswith("gk1-")


@pytest.mark.parametrize(
    "line", ["", "gk1-", "gk2-AAAA", KEY.to_line()[:-1], KEY.to_line() + "A", KEY.to_line()[:-4], "gk1-!!!!"]
)
def test_a_cut_or_lengthened_line_is_refused(line: str) -> None:
    with pytest.raises(DamagedKey):
        SecretKey.from_line(line)


@pytest.mark.parametrize("place", range(4, 52))
def test_a_mistyped_character_is_noticed(place: int) -> None:
    line = KEY.to_line()
    wrong = line[:place] + ("A" if line[place] != "A" else "B") + line[place + 1 :]
    with pytest.raises(DamagedKey):
        SecretKey.from_line(wrong)


def test_a_missing_file_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    keys = load_secret_keys(path, create=True)
    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_secret_keys(path, create=True) == load_secret_keys(path, create=False) == keys
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: load_secret_keys(tmp_path / "secret.key", create=True), range(32)))
    assert all(found == keys[0] for found in keys)
    assert list(tmp_path.iterdir()) == [tmp_path / "secret.key"]


def test_a_missing_file_that_must_be_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedKey, match=r"absent\.key: there is no such key file"):
        load_secret_keys(tmp_path / "absent.key", create=False)


def test_of_several_keys_the_first_is_the_current_one(tmp_path: Path) -> None:
    new = SecretKey.generate()
    path = tmp_path / "secret.key"
    path.write_text(f"# rotated\n\n{new.to_line()}\n  {KEY.to_line()}  \r\n")
    assert load_secret_keys(path, create=True) == [new, KEY]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "there is no key in this file"),
        ("# nothing\n", "there is no key in this file"),
        (f"{KEY.to_line()}\nhunter2\n", "line 2: a key begins with gk1-"),
        (f"{KEY.to_line()[:-2]}\n", "line 1: "),
        (f"{KEY.to_line()}\n{KEY.to_line()}\n", "line 2: this key stands in the file twice"),
        ("Schlüssel", "this is not a key file"),
    ],
)
def test_a_damaged_file_is_named_with_its_line_but_never_its_content(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content, "utf-8")
    for create in (False, True):
        with pytest.raises(DamagedKey, match=words) as failure:
            load_secret_keys(path, create=create)
        assert str(path) in str(failure.value)
        assert "hunter2" not in str(failure.value)
        assert KEY.to_line()[8:20] not in str(failure.value)
    assert path.read_text("utf-8") == content


def test_a_file_that_cannot_be_read_or_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(DamagedKey, match="Is a directory"):
        load_secret_keys(tmp_path, create=False)
    (tmp_path / "file").touch()
    with pytest.raises(DamagedKey, match="Not a directory"):
        load_secret_keys(tmp_path / "file" / "secret.key", create=True)


def test_a_signing_key_is_read_back_from_its_pem() -> None:
    key = SigningKey.generate()
    again = SigningKey.from_pem(key.to_pem())
    assert again.kid == key.kid
    assert again.jwk() == key.jwk()
    assert SigningKey.generate().kid != key.kid


def test_the_public_key_is_a_json_web_key_named_by_its_thumbprint() -> None:
    key = SigningKey.generate()
    public = key.jwk()
    assert set(public) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert ECKey.import_key(public).thumbprint() == key.kid == public["kid"]
    members = json.dumps({name: public[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    assert base64url.encode(hashlib.sha256(members.encode()).digest()) == key.kid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 2048)),
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
        .decode(),
    ],
    ids=["empty", "nonsense", "P-384", "RSA", "encrypted"],
)
def test_what_is_no_key_on_p_256_is_refused(text: str) -> None:
    with pytest.raises(DamagedKey):
        SigningKey.from_pem(text)


def test_an_assertion_is_verified_by_another_implementation() -> None:
    key = SigningKey.generate()
    claims = {"iss": "spoofed", "sub": "6f1d", "aud": "webmail", "iat": 1, "exp": 301, "amr": ["pwd"], "name": "Zoë"}
    text = AssertionSigner(key, "https://mail.example.com/gatekeeper").sign(claims)
    token = jwt.decode(text, ECKey.import_key(key.jwk()), algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "typ": "JWT", "kid": key.kid}
    assert token.claims == {**claims, "iss": "https://mail.example.com/gatekeeper"}


def test_the_signature_is_64_bytes_always() -> None:
    key = SigningKey.generate()
    assert {len(key.sign(bytes([number]))) for number in range(256)} == {64}


def test_another_key_or_a_changed_claim_does_not_verify() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    text = AssertionSigner(key, "issuer").sign({"sub": "anna"})
    head, payload, signature = text.split(".")
    forged = f"{head}.{base64url.encode(base64url.decode(payload).replace(b'anna', b'root'))}.{signature}"
    for candidate, verifier in ((text, other), (forged, key)):
        with pytest.raises(BadSignatureError):
            jws.deserialize_compact(candidate, ECKey.import_key(verifier.jwk()), algorithms=["ES256"])
