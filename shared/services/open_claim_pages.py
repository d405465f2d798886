"""Open claims a page at a time: the newest first, and each run from where the one before it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from shared.ports.claims import OpenPage

if TYPE_CHECKING:
    from shared.ports.claims import ClaimStore
    from shared.ports.watermarks import Watermarks

WATERMARK: Final = "claims"
PAGE_SIZE: Final = 500


def open_pages(claims: ClaimStore, watermarks: Watermarks) -> Iterator[OpenPage]:
    """Pages back to the oldest claim; asking for the next says that everything on this one was looked at.

    Behind the oldest the next run begins at the newest again. Whatever claims are made meanwhile are newer
    than where a run goes on, so that it comes to the oldest however many they are.
    """
    until_ms = watermarks.read(WATERMARK)
    seen: set[str] = set()  # what the next page may repeat: claims of its first millisecond, and what is none
    while True:
        limit = PAGE_SIZE + len(seen)
        page = claims.open_page(limit=limit, until_ms=until_ms or None)
        yield OpenPage(
            [claim for claim in page.claims if claim.terms.id not in seen],
            [name for name in page.unreadable if name not in seen],
        )
        if len(page.claims) + len(page.unreadable) < limit:
            break
        if page.claims:
            until_ms = page.claims[-1].terms.created_ms
            watermarks.write(WATERMARK, until_ms)
        seen = {claim.terms.id for claim in page.claims if claim.terms.created_ms == until_ms}
        seen.update(page.unreadable)
    if until_ms:
        watermarks.write(WATERMARK, 0)
