"""How many files and connections this process may have open at a time (RLIMIT_NOFILE)."""

import resource

ENOUGH, WANTED = 4096, 65_536
OWN, AT_ONCE = 128, 256
"""Files of the process itself; and connections that the kernel may hand over in one go, before any can be dropped: so
long is its queue."""


def raise_open_files() -> int:
    """The soft limit is raised to the hard one, or WANTED where that is more; comes back with what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def connections_of(n_files: int, most: int) -> int:
    """How many connections may be held where so many files may be open; at most `most`, at least 16."""
    return max(16, min(most, n_files - OWN - AT_ONCE))
