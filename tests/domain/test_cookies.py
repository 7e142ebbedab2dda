from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.cookies import CookieNames, sets_one_of, values_of, without

OURS = CookieNames().all
NAME = b"__Host-gatekeeper"


def test_names_have_the_prefix_only_where_they_are_secure():
    assert CookieNames(secure=True).session == "__Host-gatekeeper"
    assert CookieNames(secure=False).device == "gatekeeper-device"
    assert CookieNames(secure=False).all == {b"gatekeeper", b"gatekeeper-login", b"gatekeeper-device"}


@pytest.mark.parametrize(
    ("header", "rest"),
    [
        (b"a=1; __Host-gatekeeper=x; b=2", b"a=1; b=2"),
        (b"__Host-gatekeeper=x; a=1", b"a=1"),
        (b"a=1; __Host-gatekeeper=x", b"a=1"),
        (b"__Host-gatekeeper=x", None),
        (b"__Host-gatekeeper=x; __Host-gatekeeper-login=y; __Host-gatekeeper-device=z", None),
        (b"__Host-gatekeeper-login=y; a=1;__Host-gatekeeper=x;b=2", b"a=1;b=2"),
        (b"a=1;b=2", b"a=1;b=2"),
        (b"__Host-gatekeeper2=x; a=1", b"__Host-gatekeeper2=x; a=1"),
        (b"x__Host-gatekeeper=x", b"x__Host-gatekeeper=x"),
        (b"__Host-gatekeeper-login-x=1", b"__Host-gatekeeper-login-x=1"),
        (b"__host-gatekeeper=x", b"__host-gatekeeper=x"),
        (b"a=__Host-gatekeeper=x", b"a=__Host-gatekeeper=x"),
        (b"gatekeeper=x", b"gatekeeper=x"),
        (b'bad"=x"; \x80; __Host-gatekeeper=x; {json:1}', b'bad"=x"; \x80; {json:1}'),
        (b"a=1; __Host-gatekeeper = x; b=2", b"a=1; b=2"),
        (b"a=1; __Host-gatekeeper; b=2", b"a=1; b=2"),
        (b"__Host-gatekeeper=x;", None),
    ],
)
def test_ours_are_taken_out_and_the_others_stay_byte_for_byte(header, rest):
    assert without(header, OURS) == rest


def test_a_big_cookie_beside_ours_arrives_whole():
    big = b"bigsession=" + b"A" * 8192
    assert without(b"__Host-gatekeeper=x; " + big, OURS) == big


def test_a_cookie_that_cannot_be_parsed_hides_none_beside_it():
    assert values_of([b'a="1; \xff; =; __Host-gatekeeper=x; b'], NAME) == [b"x"]


def test_only_the_exact_name_is_found():
    assert values_of([b"__Host-gatekeeper-login=y; x__Host-gatekeeper=z; __host-gatekeeper=w"], NAME) == []


def test_every_value_of_a_name_is_found_in_order():
    assert values_of([b"__Host-gatekeeper=a; b=1", b"__Host-gatekeeper=c"], NAME) == [b"a", b"c"]


PIECES = st.sampled_from(
    [
        b"a=1",
        b" b=2",
        b"",
        b" ",
        b"__Host-gatekeeper=x",
        b" __Host-gatekeeper=",
        b"__Host-gatekeeper-login=y",
        b" __Host-gatekeeper-devices=z",
        b"junk",
        b' q="a',
        b'b"',
        b"=__Host-gatekeeper=n",
        b"\t__Host-gatekeeper\t=t",
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=8))
def test_taking_out_is_splitting_at_semicolons_and_leaving_out(pieces):
    kept = [piece for piece in pieces if piece.partition(b"=")[0].strip(b" \t") not in OURS]
    rest = without(b";".join(pieces), OURS)
    if len(kept) == len(pieces):
        assert (rest or b"") == b";".join(pieces)
    else:
        assert [piece.strip(b" \t") for piece in (rest or b"").split(b";") if piece.strip(b" \t")] == [
            piece.strip(b" \t") for piece in kept if piece.strip(b" \t")
        ]
    assert not values_of([rest or b""], NAME)


@pytest.mark.parametrize(
    "header",
    [
        b"__Host-gatekeeper=x; Path=/",
        b"  __Host-gatekeeper=x",
        b"=__Host-gatekeeper=x",
        b" = __Host-gatekeeper=x; Secure",
        b"__host-GATEKEEPER=x",
        b"__Host-gatekeeper-device=",
        b"__Host-gatekeeper",
    ],
)
def test_a_platform_cannot_set_our_cookies(header):
    assert sets_one_of(header, OURS)


@pytest.mark.parametrize("header", [b"roundcube=x; Path=/", b"__Host-gatekeeper2=x", b"a=__Host-gatekeeper", b"", b";"])
def test_a_platform_sets_its_own_cookies(header):
    assert not sets_one_of(header, OURS)
