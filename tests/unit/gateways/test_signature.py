"""Twilio's signature, beside the official SDK's own check."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from smsbot.gateways.twilio_signature import (
    SHA1,
    SHA256,
    Secret,
    algorithm_of,
    auth_tokens,
    is_signed,
)

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PAIRS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
TWILIOS_OWN = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
TWILIOS_SHA256 = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="


def _signed(url: str, signature: str, algorithm: str = SHA1, *tokens: str) -> bool:
    secrets = [Secret.parse(token) for token in tokens or ("12345",)]
    return is_signed(url, PAIRS, signature, secrets, algorithm)


def test_the_published_examples_hold() -> None:
    assert _signed(URL, TWILIOS_OWN)
    assert _signed(URL, TWILIOS_SHA256, SHA256)


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", True),
        ("http://mycompany.com/myapp.php?foo=1&bar=2", False),
        ("https://mycompany.com/myapp.php?bar=2&foo=1", False),
        ("https://mycompany.com/myapp.php/?foo=1&bar=2", False),
        ("https://mycompany.com/myapp.php?foo=%31&bar=2", False),
        ("https://MyCompany.com/myapp.php?foo=1&bar=2", False),
        ("https://mycompany.com:8443/myapp.php?foo=1&bar=2", True),  # signed without its port
        ("not an address", False),
        ("", False),
    ],
)
def test_the_address_counts_byte_for_byte_but_for_its_port(url: str, holds: bool) -> None:
    assert _signed(url, TWILIOS_OWN) is holds


@pytest.mark.parametrize("signed_url", ["https://a.org:8443/x", "https://a.org/x"])
def test_a_port_may_be_in_the_signature_or_not(signed_url: str) -> None:
    signature = RequestValidator("12345").compute_signature(signed_url, dict(PAIRS))
    assert _signed("https://a.org:8443/x", signature)


def test_ipv6_addresses_keep_their_brackets() -> None:
    signature = RequestValidator("12345").compute_signature("http://[::1]:8000/x", dict(PAIRS))
    assert _signed("http://[::1]:8000/x", signature)


@pytest.mark.parametrize("signature", ["", "RSOYDt4T1cUTdK1PDd93", TWILIOS_SHA256, "é", "\udcff"])
def test_a_wrong_signature_is_wrong(signature: str) -> None:
    assert not _signed(URL, signature)


def test_each_token_of_a_rotation_is_good() -> None:
    assert _signed(URL, TWILIOS_OWN, SHA1, "new-token", "12345")
    assert _signed(URL, TWILIOS_OWN, SHA1, "12345", "new-token")
    assert not _signed(URL, TWILIOS_OWN, SHA1, "new-token")


def test_no_token_signs_nothing() -> None:
    assert not is_signed(URL, PAIRS, TWILIOS_OWN, [], SHA1)


def test_a_shared_key_cannot_be_talked_down_to_sha1() -> None:
    assert _signed(URL, TWILIOS_SHA256, SHA256, "sha256:12345")
    assert not _signed(URL, TWILIOS_OWN, SHA1, "sha256:12345")


def test_a_shared_keys_secret_is_no_password_for_the_api() -> None:
    assert auth_tokens(["new", "sha256:shared", "old"]) == ("new", "old")


@pytest.mark.parametrize(
    ("header", "algorithm"),
    [
        ("", SHA1),
        ("key=k1", SHA1),
        ("key=k1,algorithm=HMAC_SHA256", SHA256),
        ("key=k1, algorithm=hmac_sha256 ", SHA256),
        ("key=k1,algorithm=", SHA1),
        ("key=k1,algorithm=NONE", "NONE"),
    ],
)
def test_the_algorithm_is_the_one_that_the_header_names(header: str, algorithm: str) -> None:
    assert algorithm_of(header) == algorithm


def test_an_algorithm_that_we_do_not_know_signs_nothing() -> None:
    assert not _signed(URL, TWILIOS_OWN, "NONE")
    assert not _signed(URL, TWILIOS_OWN, "MD5")


@given(
    st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=8),
    st.sampled_from([SHA1, SHA256]),
)
def test_our_check_agrees_with_the_official_one(
    pairs: list[tuple[str, str]], algorithm: str
) -> None:
    clean = [
        (k.encode(errors="ignore").decode(), v.encode(errors="ignore").decode()) for k, v in pairs
    ]
    signature = RequestValidator("12345").compute_signature(URL, _Multi(clean), algorithm)
    assert is_signed(URL, clean, signature, [Secret.parse("12345")], algorithm)


class _Multi(dict[str, str]):
    """As Flask hands a form to the official check: names once, `getlist` for all their values."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def getlist(self, name: str) -> list[str]:
        return [value for found, value in self._pairs if found == name]
