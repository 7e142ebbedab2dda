"""Refusals for programs."""

from __future__ import annotations

import json

from gatekeeper.manners.problems import problem


def test_a_problem_says_what_kind_it_is_and_what_to_do():
    response = problem(401, "sign-in", "Sign in", "Nobody is signed in.", login_url="/gatekeeper/login")
    body = json.loads(response.text)
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert body["type"].endswith("#sign-in")
    assert body["status"] == response.status == 401
    assert body["login_url"] == "/gatekeeper/login"


def test_a_problem_without_a_detail_has_none():
    assert "detail" not in json.loads(problem(403, "forbidden", "Not permitted").text)
