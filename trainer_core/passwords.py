"""Passwords: hashed with scrypt and a salt of their own, compared in constant time.

Cost: N = 2**15, r = 8, p = 3 (32 MiB), one of the settings that OWASP's Password Storage Cheat Sheet gives as equal.
"""

import hashlib
import hmac
import secrets
import threading
import unicodedata

SHORTEST, LONGEST = 10, 200  # characters
COST, BLOCK, PARALLEL = 15, 8, 3
MOST_MEMORY = 128 * 1024 * 1024  # bytes that scrypt may take
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without letters that look alike
_one_at_a_time = threading.Lock()  # many guesses at once must not take all memory


def checked_password(password: str) -> str:
    """The password itself. Raises ValueError, in words, when it is too short or too long."""
    if not SHORTEST <= len(_normal(password)) <= LONGEST:
        raise ValueError(f"A password has {SHORTEST} to {LONGEST} characters.")
    return password


def new_password() -> str:
    """Four groups of five letters and digits: 100 bits."""
    return grouped_letters(4)


def grouped_letters(groups: int) -> str:
    """Random letters and digits in groups of five, 25 bits each, that can be read out."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(groups))


def hashed(password: str) -> str:
    """'scrypt$15$8$3$salt$hash', salt and hash in hexadecimal."""
    salt = secrets.token_bytes(16)
    return f"scrypt${COST}${BLOCK}${PARALLEL}${salt.hex()}${_scrypt(password, salt, COST, BLOCK, PARALLEL).hex()}"


def matches(password: str, kept: str | None) -> bool:
    """Is it the password that `kept` is the hash of? Takes as long where there is none, so that time tells nothing."""
    method, *cost, salt, digest = (kept or hashed_nothing()).split("$")
    if method != "scrypt" or len(cost) != 3:
        raise ValueError("The password of this person is kept in a form that this version does not know.")
    found = _scrypt(password[: LONGEST * 4], bytes.fromhex(salt), *(int(each) for each in cost))
    return hmac.compare_digest(found, bytes.fromhex(digest)) and kept is not None


def hashed_nothing() -> str:
    """The form of a hash that no password has."""
    return f"scrypt${COST}${BLOCK}${PARALLEL}${'00' * 16}${'00' * 64}"


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    with _one_at_a_time:
        return hashlib.scrypt(
            _normal(password).encode(), salt=salt, n=2**cost, r=block, p=parallel, maxmem=MOST_MEMORY, dklen=64
        )


def _normal(password: str) -> str:
    """The same letters whichever keyboard wrote them."""
    return unicodedata.normalize("NFKC", password)
