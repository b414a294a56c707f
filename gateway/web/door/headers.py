"""What every answer tells the browser: nothing from elsewhere, no inline script, in nobody's frame."""

from collections.abc import Iterable

CONTENT_SECURITY = "; ".join(
    (
        *("default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:"),
        *("worker-src 'self' blob:", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"),
        *("form-action 'self'", "object-src 'none'"),
    )
)
ALWAYS = {
    "content-security-policy": CONTENT_SECURITY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # `no-referrer` would make a form's Origin `null`, and csrf.py looks at that
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
STRICT_TRANSPORT = "max-age=31536000"
Raw = tuple[bytes, bytes]


def with_ours(headers: Iterable[Raw], is_secure: bool) -> list[Raw]:
    """An answer's headers and ours; ours count. What says nothing of caching is not kept by anybody."""
    ours = dict(ALWAYS)
    if is_secure:
        ours["strict-transport-security"] = STRICT_TRANSPORT
    kept = [(name, value) for name, value in headers if name.lower().decode("latin-1") not in ours]
    if not any(name.lower() == b"cache-control" for name, _ in kept):
        ours["cache-control"] = "no-store"
    return [*kept, *((name.encode(), value.encode()) for name, value in ours.items())]
